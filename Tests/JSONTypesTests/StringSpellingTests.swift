// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Testing

@Suite("Spelling of text")
struct StringSpellingTests {
    @Test(
        "Two texts are spelled alike when they are the same bytes",
        arguments: [
            ("", "", true), ("a", "a", true), ("a", "b", false), ("a", "A", false), ("a", "", false),
            ("a", "aa", false),
            ("12345678", "12345678", true), ("12345678", "12345679", false), ("02345678", "12345678", false),
            ("123456789abcdef0", "123456789abcdef0", true), ("123456789abcdef0", "123456789abcdef1", false),
            ("a longer text than fits a word or two", "a longer text than fits a word or two", true),
            ("a longer text than fits a word or two", "a longer text than fits a word or tw0", false),
            // One text to `==`.
            ("\u{E9}", "e\u{301}", false), ("\u{212A}", "K", false), ("e\u{301}", "e\u{301}", true),
        ])
    func spelling(_ one: String, _ other: String, _ isSame: Bool) {
        #expect(one.isSpelled(other) == isSame)
        #expect(other.isSpelled(one) == isSame)
        var bytes = Array(other.utf8)
        bytes.withUnsafeBytes { #expect(one.isSpelled($0) == isSame) }
        // Nothing behind the end counts.
        bytes.append(0)
        bytes.withUnsafeBytes { #expect(one.isSpelled(UnsafeRawBufferPointer(rebasing: $0.dropLast())) == isSame) }
    }
}
