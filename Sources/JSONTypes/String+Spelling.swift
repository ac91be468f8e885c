// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension String {
    /// Whether both are the same UTF-8 bytes.
    ///
    /// `==` takes two spellings of one character for the same text; names, addresses and people that others compare byte
    /// by byte must not be merged here.
    package func isSpelled(_ other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        var text = self
        return text.withUTF8 { other.isSpelled(UnsafeRawBufferPointer($0)) }
    }

    /// Whether the text's UTF-8 is `bytes`.
    package func isSpelled(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard utf8.count == bytes.count else { return false }
        var text = self
        return text.withUTF8 { bytes.matches(UnsafeRawBufferPointer($0), at: 0) }
    }
}
