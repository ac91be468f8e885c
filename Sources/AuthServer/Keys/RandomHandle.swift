// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication

/// Names that cannot be guessed: states, nonces, request ids, cookies, form tokens.
package enum RandomHandle {
    private static let base32Alphabet: [UInt8] = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    /// 26 characters of base32, 130 random bits; survives systems that fold case.
    package static func base32(from random: any RandomSource) -> String {
        String(decoding: random.bytes(26).map { base32Alphabet[Int($0 & 0x1F)] }, as: UTF8.self)
    }

    /// 43 characters of base64url, 256 random bits.
    package static func base64URL(from random: any RandomSource) -> String {
        Base64URL.encode(random.bytes(32))
    }

    /// A UUID of version 4 (RFC 9562 section 5.4) in lower case, for `jti`.
    package static func uuid(from random: any RandomSource) -> String {
        var bytes = random.bytes(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
            text += [digits[Int(byte >> 4)], digits[Int(byte & 0x0F)]]
        }
        return String(decoding: text, as: UTF8.self)
    }
}
