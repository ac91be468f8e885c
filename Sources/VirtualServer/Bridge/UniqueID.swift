// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Ids that nobody can guess: 128 random bits as 32 hexadecimal digits.
package enum UniqueID {
    package static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        func word() -> String {
            let text = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - text.utf8.count) + text
        }
        return word() + word()
    }
}
