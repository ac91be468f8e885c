// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension String {
    /// Whether both are the same UTF-8 bytes.
    ///
    /// `==` takes two spellings of one character for the same text; names, addresses and people that others compare byte
    /// by byte must not be merged here.
    package func isSpelled(_ other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        return withBytes { other.isSpelled($0) }
    }

    /// Whether the text's UTF-8 is `bytes`.
    package func isSpelled(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard utf8.count == bytes.count else { return false }
        return withBytes { bytes.matches($0, at: 0) }
    }

    /// Without the copy that `withUTF8` may have to change, and whose references are counted.
    @inline(__always)
    private func withBytes(_ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        if let answer = utf8.withContiguousStorageIfAvailable({ body(UnsafeRawBufferPointer($0)) }) { return answer }
        var text = self
        return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
}
