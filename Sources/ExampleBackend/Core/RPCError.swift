// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// A JSON-RPC error as it goes to the client.
package struct RPCError: Error, Sendable, Hashable {
    package let code: Int
    package let message: String
    package let data: JSONValue?

    package init(code: Int, message: String, data: JSONValue? = nil) {
        self.code = code
        self.message = message
        self.data = data
    }

    static func parse(_ message: String) -> RPCError { RPCError(code: -32700, message: message) }
    static func invalidRequest(_ message: String) -> RPCError { RPCError(code: -32600, message: message) }
    static func invalidParams(_ message: String) -> RPCError { RPCError(code: -32602, message: message) }

    static func methodNotFound(_ method: String) -> RPCError {
        RPCError(code: -32601, message: "Method not found: \(method)")
    }

    /// `-32002` is a code of the Legacy revisions alone.
    static func resourceNotFound(_ uri: String, in revision: Revision) -> RPCError {
        RPCError(
            code: revision.isModern ? -32602 : -32002, message: "Resource not found", data: ["uri": .string(uri)])
    }

    static func headerMismatch(_ message: String) -> RPCError {
        RPCError(code: -32020, message: "Header mismatch: \(message)")
    }

    /// `required` is an object of client capabilities.
    static func missingCapability(_ required: JSONObject) -> RPCError {
        RPCError(
            code: -32021, message: "Missing required client capability",
            data: ["requiredCapabilities": .object(required)])
    }

    static func unsupportedVersion(_ requested: String) -> RPCError {
        let supported = Revision.modern.map { JSONValue.string($0.rawValue) }
        return RPCError(
            code: -32022, message: "Unsupported protocol version: \(requested)",
            data: ["supported": .array(supported), "requested": .string(requested)])
    }

    /// The HTTP status of a Modern answer: the protocol fixes it for some codes, and malformed requests are 400.
    var status: Int {
        switch code {
        case -32700, -32600, -32602, -32020, -32021, -32022: 400
        case -32601: 404
        default: 200
        }
    }

    /// The `error` member.
    var value: JSONObject {
        var error: JSONObject = ["code": .number(JSONNumber(code)), "message": .string(message)]
        if let data { error["data"] = data }
        return error
    }

    /// The whole JSON-RPC message; without `id` when the request's id is unknown.
    package func message(id: JSONSlice?) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeStaticString(#"{"jsonrpc":"2.0","#)
        if let id {
            buffer.writeStaticString(#""id":"#)
            buffer.writeJSON(id)
            buffer.writeStaticString(",")
        }
        buffer.writeStaticString(#""error":"#)
        buffer.writeJSON(.object(value))
        buffer.writeStaticString("}")
        return buffer
    }
}
