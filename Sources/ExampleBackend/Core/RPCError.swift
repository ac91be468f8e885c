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

    static func resourceNotFound(_ uri: String) -> RPCError {
        RPCError(code: -32002, message: "Resource not found", data: ["uri": .string(uri)])
    }

    /// The whole JSON-RPC message; without `id` when the request's id is unknown.
    package func message(id: JSONSlice?) -> ByteBuffer {
        var error: JSONObject = ["code": .number(JSONNumber(code)), "message": .string(message)]
        if let data { error["data"] = data }
        var buffer = ByteBuffer()
        buffer.writeStaticString(#"{"jsonrpc":"2.0","#)
        if let id {
            buffer.writeStaticString(#""id":"#)
            buffer.writeJSON(id)
            buffer.writeStaticString(",")
        }
        buffer.writeStaticString(#""error":"#)
        buffer.writeJSON(.object(error))
        buffer.writeStaticString("}")
        return buffer
    }
}
