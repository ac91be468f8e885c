// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// One well-formed JSON value as the bytes that spell it, without white space around them.
///
/// A proxy must not re-encode what it forwards: decoding loses key order, repeated keys, big integers and the spelling
/// of numbers. A slice keeps the bytes, finds its way in them on demand, and shares their storage with the message it
/// was cut from, which therefore lives as long as the slice does. Equality and hashing are by spelling.
package struct JSONSlice: Sendable, Hashable, CustomStringConvertible {
    /// The readable bytes are the value.
    package let bytes: ByteBuffer

    /// Checks that `bytes` is one JSON text: RFC 8259, UTF-8, no byte order mark, nothing but white space around it.
    ///
    /// Repeated keys are accepted, see `duplicateKey()`, and so are escapes of lone surrogates.
    package init(validating bytes: ByteBuffer, limits: JSONLimits = .standard) throws(JSONError) {
        let value = try Self.scanValue(validating: bytes, limits: limits)
        self.init(bytes, from: value.start, to: value.end)
    }

    /// Takes bytes that the caller knows to be one JSON value without white space around it.
    ///
    /// Nothing is unsafe when they are not, but the answers mean nothing then.
    package init(trusted bytes: ByteBuffer) {
        self.bytes = bytes
    }

    package init(_ value: JSONValue) {
        if case .slice(let slice) = value {
            self = slice
            return
        }
        var buffer = ByteBuffer()
        buffer.writeJSON(value)
        self.bytes = buffer
    }

    /// Spells `string` as a JSON string.
    package init(string: String) {
        var buffer = ByteBuffer()
        buffer.writeJSONString(string)
        self.bytes = buffer
    }

    package init(_ integer: Int) {
        self.bytes = ByteBuffer(string: String(integer))
    }

    /// The part of `bytes` between two offsets from its first readable byte, or nothing if it has no such part.
    @inline(__always)
    init(_ bytes: ByteBuffer, from start: Int, to end: Int) {
        self.bytes = bytes.getSlice(at: bytes.readerIndex &+ start, length: end &- start) ?? ByteBuffer()
    }

    package static let null = JSONSlice(trusted: ByteBuffer(staticString: "null"))
    package static let `true` = JSONSlice(trusted: ByteBuffer(staticString: "true"))
    package static let `false` = JSONSlice(trusted: ByteBuffer(staticString: "false"))
    package static let emptyObject = JSONSlice(trusted: ByteBuffer(staticString: "{}"))
    package static let emptyArray = JSONSlice(trusted: ByteBuffer(staticString: "[]"))

    package enum Kind: Sendable, Hashable {
        case object, array, string, number, boolean, null

        @inline(__always)
        init(first byte: UInt8?) {
            switch byte {
            case .openBrace: self = .object
            case .openBracket: self = .array
            case .quote: self = .string
            case .some(.minus), .some(0x30...0x39): self = .number
            case 0x74, 0x66: self = .boolean
            default: self = .null
            }
        }
    }

    package var kind: Kind {
        bytes.withUnsafeReadableBytes { Kind(first: $0.first) }
    }

    /// The bytes, read as UTF-8.
    package var description: String {
        String(buffer: bytes)
    }
}
