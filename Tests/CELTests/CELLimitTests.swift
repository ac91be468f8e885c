// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import CEL
import Testing

/// Every bound, and what somebody hostile could write or send.
struct CELLimitTests {
    private func repeated(_ text: String, _ count: Int) -> String {
        String(repeating: text, count: count)
    }

    @Test("The text is bounded")
    func text() throws {
        let longest = "'" + repeated("a", CELLimits.textBytes - 2) + "'"
        _ = try CELExpression(parsing: longest)
        #expect(try outcome(longest + " ") == "? 1:1: the expression is longer than 4096 bytes")
    }

    @Test(
        "The depth is bounded, whatever is nested",
        arguments: [
            ("(", "1", ")", 63), ("[", "1", "]", 63), ("{1:", "1", "}", 63), ("-", "(1)", "", 62),
            ("!", "true", "", 63),
            ("true?1:", "1", "", 63), ("", "1", "+1", 63), ("", "claims", ".a", 63),
            ("", "claims", "[0]", 63),
            ("size(", "1", ")", 63), ("[1].all(x,", "true", ")", 62), ("", "[1]", ".map(x, x)", 62),
        ])
    func depth(open: String, inner: String, close: String, count: Int) throws {
        _ = try CELExpression(parsing: repeated(open, count) + inner + repeated(close, count))
        for more in [count + 2, 300] {
            let error = #expect(throws: CELError.self) {
                try CELExpression(parsing: repeated(open, more) + inner + repeated(close, more))
            }
            #expect(error?.kind == .limit)
            #expect(error?.reason == "the expression is nested deeper than 64 levels")
        }
    }

    @Test("A long condition is not a deep one")
    func chain() throws {
        #expect(try outcome(repeated("false || ", 300) + "true") == "true")
        #expect(try outcome(repeated("true && ", 300) + "false") == "false")
    }

    @Test("The number of parts is bounded")
    func nodes() throws {
        _ = try CELExpression(parsing: "[" + repeated("1,", CELLimits.nodes - 2) + "1]")
        let error = #expect(throws: CELError.self) {
            try CELExpression(parsing: "[" + repeated("1,", CELLimits.nodes) + "]")
        }
        #expect(error?.kind == .limit)
        #expect(error?.reason == "the expression has more than 1024 parts")
    }

    @Test(
        "The evaluation is bounded, and no operator makes up for that",
        arguments: [
            "claims.all(a, claims.all(b, claims.all(c, a + b + c >= 0)))",
            "claims.all(a, claims.all(b, claims.all(c, a + b + c >= 0))) || true",
            "claims.exists(a, claims.map(b, b) == claims.map(c, c + 1)) || true",
            "claims.all(a, claims.all(b, claims + claims != [])) || true",
            "claims.all(a, claims == claims) || true", "claims.all(a, !(-1 in claims)) || true",
        ])
    func steps(expression: String) throws {
        let list = CELValue.list((0..<1000).map { .int($0) })
        let error = #expect(throws: CELError.self) {
            try CELExpression(parsing: expression).evaluate(["claims": list])
        }
        #expect(error?.kind == .limit)
        #expect(error?.reason == "the evaluation takes more than 50000 steps")
    }

    @Test(
        "Long texts cost by their length",
        arguments: [
            "claims.l.all(x, claims.t.contains(''))", "claims.l.all(x, claims.t == claims.t + '')",
            "claims.l.all(x, size(claims.t) > 0)", "claims.l.all(x, claims.t <= claims.t)",
            "claims.l.all(x, claims.t.startsWith(claims.t))",
            "claims.l.all(x, bytes(claims.t) != b'') || true",
            "claims.t.matches('(a*)*(a|b|[abc])*(a{0,50}){0,20}c$')",
            "claims.l.all(x, !(claims.t in {'a': 1}))",
            "claims.l.all(x, {claims.t: 1} != {})", "claims.l.all(x, !'b'.matches('' + '(a{1000}){0}c'))",
        ])
    func texts(expression: String) throws {
        var map = CELMap()
        _ = map.append(.string("t"), .string(repeated("a", CELLimits.stringBytes - 1)))
        _ = map.append(.string("l"), .list((0..<1000).map { .int($0) }))
        let error = #expect(throws: CELError.self) {
            try CELExpression(parsing: expression).evaluate(["claims": .map(map)])
        }
        #expect(error?.kind == .limit, "\(error.map(String.init) ?? "none")")
    }

    @Test("Texts and lists that are built are bounded")
    func sizes() throws {
        let text = CELValue.string(repeated("a", CELLimits.stringBytes / 2))
        let joined = try CELExpression(parsing: "size(claims + claims)")
        #expect(spelled(try joined.evaluate(["claims": text])) == "65536")
        let longer = #expect(throws: CELError.self) {
            try CELExpression(parsing: "claims + claims + 'a'").evaluate(["claims": text])
        }
        #expect(longer?.reason == "the text would have more than 65536 bytes")
        let list = CELValue.list((0..<5000).map { .int($0) })
        #expect(spelled(try joined.evaluate(["claims": list])) == "10000")
        let more = #expect(throws: CELError.self) {
            try CELExpression(parsing: "claims + claims + [1]").evaluate(["claims": list])
        }
        #expect(more?.reason == "the list would have more than 10000 elements")
    }

    @Test("Looking for a text in another takes no time in their product")
    func search() throws {
        var map = CELMap()
        _ = map.append(.string("t"), .string(repeated("a", CELLimits.stringBytes)))
        _ = map.append(.string("p"), .string(repeated("a", CELLimits.stringBytes / 2) + "b"))
        let found = try CELExpression(parsing: "claims.t.contains(claims.p)").evaluate([
            "claims": .map(map)
        ])
        #expect(spelled(found) == "false")
    }

    @Test("Whatever the text is, it is parsed and evaluated or refused", arguments: 0..<8)
    func fuzz(seed: UInt64) throws {
        let seeds = [
            "claims.azp == 'x' && 'admin' in claims.groups",
            "has(claims.act) && claims.act.sub.startsWith('svc-')",
            "claims.groups.exists(g, g == 'ops') ? [1, 2u, .5] : {'a': b'\\xff', 1: null}[1]",
            "[1, 2].map(x, x > 1, -x * 2 % 3)[0] + size(\"\"\"a\"\"\") / int('7')",
            "'aab'.matches('^(a|b)*[^c]{1,3}$') || !(1 < 2.0)",
            "claims.list.filter(a, claims.list.all(b, a <= b)).map(c, string(c)) == ['1']",
        ].map { Array($0.unicodeScalars) }
        let alphabet = Array("()[]{}.,:?!-+*/%<>=&|'\"\\`rbux019e \nxclaims$^\u{e9}".unicodeScalars)
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func random(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        let claims = try CELValue(json: json(sampleClaims))
        var parsed = 0
        var evaluated = 0
        for _ in 0..<1500 {
            var text = seeds[random(seeds.count)]
            for _ in 0..<(1 + random(4)) where !text.isEmpty {
                let place = random(text.count)
                switch random(4) {
                case 0: text.remove(at: place)
                case 1: text.insert(alphabet[random(alphabet.count)], at: place)
                case 2: text[place] = alphabet[random(alphabet.count)]
                default:
                    let other = seeds[random(seeds.count)]
                    let start = random(other.count)
                    text.insert(
                        contentsOf: other[start..<min(other.count, start + 1 + random(12))], at: place)
                }
            }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: text)
            do throws(CELError) {
                let expression = try CELExpression(parsing: String(view))
                parsed += 1
                _ = try expression.evaluate(["claims": claims])
                evaluated += 1
            } catch {
                #expect(error.offset <= String(view).utf8.count && error.line > 0 && error.column > 0)
                #expect(!error.reason.isEmpty)
            }
        }
        // Otherwise it is the parser alone that is tried.
        #expect(parsed > 50 && evaluated > 20)
    }
}
