// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Base64URL {
    /// A text that nobody can guess: so many bytes of the system's cryptographic generator.
    package static func random(bytes count: Int = 16) -> String {
        var generator = SystemRandomNumberGenerator()
        return encode((0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }
}
