// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// One JSON-RPC message, taken apart at its top level only; everything inside stays the sender's bytes.
package enum MCPMessage: Sendable {
    case request(id: RequestID, method: MCPMethod, params: JSONSlice?)
    case notification(method: MCPMethod, params: JSONSlice?)
    /// `id` is absent when a peer could not read ours; Legacy servers also send `null` then.
    case response(id: RequestID?, outcome: Outcome)

    package enum Outcome: Sendable {
        case result(JSONSlice)
        case error(JSONSlice)
    }
}

/// Why bytes are not one JSON-RPC message.
package enum MCPMessageError: Error, Sendable, Hashable {
    /// Not JSON (JSON-RPC 2.0 §5.1, -32700).
    case notJSON(JSONError)
    /// A JSON array: a batch, which only 2025-03-26 knows.
    case batch
    /// JSON, but no JSON-RPC message (-32600). The id is present when it was readable.
    case invalid(String, id: RequestID?)

    /// What a server answers; such messages arrive before any session state applies, hence HTTP 400.
    package var requestError: RequestError {
        switch self {
        case .notJSON(let error):
            RequestError(.parseError, "Parse error: \(error)", httpStatus: 400)
        case .batch:
            RequestError(.invalidRequest, "Batches are only part of revision 2025-03-26", httpStatus: 400)
        case .invalid(let reason, _):
            RequestError(.invalidRequest, "Invalid Request: \(reason)", httpStatus: 400)
        }
    }

    package var id: RequestID? {
        if case .invalid(_, let id) = self { id } else { nil }
    }
}

extension MCPMessage {
    /// Reads one message, validating the whole text in one pass.
    ///
    /// Duplicates among the members that are interpreted here are refused: two parties that pick different ones
    /// could be played against each other. Unknown members are ignored.
    package init(parsing bytes: ByteBuffer, limits: JSONLimits = .standard) throws(MCPMessageError) {
        try self.init(Envelope(bytes, limits: limits), of: bytes)
    }

    private init(_ envelope: Envelope, of bytes: ByteBuffer) throws(MCPMessageError) {
        func slice(_ range: JSONMemberRange?) -> JSONSlice? { range.map { JSONSlice(valueOf: $0, in: bytes) } }
        let id = slice(envelope.id)
        let requestID = id.flatMap { RequestID($0) }
        func invalid(_ reason: String) -> MCPMessageError { .invalid(reason, id: requestID) }

        if let duplicate = envelope.duplicate { throw invalid("member \"\(duplicate)\" occurs twice") }
        guard envelope.isVersion2 || slice(envelope.jsonrpc)?.isString("2.0") == true else {
            throw invalid("\"jsonrpc\" must be \"2.0\"")
        }
        if let methodRange = envelope.method {
            let named = envelope.isToolsCall ? .toolsCall : MCPMethod(JSONSlice(valueOf: methodRange, in: bytes))
            guard let method = named else { throw invalid("\"method\" must be a string") }
            guard envelope.result == nil, envelope.error == nil else {
                throw invalid("a message with a method has no result or error")
            }
            let params = slice(envelope.params)
            if let params, params.kind != .object {
                throw invalid("\"params\" must be an object")
            }
            if id == nil {
                self = .notification(method: method, params: params)
            } else if let requestID {
                self = .request(id: requestID, method: method, params: params)
            } else {
                throw invalid("\"id\" must be a string or an integer")
            }
            return
        }
        switch (slice(envelope.result), slice(envelope.error)) {
        case (let result?, nil):
            self = .response(id: requestID, outcome: .result(result))
        case (nil, let object?):
            guard object.kind == .object, object["code"]?.int != nil else {
                throw invalid("\"error\" must be an object with an integer code")
            }
            self = .response(id: requestID, outcome: .error(object))
        case (_?, _?):
            throw invalid("a response has either a result or an error")
        case (nil, nil):
            throw invalid("neither a request, a notification nor a response")
        }
        if let id, requestID == nil, !id.isNull { throw invalid("\"id\" must be a string or an integer") }
    }
}

/// Where the interpreted members of a message lie.
private struct Envelope {
    var jsonrpc: JSONMemberRange?
    var id: JSONMemberRange?
    var method: JSONMemberRange?
    var params: JSONMemberRange?
    var result: JSONMemberRange?
    var error: JSONMemberRange?
    var duplicate: StaticString?
    /// Whether the two are spelled as nearly everyone does; `false` says nothing.
    var isVersion2 = false
    var isToolsCall = false

    init(_ bytes: ByteBuffer, limits: JSONLimits) throws(MCPMessageError) {
        var found = Envelope()
        let top: JSONTopLevel
        do throws(JSONError) {
            top = try JSONSlice.scanObject(validating: bytes, limits: limits) { text, range in
                found.note(range, in: text)
            }
        } catch {
            throw .notJSON(error)
        }
        switch top.kind {
        case .object: self = found
        case .array: throw .batch
        case .string, .number, .boolean, .null: throw .invalid("a message is a JSON object", id: nil)
        }
    }

    private init() {}

    /// `hasKey` sees through escapes: a key spelled `"\u0069d"` must not slip past the duplicate check.
    private mutating func note(_ range: JSONMemberRange, in text: UnsafeRawBufferPointer) {
        if range.hasKey("jsonrpc", in: text) {
            if Self.fill(&jsonrpc, range) { duplicate = "jsonrpc" }
            isVersion2 = Self.spells("\"2.0\"", range, in: text)
        } else if range.hasKey("id", in: text) {
            if Self.fill(&id, range) { duplicate = "id" }
        } else if range.hasKey("method", in: text) {
            if Self.fill(&method, range) { duplicate = "method" }
            isToolsCall = Self.spells("\"tools/call\"", range, in: text)
        } else if range.hasKey("params", in: text) {
            if Self.fill(&params, range) { duplicate = "params" }
        } else if range.hasKey("result", in: text) {
            if Self.fill(&result, range) { duplicate = "result" }
        } else if range.hasKey("error", in: text) {
            if Self.fill(&error, range) { duplicate = "error" }
        }
    }

    /// Whether the value consists of exactly these bytes.
    private static func spells(
        _ expected: StaticString, _ range: JSONMemberRange, in text: UnsafeRawBufferPointer
    ) -> Bool {
        guard range.valueEnd - range.valueStart == expected.utf8CodeUnitCount else { return false }
        for offset in 0..<expected.utf8CodeUnitCount
        where text[range.valueStart + offset] != expected.utf8Start[offset] { return false }
        return true
    }

    /// Whether the slot was taken already.
    private static func fill(_ slot: inout JSONMemberRange?, _ range: JSONMemberRange) -> Bool {
        if slot != nil { return true }
        slot = range
        return false
    }
}
