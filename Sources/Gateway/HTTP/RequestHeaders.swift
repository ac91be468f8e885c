// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import NIOHTTP1

/// What the MCP endpoint needs of a request's head, taken out once.
final class RequestHeaders: Sendable {
    enum Method { case post, get, delete, other }

    /// Who asks, in which session.
    struct Client {
        enum Field { case sessionID, authorization, dpop }

        var sessionID: String?
        var authorization = FieldLines.none
        var dpop = FieldLines.none

        /// Takes the one line of a field.
        ///
        /// - Returns: whether it says something else than before.
        mutating func note(_ value: UnsafeRawBufferPointer, _ field: Field) -> Bool {
            switch field {
            case .sessionID:
                if let known = sessionID, known.isSpelled(value) { return false }
                sessionID = String(decoding: value, as: UTF8.self)
            case .authorization:
                if case .one(let known) = authorization, known.isSpelled(value) { return false }
                authorization = .one(String(decoding: value, as: UTF8.self))
            case .dpop:
                if case .one(let known) = dpop, known.isSpelled(value) { return false }
                dpop = .one(String(decoding: value, as: UTF8.self))
            }
            return true
        }
    }

    let method: Method
    private let methodName: String
    /// Whether the connection is to stay open after the answer.
    let keepsAlive: Bool
    let accept: String?
    let contentType: String?
    let protocolVersion: String?
    let lastEventID: String?
    let client: Client
    /// The request target.
    let target: String
    /// Every field; of a plain request only those that repeat its body and, beside such, those that trace it.
    let all: HTTPHeaders
    /// Those of a plain request that repeat its body, if any do.
    private let plainRouting: RoutingHeaders?

    init(_ head: HTTPRequestHead) {
        methodName = head.method.rawValue
        keepsAlive = head.isKeepAlive
        switch head.method {
        case .POST: method = .post
        case .GET: method = .get
        case .DELETE: method = .delete
        default: method = .other
        }
        var accept: String?
        var contentType: String?
        var protocolVersion: String?
        var lastEventID: String?
        var client = Client()
        for (name, value) in head.headers {
            switch name.utf8.count {
            case 4 where name.isHeader("dpop"): client.dpop.append(value)
            case 6 where name.isHeader("accept"): accept = accept.map { "\($0),\(value)" } ?? value
            case 12 where name.isHeader("content-type"): contentType = value
            case 13 where name.isHeader("authorization"): client.authorization.append(value)
            case 13 where name.isHeader("last-event-id"): lastEventID = value
            case 14 where name.isHeader("mcp-session-id"): client.sessionID = value
            case 20 where name.isHeader("mcp-protocol-version"): protocolVersion = value
            default: break
            }
        }
        self.accept = accept
        self.contentType = contentType
        self.protocolVersion = protocolVersion
        self.lastEventID = lastEventID
        self.client = client
        self.target = head.uri
        self.all = head.headers
        plainRouting = nil
    }

    /// What a plain request says. Usual values are constants and cost no allocation.
    init(_ head: PlainRequestHead, in bytes: UnsafeRawBufferPointer, target: String) {
        func text(_ range: Range<Int>?) -> String? { range.map { String(decoding: bytes[$0], as: UTF8.self) } }
        func text(_ range: Range<Int>?, usually usual: String) -> String? {
            guard let range, usual.isSpelled(UnsafeRawBufferPointer(rebasing: bytes[range])) else { return text(range) }
            return usual
        }
        method = .post
        methodName = "POST"
        keepsAlive = true
        accept = text(head.accept, usually: Self.usualAccept)
        contentType = text(head.contentType, usually: Self.json)
        protocolVersion = text(head.protocolVersion)
        lastEventID = nil
        client = Client(
            sessionID: text(head.sessionID), authorization: text(head.authorization).map { .one($0) } ?? .none,
            dpop: text(head.dpop).map { .one($0) } ?? .none)
        self.target = target
        guard !head.routing.isEmpty else {
            all = HTTPHeaders()
            plainRouting = nil
            return
        }
        var fields = HTTPHeaders(
            head.routing.map {
                (String(decoding: bytes[$0.name], as: UTF8.self), String(decoding: bytes[$0.value], as: UTF8.self))
            })
        if let value = text(head.traceparent) { fields.add(name: "traceparent", value: value) }
        if let value = text(head.tracestate) { fields.add(name: "tracestate", value: value) }
        all = fields
        plainRouting = RoutingHeaders(fields, version: protocolVersion)
    }

