// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import Testing

@Suite struct HeaderTextTests {
    @Test(
        "HM-12, HM-13: a value is what it says, unless it is base64 between exact marks",
        arguments: [
            ("plain", "plain"), ("", ""), ("  name \t", "name"), ("a\tb", "a\tb"), ("=?base64?dsOk?=", "vä"),
            (" =?base64?dsOk?= ", "vä"), ("=?base64??=", ""),
            // Half a mark, or another spelling of it, is text.
            ("=?base64?dsOk", "=?base64?dsOk"), ("dsOk?=", "dsOk?="), ("=?BASE64?dsOk?=", "=?BASE64?dsOk?="),
            ("=?Base64?dsOk?=", "=?Base64?dsOk?="), ("=?base64?=", "=?base64?="),
            ("x=?base64?dsOk?=", "x=?base64?dsOk?="),
            // Not base64, not canonical, or not UTF-8.
            ("=?base64?d?=", nil), ("=?base64?dsO?=", nil), ("=?base64?ds!k?=", nil), ("=?base64? dsOk?=", nil),
            ("=?base64?dsOk==?=", nil), ("=?base64?/w==?=", nil), ("=?base64?YR==?=", nil), ("=?base64?YQ?=", nil),
            ("=?base64?YQ==?=", "a"),
            // What no header has.
            ("vä", nil), ("a\u{0}b", nil), ("a\u{7F}", nil), ("a\nb", nil),
        ] as [(String, String?)])
    func decoding(_ value: String, _ text: String?) {
        #expect(HeaderText.decoded(value) == text)
    }

    @Test(
        "Whatever can be said in a header comes out as it went in",
        arguments: [
            "", "plain", " leading", "trailing ", "\ttab", "in\tside", "vä", "日本", "👩‍👩‍👧", "a\nb", "a\r\nb", "\u{0}",
            "=?base64?", "=?base64?x?=", "=?base64?dsOk?=", "?=", String(repeating: "ü", count: 2000),
            "test://a/{b}?c=d",
            "e\u{301}", "é",
        ])
    func roundTrip(_ text: String) throws {
        let value = HeaderText.encoded(text)
        #expect(value.utf8.allSatisfy { $0 == 9 || (32..<127).contains($0) })
        let decoded = try #require(HeaderText.decoded(value))
        // Byte by byte: two spellings of one character are two names.
        #expect(decoded.utf8.elementsEqual(text.utf8))
    }

    @Test("Text that a header can carry is not made unreadable")
    func plain() {
        #expect(HeaderText.encoded("tools_call-1 x") == "tools_call-1 x")
    }

    @Test("No bytes make decoding fail otherwise than by saying so")
    func fuzz() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("=?base64?AZaz09+/= \t\u{0}ä\"\\".unicodeScalars)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...24, using: &generator)
            var text = String.UnicodeScalarView()
            for _ in 0..<count { text.append(alphabet.randomElement(using: &generator) ?? "x") }
            let value =
                (Bool.random(using: &generator) ? "=?base64?" : "") + String(text)
                + (Bool.random(using: &generator) ? "?=" : "")
            guard let decoded = HeaderText.decoded(value) else { continue }
            #expect(HeaderText.decoded(HeaderText.encoded(decoded))?.utf8.elementsEqual(decoded.utf8) == true)
        }
    }
}
