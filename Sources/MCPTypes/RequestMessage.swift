// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// A request of ours before it is spelled, so that a transport can write it where it belongs at once.
package struct RequestMessage: Sendable {
    package let id: Int
    package let method: MCPMethod
    package let params: JSONSlice?

    package init(id: Int, method: MCPMethod, params: JSONSlice?) {
        self.id = id
        self.method = method
        self.params = params
    }

    private static let start: StaticString = #"{"jsonrpc":"2.0","id":"#
    private static let toolsCallMember: StaticString = #","method":"tools/call""#
    private static let methodMember: StaticString = #","method":"#
    private static let paramsMember: StaticString = #","params":"#

    /// How many bytes `write` writes, exactly: a head that goes before them says so.
    package var count: Int {
        let method =
            if case .toolsCall = self.method {
                Self.toolsCallMember.utf8CodeUnitCount
            } else {
                Self.methodMember.utf8CodeUnitCount + JSONSlice(string: self.method.name).bytes.readableBytes
            }
        let params = self.params.map { Self.paramsMember.utf8CodeUnitCount + $0.bytes.readableBytes } ?? 0
        return Self.start.utf8CodeUnitCount + (id < 0 ? 1 : 0) + id.magnitude.decimalDigits + method + params + 1
    }

    package func write(to writer: inout PieceWriter) {
        writer.write(Self.start)
        writer.write(id)
        if case .toolsCall = method {
            writer.write(Self.toolsCallMember)
        } else {
            writer.write(Self.methodMember)
            writer.write(JSONSlice(string: method.name).bytes)
        }
        if let params {
            writer.write(Self.paramsMember)
            writer.write(params.bytes)
        }
        writer.write(UInt8(ascii: "}"))
    }

    /// The message in a buffer of its own.
    package var bytes: ByteBuffer {
        let count = self.count
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        buffer.writePieces(capacity: count) { write(to: &$0) }
        return buffer
    }
}
