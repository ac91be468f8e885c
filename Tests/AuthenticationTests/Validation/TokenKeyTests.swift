// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Authentication

@Suite("What tokens are remembered by")
struct TokenKeyTests {
    private static let secret = TokenKey.Secret(0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908)

    private static func hexadecimal(_ key: TokenKey) -> String {
        key.bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    /// The vectors of the reference implementation, whose text of n bytes is 0, 1, … n - 1.
    @Test(
        "is SipHash-2-4 with 128 bits",
        arguments: [
            (0, "a3817f04ba25a8e66df67214c7550293"), (1, "da87c1d86b99af44347659119b22fc45"),
            (2, "8177228da4a45dc7fca38bdef60affe4"), (3, "9c70b60c5267a94e5f33b6b02985ed51"),
            (7, "a1f1ebbed8dbc153c0b84aa61ff08239"), (8, "3b62a9ba6258f5610f83e264f31497b4"),
            (15, "5493e99933b0a8117e08ec0f97cfc3d9"), (16, "6ee2a4ca67b054bbfd3315bf85230577"),
            (63, "5150d1772f50834a503e069a973fbd7c"), (64, "1eaf077dc0d4cd3f8cad4d383658a74b"),
            (127, "6b01f8d78740d48842333afe3e87c23d"),
        ])
    func vectors(count: Int, expected: String) {
        let text = String(decoding: (0..<count).map { UInt8($0) }, as: UTF8.self)
        #expect(Self.hexadecimal(TokenKey(text[...], Self.secret)) == expected)
        // Wherever the text lies.
        let longer = "abc" + text + "def"
        let start = longer.utf8.index(longer.startIndex, offsetBy: 3)
        let part = longer[start..<longer.utf8.index(start, offsetBy: count)]
        #expect(Self.hexadecimal(TokenKey(part, Self.secret)) == expected)
    }

    @Test("every byte counts, and so does the length")
    func everyByte() {
        let token = String(repeating: "eyJhbGciOiJFUzI1NiJ9.", count: 40)
        let key = TokenKey(token[...], Self.secret)
        for index in token.utf8.indices {
            let other = token[..<index] + "~" + token[token.utf8.index(after: index)...]
            #expect(TokenKey(other[...], Self.secret) != key)
        }
        #expect(TokenKey(token.dropLast(), Self.secret) != key)
        #expect(TokenKey((token + "\0")[...], Self.secret) != key)
    }

    @Test("a key of one secret says nothing under another, and every secret is another")
    func secrets() {
        var keys: Set<TokenKey> = []
        for _ in 0..<100 { keys.insert(TokenKey("token", TokenKey.Secret())) }
        #expect(keys.count == 100)
        let one = VerifiedTokenCache(maximumCount: 1, maximumBytes: .max)
        let two = VerifiedTokenCache(maximumCount: 1, maximumBytes: .max)
        #expect(one.key(of: "token") == one.key(of: "token"))
        #expect(one.key(of: "token") != two.key(of: "token"))
    }
}
