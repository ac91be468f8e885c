// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import CEL
import Testing

/// Regular expressions in the syntax of RE2.
struct CELPatternTests {
    @Test(
        "A pattern matches a part of the text",
        arguments: [
            ("abc", "xabcx", true), ("abc", "ab", false), ("", "", true), ("", "x", true),
            ("^abc$", "abc", true),
            ("^abc$", "xabc", false), ("^abc$", "abc\n", false), (#"\Aabc\z"#, "abc", true),
            ("a.c", "a\u{1F600}c", true),
            ("a.c", "a\nc", false), ("^a*$", "aaaa", true), ("^a*$", "aab", false), ("^a+$", "", false),
            ("^a+$", "aa", true),
            ("^ab?c$", "ac", true), ("^ab?c$", "abbc", false), ("^a{2}$", "aa", true),
            ("^a{2}$", "aaa", false),
            ("^a{2,}$", "aaaa", true), ("^a{2,}$", "a", false), ("^a{1,3}$", "aaa", true),
            ("^a{1,3}$", "aaaa", false),
            ("^a{0}$", "", true), ("^a{,2}$", "a{,2}", true), ("^(ab|cd)+$", "abcdab", true),
            ("^(ab|cd)+$", "abc", false),
            ("^(?:a|b|c|)$", "c", true), ("^(?:a|b|c|)$", "", true), ("^(?:a|b|c|)$", "d", false),
            ("a|b", "xb", true),
            ("^[a-c]+$", "abc", true), ("^[a-c]+$", "abd", false), ("^[^a-c]+$", "xyz", true),
            ("^[^a-c]+$", "xay", false),
            ("^[]a]+$", "]a", true), ("^[a-]+$", "a-", true), (#"^[\d_]+$"#, "1_2", true),
            (#"^[\]]$"#, "]", true),
            (#"^\d+\.\d+$"#, "1.5", true), (#"^\d+$"#, "\u{661}", false), (#"^\w+$"#, "aZ_9", true),
            (#"^\W$"#, "\u{e9}", true),
            (#"^\s\S$"#, " x", true), (#"^\D$"#, "5", false), (#"^\t\n\r$"#, "\t\n\r", true),
            ("^a+?$", "aaa", true),
            ("^(a*)*$", "aaaa", true), ("^(a*)*$", "aaab", false), ("^()*$", "", true),
            ("^(a|aa)+$", "aaaaa", true),
            ("^\u{e9}$", "e\u{301}", false), ("^svc-[a-z0-9-]{3,20}$", "svc-build-7", true),
        ])
    func pattern(pattern: String, text: String, expected: Bool) throws {
        let literal = try CELExpression(parsing: "claims.text.matches(r'''\(pattern)''')")
        let dynamic = try CELExpression(parsing: "matches(claims.text, claims.pattern)")
        let variable = CELValue.map(map(["text": text, "pattern": pattern]))
        #expect(spelled(try literal.evaluate(["claims": variable])) == "\(expected)")
        #expect(spelled(try dynamic.evaluate(["claims": variable])) == "\(expected)")
    }

    private func map(_ members: [String: String]) -> CELMap {
        var map = CELMap()
        for (key, value) in members { _ = map.append(.string(key), .string(value)) }
        return map
    }

    @Test(
        "What is not available or wrong is refused",
        arguments: [
            ("(", "has a \"(\" without a \")\""), (")", "has a \")\" without a \"(\""),
            ("[a", "has a \"[\" without a \"]\""),
            ("*", "has nothing to repeat before \"*\""),
            ("a**", "repeats a repetition; put it in a group"),
            ("a|+", "has nothing to repeat before \"+\""),
            ("a{2}{3}", "repeats a repetition; put it in a group"),
            ("a{3,2}", "has a repetition whose least is above its most"),
            ("a{1001}", "has a repetition of more than 1000"),
            ("a{99999999999999999999}", "has a repetition of more than 1000"),
            ("(a{1000}){1000}", "is too large once its repetitions are written out"),
            ("(?i)a", "has a group with flags or a name, which is not available"),
            ("(?P<n>a)", "has a group with flags or a name, which is not available"),
            (#"\b"#, #"has the escape "\b", which is not available"#),
            (#"\pL"#, #"has the escape "\p", which is not available"#),
            (#"(a)\1"#, #"has the escape "\1", which is not available"#),
            ("[[:alpha:]]", "has a class such as [:alpha:], which is not available"),
            ("[z-a]", "has a range that goes backwards or ends in a class"),
            (#"[a-\d]"#, "has a range that goes backwards or ends in a class"),
            (#"a\"#, "ends with a backslash"),
            (
                String(repeating: "(", count: 33) + String(repeating: ")", count: 33),
                "is nested deeper than 32 groups"
            ),
            (String(repeating: "a", count: 1025), "is longer than 1024 bytes"),
        ])
    func refused(pattern: String, reason: String) throws {
        #expect(try outcome("claims.azp.matches(r'''\(pattern)''')") == "? 1:20: the pattern \(reason)")
    }
}
