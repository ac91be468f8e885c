// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// Writing whole JSON-RPC messages around payload bytes that are already JSON.
extension ByteBuffer {
    package mutating func writeNotification(method: MCPMethod, params: JSONSlice?) {
        writeStaticString(#"{"jsonrpc":"2.0""#)
        writeMethodAndParams(method, params)
    }

    package mutating func writeResult(id: RequestID, result: ByteBuffer) {
        writePieces(capacity: PieceWriter.resultCount(id: id, result: result)) {
            $0.writeResult(id: id, result: result)
        }
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
        writeStaticString(#","method":"#)
        writeJSONString(method.name)
        if let params {
            writeStaticString(#","params":"#)
            writeJSON(params)
        }
        writeStaticString("}")
    }
}

extension PieceWriter {
    private static let resultStart: StaticString = #"{"jsonrpc":"2.0","id":"#
    private static let resultMiddle: StaticString = #","result":"#

    /// How many bytes `writeResult` writes, exactly.
    package static func resultCount(id: RequestID, result: ByteBuffer) -> Int {
        resultStart.utf8CodeUnitCount + id.json.utf8.count + resultMiddle.utf8CodeUnitCount + result.readableBytes + 1
    }

    package mutating func writeResult(id: RequestID, result: ByteBuffer) {
        writeStartOfResult(id: id)
        write(result)
        write(UInt8(ascii: "}"))
    }

    /// Writes what goes before a result and the brace after it.
    package mutating func writeStartOfResult(id: RequestID) {
        write(Self.resultStart)
        write(id.json)
        write(Self.resultMiddle)
    }
}
