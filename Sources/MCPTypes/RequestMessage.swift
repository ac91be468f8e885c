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

    /// How many bytes `write` writes, exactly: a head that goes before them says so.
    package var count: Int {
        let method =
            if case .toolsCall = self.method {
                ByteBuffer.toolsCallMember.utf8CodeUnitCount
            } else {
                ByteBuffer.methodMember.utf8CodeUnitCount + JSONSlice(string: self.method.name).bytes.readableBytes
            }
        let params = self.params.map { ByteBuffer.paramsMember.utf8CodeUnitCount + $0.bytes.readableBytes } ?? 0
        return ByteBuffer.requestStart.utf8CodeUnitCount + id.decimalDigits + method + params + 1
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeRequest(id: id, method: method, params: params)
    }

    /// The message in a buffer of its own.
    package var bytes: ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        write(to: &buffer)
        return buffer
    }
}

extension Int {
    /// How many characters the number is written with, its sign included.
    fileprivate var decimalDigits: Int {
        var digits = self < 0 ? 2 : 1
        var rest = magnitude
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        return digits
    }
}
