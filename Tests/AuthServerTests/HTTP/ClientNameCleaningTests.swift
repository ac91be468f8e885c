// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AuthServer

@Suite struct ClientNameCleaningTests {
    @Test(
        "A name is shown without anything that hides, moves or overruns",
        arguments: [
            ("Claude Code", "Claude Code"), ("Bücher-Läden 日本語 🚀", "Bücher-Läden 日本語 🚀"),
            ("", "unnamed"), ("   ", "unnamed"), ("\u{202E}\u{200B}", "unnamed"),
            ("\u{3164}\u{115F}\u{2800}", "unnamed"),
            ("a\u{202E}b\u{2066}c\u{2069}\u{200F}d\u{061C}e", "abcde"),
            ("a\u{0}b\u{1B}[31mc\u{7F}d\u{9B}e", "ab[31mcde"),
            ("a\nb\tc\r\nd", "a b c d"), ("a\u{2028}b\u{2029}c", "abc"), ("  a \u{A0}\u{3000} b  ", "a b"),
            ("a\u{200B}\u{200C}\u{200D}\u{FEFF}\u{2060}\u{AD}b", "ab"), ("a\u{E0041}\u{E007F}b", "ab"),
            ("a\u{E000}\u{FFFE}b", "ab"), ("a\u{FE0F}b", "ab"), ("a\u{FFF9}b\u{600}c\u{110BD}d", "abcd"),
            ("<b>&\"'", "<b>&\"'"),
        ])
    func cleans(name: String, expected: String) {
        #expect(ClientNameCleaning.clean(name) == expected)
    }

    @Test("A name has at most 64 characters, however many code points they are made of")
    func bounds() {
        #expect(ClientNameCleaning.clean(String(repeating: "x", count: 64)).count == 64)
        #expect(ClientNameCleaning.clean(String(repeating: "x", count: 300)) == String(repeating: "x", count: 64))
        let painted = String(repeating: "z" + String(repeating: "\u{0301}", count: 50), count: 100)
        #expect(ClientNameCleaning.clean(painted).unicodeScalars.count <= 64 * 8)
        #expect(ClientNameCleaning.clean(painted).count == 64)
        #expect(ClientNameCleaning.clean(String(repeating: "a ", count: 100)).hasSuffix("a"))
    }

    @Test("Cleaning twice changes nothing, and no hostile code point is ever left")
    func fuzz() {
        var generator = ClientsGenerator(seed: 5)
        for _ in 0..<5000 {
            var name = ""
            for _ in 0..<Int.random(in: 0...40, using: &generator) {
                let value =
                    [
                        UInt32.random(in: 0...0x2FF, using: &generator),
                        .random(in: 0x2000...0x2070, using: &generator),
                        .random(in: 0...0x10FFFF, using: &generator),
                    ].randomElement(using: &generator) ?? 0
                if let scalar = Unicode.Scalar(value) { name.unicodeScalars.append(scalar) }
            }
            let cleaned = ClientNameCleaning.clean(name)
            #expect(ClientNameCleaning.clean(cleaned) == cleaned)
            #expect(!cleaned.isEmpty && cleaned.count <= 64)
            for scalar in cleaned.unicodeScalars {
                #expect(![.control, .format, .privateUse, .lineSeparator].contains(scalar.properties.generalCategory))
            }
        }
    }
}
