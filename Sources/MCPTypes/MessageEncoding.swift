// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// Writing whole JSON-RPC messages around payload bytes that are already JSON.
extension ByteBuffer {
    static let requestStart: StaticString = #"{"jsonrpc":"2.0","id":"#
    static let toolsCallMember: StaticString = #","method":"tools/call""#
    static let methodMember: StaticString = #","method":"#
    static let paramsMember: StaticString = #","params":"#

    package mutating func writeRequest(id: Int, method: MCPMethod, params: JSONSlice?) {
        writeStaticString(Self.requestStart)
        writeInteger(asText: id)
        writeMethodAndParams(method, params)
    }

    package mutating func writeNotification(method: MCPMethod, params: JSONSlice?) {
        writeStaticString(#"{"jsonrpc":"2.0""#)
        writeMethodAndParams(method, params)
    }

    package mutating func writeResult(id: RequestID, result: ByteBuffer) {
        writeStaticString(#"{"jsonrpc":"2.0","id":"#)
        writeString(id.json)
        writeStaticString(#","result":"#)
        writeImmutableBuffer(result)
        writeStaticString("}")
    }

    /// `id` is left out when the request's id could not be read: `null` breaks strict clients (2025-11-25 schema).
    package mutating func writeError(id: RequestID?, error: RequestError) {
        writeStaticString(#"{"jsonrpc":"2.0""#)
        if let id {
            writeStaticString(#","id":"#)
            writeString(id.json)
        }
        writeStaticString(#","error":"#)
        error.write(to: &self)
        writeStaticString("}")
    }

    private mutating func writeMethodAndParams(_ method: MCPMethod, _ params: JSONSlice?) {
        if case .toolsCall = method {
            writeStaticString(Self.toolsCallMember)
        } else {
            writeStaticString(Self.methodMember)
            writeJSONString(method.name)
        }
        if let params {
            writeStaticString(Self.paramsMember)
            writeJSON(params)
        }
        writeStaticString("}")
    }
}
