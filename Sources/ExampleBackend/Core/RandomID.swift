// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Names that nobody can guess.
enum RandomID {
    /// 128 bits of the system's secure generator as 32 hexadecimal digits.
    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 32) { bytes in
            var random: UInt64 = 0
            for index in 0..<32 {
                if index % 16 == 0 { random = generator.next() }
                bytes[index] = digits[Int(random & 15)]
                random >>= 4
            }
            return 32
        }
    }
}
