// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
import NIOCore

/// The id of a JSON-RPC request, kept as its JSON spelling.
///
/// `1` and `"1"` are different ids, and a reply carries the id with the same JSON type (2025-11-25, Base Protocol).
/// Keeping the spelling gives both for free and makes ids cheap dictionary keys.
package struct RequestID: Sendable, Hashable, CustomStringConvertible {
    /// The JSON spelling: digits, or a quoted string.
    package let json: String

    /// The longest id that is accepted, in bytes; ids are kept for as long as a request is in flight.
    package static let maximumLength = 512

    /// An id from a message, or `nil` unless it is a JSON string or an integer of bounded length.
    package init?(_ slice: JSONSlice) {
        guard slice.bytes.readableBytes <= Self.maximumLength, slice.isStringOrInteger else { return nil }
        json = slice.bytes.withUnsafeReadableBytes { String(decoding: $0, as: UTF8.self) }
    }

    package init(_ number: Int) { self.json = String(number) }

    /// The number that one of our own ids stands for.
    package var number: Int? { Int(json) }

    package var slice: JSONSlice { JSONSlice(trusted: ByteBuffer(string: json)) }

    package var description: String { json }
}
