// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import CEL
import Testing

/// What expressions mean, by cel-spec.
struct CELLanguageTests {
    @Test(
        "Literals",
        arguments: [
            ("1", "1"), ("-1", "-1"), ("0x1F", "31"), ("-0x10", "-16"), ("7u", "7u"), ("0xFFU", "255u"),
            ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("18446744073709551615u", "18446744073709551615u"), ("1.5", "1.5d"), (".5", "0.5d"),
            ("1e3", "1000.0d"),
            ("2.5E-1", "0.25d"), ("1e+2", "100.0d"), ("true", "true"), ("false", "false"),
            ("null", "null"),
            ("'a'", "'a'"), (#""it's""#, "'it's'"), ("'''a'b\nc'''", "'a'b\nc'"),
            (#""""a"b""""#, "'a\"b'"),
            (#"'\n\t\\\'\"\?\`'"#, "'\n\t\\'\"?`'"), (#"'\a\b\f\r\v'"#, "'\u{7}\u{8}\u{C}\r\u{B}'"),
            (#"'\x41\u00e9\U0001F600\101'"#, "'A\u{e9}\u{1F600}A'"), (#"r'\n'"#, #"'\n'"#),
            (#"R"\d""#, #"'\d'"#),
            ("b'a\u{e9}'", "b[97, 195, 169]"), (#"b'\xff\377'"#, "b[255, 255]"),
            (#"br'\x'"#, "b[92, 120]"),
            ("''", "''"), ("[]", "[]"), ("[1, 'a', [2],]", "[1, 'a', [2]]"), ("{}", "{}"),
            ("{'a': 1, 2: 'b', true: null, 3u: 4,}", "{'a': 1, 2: 'b', true: null, 3u: 4}"),
            ("1 // one\n+ 1", "2"), (" \t\r\n 1", "1"),
        ])
    func literals(expression: String, expected: String) throws {
        #expect(try outcome(expression) == expected)
    }

    @Test(
        "Operators and what binds closer",
        arguments: [
            ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("10 - 2 - 3", "5"), ("100 / 10 / 5", "2"),
            ("7 % 4 * 2", "6"),
            ("-7 / 2", "-3"), ("-7 % 2", "-1"), ("7u / 2u", "3u"), ("1.0 / 0.0 > 1e300", "true"),
            ("--1", "1"),
            ("-(1)", "-1"), ("-1.5", "-1.5d"), ("1.5 * 2.0 - 1.0", "2.0d"), ("'a' + 'b' + 'c'", "'abc'"),
            ("b'a' + b'b'", "b[97, 98]"), ("[1] + [2]", "[1, 2]"), ("!true", "false"), ("!!true", "true"),
            ("!true || true", "true"), ("true || false && false", "true"),
            ("(true || false) && false", "false"),
            ("1 + 1 == 2", "true"), ("1 < 2 == true", "true"), ("1 in [1] && true", "true"),
            ("true ? 1 : 2", "1"), ("false ? 1 : true ? 2 : 3", "2"),
            ("false || true ? 'a' : 'b'", "'a'"),
            ("true ? 1 : 1 / 0", "1"), ("1 == 1 ? 2 + 3 : 0", "5"), ("[1, 2][1] + 1", "3"),
            ("-[1][0]", "-1"),
            ("{'a': {'b': 3}}.a.b", "3"), ("{1: 'x'}[1u]", "'x'"), ("{1: 'x'}[1.0]", "'x'"),
            ("[5][0u]", "5"),
            ("[5][0.0]", "5"), ("claims.`x-y`", "1"), ("claims['x-y']", "1"), (".claims.n", "5"),
            ("{'package': 1}.package", "1"),
        ])
    func operators(expression: String, expected: String) throws {
        #expect(try outcome(expression) == expected)
    }

    @Test(
        "Comparisons",
        arguments: [
            ("1 == 1.0", "true"), ("1 == 1u", "true"), ("1u == 1.0", "true"), ("1 == 1.5", "false"),
            ("1 != '1'", "true"), ("null == false", "false"), ("null == null", "true"),
            ("0.0 / 0.0 == 0.0 / 0.0", "false"),
            ("-1 < 0u", "true"), ("18446744073709551615u > 9223372036854775807", "true"),
            ("1 < 1.5", "true"),
            ("-1 > -1.5", "true"), ("2 >= 2.0", "true"), ("1u <= 1", "true"), ("1 < 1e300", "true"),
            ("-1 > -1e300", "true"), ("9007199254740993 == 9007199254740992.0", "false"),
            ("9007199254740993 > 9007199254740992.0", "true"), ("0.0 / 0.0 < 1.0", "false"),
            ("0.0 / 0.0 >= 1", "false"), ("1.5 > 1u", "true"), ("'a' < 'b'", "true"),
            ("'a' < 'aa'", "true"), ("'Z' < 'a'", "true"),
            ("'\u{FFFD}' < '\u{1F600}'", "true"), ("b'a' >= b'a'", "true"), ("false < true", "true"),
            ("[1, [2, 'a']] == [1.0, [2u, 'a']]", "true"), ("[1] == [1, 2]", "false"),
            ("[1] == [2]", "false"),
            ("{'a': [1], 'b': 2} == {'b': 2u, 'a': [1.0]}", "true"), ("{'a': 1} == {'b': 1}", "false"),
            ("{'a': 1} == {'a': 1, 'b': 2}", "false"), ("{} == []", "false"), ("type(1) == int", "true"),
            // The same letter in two spellings is not the same text.
            ("'\u{e9}' == 'e\u{301}'", "false"), ("{'\u{e9}': 1} == {'e\u{301}': 1}", "false"),
            ("'e\u{301}' in {'\u{e9}': 1}", "false"), ("'e\u{301}' in ['\u{e9}']", "false"),
            ("'a' in ['b', 'a']", "true"), ("1.0 in [1]", "true"), ("'a' in []", "false"),
            ("1 in {1u: 2}", "true"),
            ("'n' in claims", "true"), ("'m' in claims", "false"), ("null in [null]", "true"),
            ("null in {}", "false"),
        ])
    func comparisons(expression: String, expected: String) throws {
        #expect(try outcome(expression) == expected)
    }

    @Test(
        "And, or and the condition take errors as the specification says",
        arguments: [
            ("false && 1 / 0 == 1", "false"), ("1 / 0 == 1 && false", "false"),
            ("true || claims.nope", "true"),
            ("claims.nope || true", "true"), ("claims.nope && claims.nope2 && false", "false"),
            ("'a' && false", "false"), ("1 || true", "true"),
            ("true && claims.nope", "! 1:15: there is no member \"nope\""),
            ("claims.nope || false", "! 1:7: there is no member \"nope\""),
            ("true && 'a'", "! 1:9: expected bool, found string"),
            ("1 ? 2 : 3", "! 1:3: expected bool, found int"),
            ("!1", "! 1:1: expected bool, found int"),
            ("claims.nope ? 1 : 2", "! 1:7: there is no member \"nope\""),
        ])
    func absorption(expression: String, expected: String) throws {
        #expect(try outcome(expression) == expected)
    }

    @Test(
        "Functions",
        arguments: [
            ("size('a\u{e9}\u{1F600}')", "3"), ("'abc'.size()", "3"), ("size([1, 2])", "2"),
            ("{'a': 1}.size()", "1"),
            ("size(b'\u{e9}')", "2"), ("'abc'.contains('bc')", "true"), ("'abc'.contains('')", "true"),
            ("'aabaabaaab'.contains('aabaaa')", "true"), ("'aabaab'.contains('aabaaa')", "false"),
            ("'abc'.startsWith('ab')", "true"), ("'abc'.startsWith('bc')", "false"),
            ("'ab'.startsWith('abc')", "false"),
            ("'abc'.endsWith('bc')", "true"), ("'abc'.endsWith('ab')", "false"),
            ("'abc'.endsWith('')", "true"),
            ("'e\u{301}'.startsWith('e')", "true"),
            ("int('-42')", "-42"), ("int(3.9)", "3"), ("int(-3.9)", "-3"), ("int(7u)", "7"),
            ("int(7)", "7"),
            ("uint(3)", "3u"), ("uint('7')", "7u"), ("uint(3.9)", "3u"), ("double(1)", "1.0d"),
            ("double('1.5e1')", "15.0d"),
            ("double(2u)", "2.0d"), ("string(1)", "'1'"), ("string(1u)", "'1'"), ("string(1.5)", "'1.5'"),
            ("string(2.0)", "'2'"), ("string(true)", "'true'"), ("string(b'a')", "'a'"),
            ("bytes('a')", "b[97]"),
            ("bool('true')", "true"), ("bool('f')", "false"), ("bool(true)", "true"), ("dyn(1)", "1"),
            ("type(1)", "int"), ("type(1u)", "uint"), ("type(1.0)", "double"), ("type('')", "string"),
            ("type(b'')", "bytes"), ("type(true)", "bool"), ("type(null)", "null_type"),
            ("type([])", "list"),
            ("type({})", "map"), ("type(type(1))", "type"), ("type(claims.n) == int", "true"),
        ])
    func functions(expression: String, expected: String) throws {
        #expect(try outcome(expression) == expected)
    }

    @Test(
        "Macros",
        arguments: [
            ("has(claims.act)", "true"), ("has(claims.act.sub)", "true"), ("has(claims.nope)", "false"),
            ("has(claims.none)", "true"), ("has(claims.`x-y`)", "true"), ("has({'a': 1}.b)", "false"),
            ("has(claims.nope.sub)", "! 1:11: there is no member \"nope\""),
            ("has(claims.azp.sub)", "! 1:1: string has no members"),
            ("[1, 2].all(x, x > 0)", "true"), ("[1, 2].all(x, x > 1)", "false"),
            ("[].all(x, false)", "true"),
            ("[1, 2].exists(x, x == 2)", "true"), ("[1, 2].exists(x, x == 3)", "false"),
            ("[].exists(x, true)", "false"),
            ("[1, 2, 2].exists_one(x, x == 1)", "true"), ("[1, 2, 2].exists_one(x, x == 2)", "false"),
            ("[1, 2].map(x, x * 2)", "[2, 4]"), ("[1, 2, 3].map(x, x > 1, x * 2)", "[4, 6]"),
            ("[1, 2, 3].filter(x, x % 2 == 1)", "[1, 3]"),
            ("{'a': 1, 'b': 2}.filter(k, k == 'b')", "['b']"),
            ("{'a': 1}.all(k, k == 'a')", "true"), ("[[1, 2], [3]].all(l, l.all(x, x > 0))", "true"),
            ("[1, 2].map(x, [10, 20].map(y, x * y))", "[[10, 20], [20, 40]]"),
            ("[1, 2].map(x, [x].map(x, x + 1)[0] + x)", "[3, 5]"),
            ("[1].map(x, [2].exists(y, y == x) || [3].map(z, z + x) == [4])", "[true]"),
            ("[1, 2, 3].filter(a, a > 1).map(b, b + 1)", "[3, 4]"),
            ("[[1]].map(a, a.map(b, b)).map(c, c[0])", "[1]"),
            ("[1].map(claims, claims)", "[1]"), ("[1].map(claims, .claims.n)", "[5]"),
            // Errors of some elements do not matter once one decides.
            ("[0, 1].exists(x, 1 / x == 1)", "true"), ("[0, 1].all(x, 1 / x == 2)", "false"),
            ("[0, 1].all(x, 1 / x == 1)", "! 1:17: division by zero"),
            ("[0, 2].exists(x, 1 / x == 1)", "! 1:20: division by zero"),
            ("[1, 0].exists_one(x, 1 / x == 1)", "! 1:24: division by zero"),
            ("['a'].filter(x, x)", "! 1:7: expected bool, found string"),
            ("1.all(x, x)", "! 1:3: \"all\" goes through a list or a map, not int"),
            ("claims.n.all(x, x)", "! 1:10: \"all\" goes through a list or a map, not int"),
        ])
    func macros(expression: String, expected: String) throws {
        #expect(try outcome(expression) == expected)
    }

    @Test(
        "Claims are values of JSON",
        arguments: [
            ("claims.n", "5"), ("claims.f", "1.5d"), ("type(claims.whole)", "double"),
            ("claims.whole == claims.n", "true"),
            ("claims.big", "9.223372036854776e+18d"), ("claims.groups", "['admin', 'ops']"),
            ("claims.none", "null"),
            ("claims.text", "'a\u{e9}\u{1F600}'"), ("size(claims.text)", "3"), ("claims.o", "{}"),
            ("claims['in']", "2"),
            ("claims.act['sub']", "'svc-build'"),
        ])
    func values(expression: String, expected: String) throws {
        #expect(try outcome(expression) == expected)
    }
}
