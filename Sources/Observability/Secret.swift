// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A password, key or token that is never printed and is compared in constant time.
///
/// Reading it takes the word `exposed`, so each place where a secret leaves its wrapper can be found by searching.
package struct Secret: Sendable {
    private let value: String

    package init(_ value: String) {
        self.value = value
    }

    package var exposed: String { value }

    package var isEmpty: Bool { value.isEmpty }

    package func withExposed<Result, Failure: Error>(
        _ body: (String) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(value)
    }
}

extension Secret: Hashable {
    /// Takes the same time wherever the first difference is; only the lengths can be learned from it.
    package static func == (left: Secret, right: Secret) -> Bool {
        var left = left.value
        var right = right.value
        return left.withUTF8 { left in
            right.withUTF8 { right in
                guard left.count == right.count else { return false }
                var difference: UInt8 = 0
                for index in left.indices { difference |= left[index] ^ right[index] }
                return difference == 0
            }
        }
    }

    package func hash(into hasher: inout Hasher) {
        // Bytes, as in `==`: two spellings of one character are two secrets.
        for byte in value.utf8 { hasher.combine(byte) }
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
