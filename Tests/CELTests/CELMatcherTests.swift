// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import CEL
import Testing

/// `matches(claims:)` with what operators write.
struct CELMatcherTests {
    @Test(
        "It is true or it is no",
        arguments: [
            ("claims.azp == 'portal' && 'admin' in claims.groups", true),
            ("claims.azp == 'x' && 'admin' in claims.groups", false),
            ("has(claims.act) && claims.act.sub.startsWith('svc-')", true),
            ("has(claims.act) && claims.act.sub.startsWith('usr-')", false),
            ("has(claims.nope) && claims.nope.sub.startsWith('svc-')", false),
            ("claims.groups.exists(g, g == 'ops')", true), ("claims.groups.exists(g, g == 'op')", false),
            ("claims.groups.all(g, g in ['admin', 'ops', 'dev'])", true),
            ("size(claims.groups.filter(g, g.endsWith('s'))) == 1", true),
            ("claims.sub.matches('^u[0-9]+$')", true),
            ("claims['iss'] in ['https://idp', 'https://other']", true),
            ("claims.n > 4 ? claims.yes : false", true),
            // Neither true nor false.
            ("claims.azp", false), ("1", false), ("claims.nope", false),
            ("claims.nope == 1 || claims.n", false),
        ])
    func matchers(expression: String, expected: Bool) throws {
        #expect(try CELExpression(parsing: expression).matches(claims: json(sampleClaims)) == expected)
    }

    @Test(
        "Claims that cannot be read match nothing",
        arguments: [
            #"{"a": 1, "a": 2}"#, #"{"b": {"a": 1, "\u0061": 2}}"#, #"{"a": 1e999}"#,
            #"{"a": "# + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}",
            "[" + String(repeating: "1,", count: CELLimits.elements) + "1]",
            "[[" + String(repeating: "1,", count: 9_999) + "1],[" + String(repeating: "1,", count: 9_999)
                + "1]]",
            "[\"" + String(repeating: "a", count: CELLimits.stringBytes + 1) + "\"]",
        ])
    func unreadable(claims: String) throws {
        #expect(try !CELExpression(parsing: "true").matches(claims: json(claims)))
    }

    @Test("Claims as large as they may be are read")
    func largest() throws {
        let list = "[" + String(repeating: "1,", count: CELLimits.elements - 1) + "1]"
        #expect(
            try CELExpression(parsing: "size(claims) == 10000 && 1 in claims").matches(claims: json(list))
        )
        let text = "[\"" + String(repeating: "a", count: CELLimits.stringBytes) + "\"]"
        #expect(try CELExpression(parsing: "size(claims[0]) == 65536").matches(claims: json(text)))
        let deep =
            String(repeating: "[", count: CELLimits.valueDepth)
            + String(repeating: "]", count: CELLimits.valueDepth)
        #expect(try CELExpression(parsing: "claims == claims").matches(claims: json(deep)))
    }

    @Test("Two expressions are equal when their texts are")
    func equality() throws {
        let first = try CELExpression(parsing: "claims.a")
        #expect(try first == CELExpression(parsing: "claims.a"))
        #expect(try first != CELExpression(parsing: "claims.b"))
        #expect(try Set([first, CELExpression(parsing: "claims.a")]).count == 1)
    }
}