    /// As `other`, from another client.
    init(_ other: RequestHeaders, _ client: Client) {
        self.client = client
        method = other.method
        methodName = other.methodName
        keepsAlive = other.keepsAlive
        accept = other.accept
        contentType = other.contentType
        protocolVersion = other.protocolVersion
        lastEventID = other.lastEventID
        target = other.target
        all = other.all
        plainRouting = other.plainRouting
    }

    /// The fields that repeat the body of a Modern request.
    var routing: RoutingHeaders { plainRouting ?? RoutingHeaders(all, version: protocolVersion) }

    var sessionID: String? { client.sessionID }
    var authorization: FieldLines { client.authorization }
    var dpop: FieldLines { client.dpop }

    /// Whether the answer has a head only (RFC 9110 §9.3.2).
    var wantsNoBody: Bool { methodName == "HEAD" }
    /// Whether a page asks what it may do (Fetch Standard, CORS-preflight request).
    var isPreflight: Bool { methodName == "OPTIONS" }

    /// What the request says about who makes it.
    var bearer: BearerRequest {
        let query = target.utf8.firstIndex(of: UInt8(ascii: "?")).map { target[target.index(after: $0)...] }
        return BearerRequest(
            authorization: authorization, dpop: dpop, method: methodName, path: requestPath(of: target),
            hasTokenInQuery: query.map { BearerRequest.hasToken(inQuery: $0) } ?? false)
    }

    /// Whether the body is declared to be JSON; parameters such as `charset` do not matter.
    var hasJSONBody: Bool {
        guard let contentType else { return false }
        if contentType == Self.json { return true }
        let media = contentType.prefix { $0 != ";" }
        return media.trimmed.isHeader("application/json")
    }

    /// What nearly every client sends, word for word, so that it need not be taken apart.
    private static let usualAccept = "application/json, text/event-stream"
    private static let json = "application/json"

    private var acceptsBothAsUsual: Bool { accept == Self.usualAccept }

    /// No `Accept` at all means that anything goes (RFC 9110 §12.5.1).
    var acceptsJSON: Bool {
        guard let accept, !acceptsBothAsUsual else { return true }
        return accept.acceptsMedia("application/json", "application/*", "*/*")
    }

    var acceptsEventStream: Bool {
        guard let accept, !acceptsBothAsUsual else { return true }
        return accept.acceptsMedia("text/event-stream", "text/*", "*/*")
    }

    var namesEventStream: Bool { accept?.acceptsMedia("text/event-stream") ?? false }
}

extension StringProtocol {
    /// Whether this is `name`, which is in lower case, without regard to case.
    func isHeader(_ name: StaticString) -> Bool {
        var index = 0
        let count = name.utf8CodeUnitCount
        return name.withUTF8Buffer { expected in
            for byte in utf8 {
                guard index < count else { return false }
                let lowered = byte >= 65 && byte <= 90 ? byte | 0x20 : byte
                guard lowered == expected[index] else { return false }
                index += 1
            }
            return index == count
        }
    }

    var trimmed: SubSequence {
        var slice = self[...]
        while let first = slice.first, first == " " || first == "\t" { slice = slice.dropFirst() }
        while let last = slice.last, last == " " || last == "\t" { slice = slice.dropLast() }
        return slice
    }
}

extension String {
    fileprivate func acceptsMedia(_ ranges: StaticString...) -> Bool {
        split(separator: ",").contains { item in
            let parts = item.split(separator: ";", omittingEmptySubsequences: false)
            guard let media = parts.first?.trimmed, ranges.contains(where: { media.isHeader($0) }) else { return false }
            // q=0 means "not this".
            return !parts.dropFirst().contains { parameter in
                let text = parameter.trimmed
                guard text.hasPrefix("q=") || text.hasPrefix("Q=") else { return false }
                return Double(String(text.dropFirst(2))) == 0
            }
        }
    }
}
