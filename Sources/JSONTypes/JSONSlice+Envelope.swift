// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// What a scanned text turned out to be, and where its value lies inside the white space around it.
package struct JSONTopLevel: Sendable, Hashable {
    package let kind: JSONSlice.Kind
    /// Offsets from the first readable byte.
    package let start: Int
    package let end: Int
}

extension JSONSlice {
    /// Validates a whole text in one pass, like `init(validating:limits:)`, and reports a top-level object's members.
    ///
    /// This is how an envelope is read: nothing is allocated and nothing is scanned twice. `member` is called in order,
    /// for repeated keys again, and *before* the rest of the text was validated, so what it collects counts only
    /// when this function returns. The pointer it gets must not leave the call. When the text is well-formed
    /// but not an object, `member` is never called and the returned kind says what it is instead.
    package static func scanObject(
        validating bytes: ByteBuffer,
        limits: JSONLimits = .standard,
        member: (_ text: UnsafeRawBufferPointer, _ range: JSONMemberRange) -> Void
    ) throws(JSONError) -> JSONTopLevel {
        try bytes.scanning(limits: limits) { (scanner, text) throws(JSONError) in
            try scanner.scan { member(text, $0) }
        }
    }

    /// Validates a whole text and says where its value lies.
    static func scanValue(validating bytes: ByteBuffer, limits: JSONLimits) throws(JSONError) -> JSONTopLevel {
        try bytes.scanning(limits: limits) { (scanner, _) throws(JSONError) in
            try scanner.scan { _ in }
        }
    }

    /// Validates the one value that begins at `start`, as a part of a larger text.
    ///
    /// - Returns: where it ends; nil where there is none within the limits.
    package static func endOfValue(
        validating text: UnsafeRawBufferPointer, from start: Int, limits: JSONLimits
    ) -> Int? {
        var scanner = JSONScanner(text, limits: limits)
        scanner.position = start
        do throws(JSONError) {
            try scanner.scanValue { _ in }
        } catch {
            return nil
        }
        return scanner.position
    }

    /// The value of a member that `scanObject` reported for `bytes`.
    package init(valueOf range: JSONMemberRange, in bytes: ByteBuffer) {
        self.init(bytes, from: range.valueStart, to: range.valueEnd)
    }
}

extension ByteBuffer {
    /// Runs a scanner over the readable bytes; the detour through `Result` keeps the error's type.
    @inline(__always)
    fileprivate func scanning(
        limits: JSONLimits,
        _ scan: (inout JSONScanner, UnsafeRawBufferPointer) throws(JSONError) -> (start: Int, end: Int)
    ) throws(JSONError) -> JSONTopLevel {
        let result = withUnsafeReadableBytes { text -> Result<JSONTopLevel, JSONError> in
            var scanner = JSONScanner(text, limits: limits)
            do throws(JSONError) {
                let value = try scan(&scanner, text)
                let kind = JSONSlice.Kind(first: text[value.start])
                return .success(JSONTopLevel(kind: kind, start: value.start, end: value.end))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
