// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import MCPTypes
import NIOCore

/// The body of a request between replicas: who asks, as the sender has found out, and the client's message.
///
/// Its length in decimal digits and a line feed, a JSON object, and the message. No token is in it: the parked call has
/// its backend's connection already, so that the answer needs none.
struct ResumeEnvelope: Sendable {
    var principal: Principal
    /// `traceparent` and `tracestate` of the client's request, if it had them (W3C Trace Context).
    var trace: [(name: String, value: String)] = []
    var message: ByteBuffer

    static let maximumBytes = 256 << 10
    static let traceFields = ["traceparent", "tracestate"]
    private static let maximumDigits = 7

    init(principal: Principal, trace: [(name: String, value: String)] = [], message: ByteBuffer) {
        self.principal = principal
        self.trace = trace
        self.message = message
    }

    /// `nil` when there is more to say about the client than a peer takes.
    var bytes: ByteBuffer? {
        var object: JSONObject = ["v": 1, "principal": .object(principal.resumeFields)]
        for (name, value) in trace { object[name] = .string(value) }
        var text = ByteBuffer()
        text.writeJSON(.object(object))
        guard text.readableBytes <= Self.maximumBytes else { return nil }
        var bytes = ByteBufferAllocator().buffer(
            capacity: text.readableBytes + message.readableBytes + Self.maximumDigits + 1)
        bytes.writeString("\(text.readableBytes)\n")
        bytes.writeImmutableBuffer(text)
        bytes.writeImmutableBuffer(message)
        return bytes
    }

    /// Reads what `bytes` writes.
    init?(_ bytes: ByteBuffer) {
        var bytes = bytes
        guard let end = bytes.readableBytesView.prefix(Self.maximumDigits + 1).firstIndex(of: UInt8(ascii: "\n")),
            let digits = bytes.readString(length: end - bytes.readerIndex), let length = Int(digits),
            String(length) == digits, length <= Self.maximumBytes
        else { return nil }
        bytes.moveReaderIndex(forwardBy: 1)
        guard let text = bytes.readSlice(length: length), let object = try? JSONSlice(validating: text),
            object["v"]?.int == 1, let principal = object["principal"].flatMap({ Principal(resumed: $0) })
        else { return nil }
        self.principal = principal
        trace = Self.traceFields.compactMap { name in object.member(name)?.string.map { (name, $0) } }
        message = bytes
    }
}

extension Principal {
    /// Everything that a request of this person is decided by.
    fileprivate var resumeFields: JSONObject {
        var object: JSONObject = ["iss": .string(issuer), "sub": .string(subject)]
        if let name { object["name"] = .string(name) }
        if let email { object["email"] = .string(email) }
        if let claims { object["claims"] = .slice(claims) }
        if !scopes.isEmpty { object["scopes"] = .array(scopes.sorted().map { .string($0) }) }
        if let clientID { object["client_id"] = .string(clientID) }
        if let tsid { object["tsid"] = .string(tsid) }
        if let tokenID { object["jti"] = .string(tokenID) }
        if let tokenExpiry { object["exp"] = .number(JSONNumber(tokenExpiry.timeIntervalSince1970)) }
        if isTokenBound { object["bound"] = true }
        return object
    }

    fileprivate init?(resumed object: JSONSlice) {
        guard let issuer = object["iss"]?.string, let subject = object["sub"]?.string else { return nil }
        // Nothing but a name: as who says nothing more is known everywhere else.
        guard object.members.contains(where: { !$0.key.isString("iss") && !$0.key.isString("sub") }) else {
            self.init(issuer: issuer, subject: subject)
            return
        }
        self.init(
            issuer: issuer, subject: subject, name: object["name"]?.string, email: object["email"]?.string,
            claims: object["claims"], scopes: Set(object["scopes"]?.elements.compactMap(\.string) ?? []),
            clientID: object["client_id"]?.string, tsid: object["tsid"]?.string, tokenID: object["jti"]?.string,
            tokenExpiry: object["exp"]?.double.map { Date(timeIntervalSince1970: $0) },
            isTokenBound: object["bound"]?.bool ?? false)
    }
}

extension ByteBuffer {
    /// A client's request, spelled anew around its parameters: a peer reads what was understood here, and nothing else.
    mutating func writeRequest(id: RequestID, method: MCPMethod, params: JSONSlice?) {
        writeStaticString(#"{"jsonrpc":"2.0","id":"#)
        writeString(id.json)
        writeStaticString(#","method":"#)
        writeJSONString(method.name)
        if let params {
            writeStaticString(#","params":"#)
            writeJSON(params)
        }
        writeStaticString("}")
    }
}
