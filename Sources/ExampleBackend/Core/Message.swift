// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
import NIOCore

/// One JSON-RPC message from the client.
package enum Message: Sendable {
    case request(ClientRequest)
    case notification(method: String, params: JSONSlice?)
    case answer(id: JSONSlice, ClientAnswer)

    /// Reads the envelope; `params`, `result` and `error` stay as bytes.
    ///
    /// Throws `-32600` for anything that is none of the three kinds, for a wrong `jsonrpc` and for an `id`
    /// that is neither a string nor an integer (JSON-RPC 2.0 section 4, MCP forbids `null`).
    package init(_ text: JSONSlice) throws(RPCError) {
        guard text.kind == .object else { throw .invalidRequest("A message is a JSON object") }
        var version = false
        var id: JSONSlice?
        var method: JSONSlice?
        var params: JSONSlice?
        var answer: ClientAnswer?
        for member in text.members {
            if member.key.isString("jsonrpc") {
                version = member.value.isString("2.0")
            } else if member.key.isString("id") {
                id = member.value
            } else if member.key.isString("method") {
                method = member.value
            } else if member.key.isString("params") {
                params = member.value
            } else if member.key.isString("result") {
                answer = .result(member.value)
            } else if member.key.isString("error") {
                answer = .error(member.value)
            }
        }
        guard version else { throw .invalidRequest(#"A message says "jsonrpc": "2.0""#) }
        if let id, id.kind != .string, id.int == nil {
            throw .invalidRequest("An id is a string or an integer")
        }
        if let method {
            guard let name = method.string else { throw .invalidRequest("A method is a string") }
            if let id {
                self = .request(ClientRequest(id: id, method: name, params: params))
            } else {
                self = .notification(method: name, params: params)
            }
        } else if let answer, let id {
            self = .answer(id: id, answer)
        } else {
            throw .invalidRequest("A message is a request, a notification or a response")
        }
    }
}

/// A request from the client, its parameters untouched.
package struct ClientRequest: Sendable {
    package let id: JSONSlice
    package let method: String
    package let params: JSONSlice?
    private let places: Places

    package init(id: JSONSlice, method: String, params: JSONSlice?) {
        self.id = id
        self.method = method
        self.params = params
        places = Places(params)
    }

    var name: JSONSlice? { value(places.name) }
    var arguments: JSONSlice? { value(places.arguments) }
    var meta: JSONSlice? { value(places.meta) }
    var inputResponses: JSONSlice? { value(places.inputResponses) }
    var requestState: JSONSlice? { value(places.requestState) }

    private func value(_ place: JSONMemberRange?) -> JSONSlice? {
        guard let place, let params else { return nil }
        return JSONSlice(valueOf: place, in: params.bytes)
    }

    /// Where the members are that are looked at several times; of those that repeat, the first.
    private struct Places {
        var name: JSONMemberRange?
        var arguments: JSONMemberRange?
        var meta: JSONMemberRange?
        var inputResponses: JSONMemberRange?
        var requestState: JSONMemberRange?

        init(_ params: JSONSlice?) {
            guard let params else { return }
            params.bytes.withUnsafeReadableBytes { text in
                JSONSlice.visitMembers(of: text) { place in
                    if place.hasKey("name", in: text) {
                        name = name ?? place
                    } else if place.hasKey("arguments", in: text) {
                        arguments = arguments ?? place
                    } else if place.hasKey("_meta", in: text) {
                        meta = meta ?? place
                    } else if place.hasKey("inputResponses", in: text) {
                        inputResponses = inputResponses ?? place
                    } else if place.hasKey("requestState", in: text) {
                        requestState = requestState ?? place
                    }
                }
            }
        }
    }
}

/// What the client answered to a request of ours.
package enum ClientAnswer: Sendable {
    case result(JSONSlice)
    case error(JSONSlice)
}
