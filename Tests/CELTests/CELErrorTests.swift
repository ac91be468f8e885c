// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import CEL
import Testing

/// What is refused, when, and with which words.
struct CELErrorTests {
    @Test(
        "What cannot mean anything is refused when it is parsed, with its place",
        arguments: [
            ("", "1:1: the expression is empty"), ("  \n ", "2:2: the expression is empty"),
            ("1 +", "1:4: expected a value, found the end"),
            ("1 1", "1:3: expected an operator or the end, found a number"),
            ("a", "1:1: \"a\" is not declared; the only variable is \"claims\""),
            ("claims.azp == x", "1:15: \"x\" is not declared; the only variable is \"claims\""),
            ("true &&\n  foo(1)", "2:3: there is no function \"foo\""),
            ("claims.foo()", "1:8: there is no method \"foo\""),
            ("timestamp('x')", "1:1: there is no function \"timestamp\""),
            ("contains('a', 'b')", "1:1: \"contains\" is a method; write value.contains(…)"),
            ("all([1], x, x)", "1:1: \"all\" is a method; write value.all(…)"),
            ("'a'.int()", "1:5: \"int\" is not a method; write int(value)"),
            ("size()", "1:1: \"size\" takes one value, its receiver included"),
            ("'a'.contains()", "1:5: \"contains\" takes two values, its receiver included"),
            ("has(claims)", "1:1: \"has\" takes a member, such as has(claims.act)"),
            ("has(claims['a'])", "1:1: \"has\" takes a member, such as has(claims.act)"),
            ("[1].all(x)", "1:10: expected \",\", found \")\""),
            ("[1].all(1, true)", "1:9: expected the name of a variable for \"all\", found a number"),
            ("[1].all(x, true, true)", "1:5: \"all\" takes a variable and one expression"),
            ("[1].all(x, x) && x", "1:18: \"x\" is not declared; the only variable is \"claims\""),
            ("claims.azp = 'a'", "1:12: \"=\" is no operator; compare with \"==\""),
            ("true & true", "1:6: \"&\" is no operator; write \"&&\""),
            ("true | true", "1:6: \"|\" is no operator; write \"||\""),
            ("claims.a;", "1:9: unexpected character \";\""),
            ("\u{a0}1", "1:1: unexpected character U+A0"),
            ("'a", "1:1: the text is not closed"), ("'a\nb'", "1:1: the text is not closed on its line"),
            (#"'\q'"#, #"1:2: unknown escape; write "\\" for a backslash, or r"…""#),
            (#"'\ud800'"#, "1:2: the escape is not a Unicode character"),
            (#"'\x4'"#, "1:2: the escape needs 2 digits"),
            (#"'\U00110000'"#, "1:2: the escape is not a Unicode character"),
            (#"'\400'"#, #"1:2: unknown escape; write "\\" for a backslash, or r"…""#),
            ("9223372036854775808", "1:1: the number is out of range of int"),
            ("-9223372036854775809", "1:1: the number is out of range of int"),
            ("18446744073709551616u", "1:1: the number is out of range of uint"),
            ("1e999", "1:1: the number is out of range of double"),
            ("1x", "1:2: unexpected \"x\" after a number"),
            ("(1", "1:3: expected \")\", found the end"),
            ("[1", "1:3: expected \",\" or \"]\", found the end"),
            ("[1,,2]", "1:4: expected a value, found \",\""), ("{1}", "1:3: expected \":\", found \"}\""),
            ("{'a': 1 'b'}", "1:9: expected \",\" or \"}\", found a text"),
            ("true ? 1", "1:9: expected \":\", found the end"),
            ("claims.", "1:8: expected the name of a member, found the end"),
            ("claims.in", "1:8: expected the name of a member, found \"in\""),
            ("while", "1:1: expected a value, found \"while\""),
            ("Foo{}", "1:1: \"Foo\" is no message type; there are none here"),
            ("claims.`a", "1:8: the name is not closed"),
            ("claims.azp.matches('(')", "1:20: the pattern has a \"(\" without a \")\""),
        ])
    func compile(expression: String, expected: String) throws {
        #expect(try outcome(expression) == "? \(expected)")
    }

    @Test("A place counts lines and characters, the offset bytes")
    func place() throws {
        let error = #expect(throws: CELError.self) {
            try CELExpression(parsing: "'\u{1F600}' ==\n '\u{e9}' + x")
        }
        #expect(error?.line == 2)
        #expect(error?.column == 8)
        #expect(error?.offset == 18)
        #expect(error?.kind == .reference)
    }

    @Test(
        "What values do not allow is an error of the evaluation",
        arguments: [
            ("9223372036854775807 + 1", "1:21: the result is out of range of int"),
            ("-9223372036854775808 - 1", "1:22: the result is out of range of int"),
            ("9223372036854775807 * 2", "1:21: the result is out of range of int"),
            ("-9223372036854775808 / -1", "1:22: the result is out of range of int"),
            ("-9223372036854775808 % -1", "1:22: the result is out of range of int"),
            ("-(-9223372036854775808)", "1:1: the result is out of range of int"),
            ("0u - 1u", "1:4: the result is out of range of uint"), ("1 / 0", "1:3: division by zero"),
            ("1 % 0", "1:3: division by zero"), ("1u / 0u", "1:4: division by zero"),
            ("1 + 1.0", "1:3: there is no \"+\" of int and double"),
            ("1 + 1u", "1:3: there is no \"+\" of int and uint"),
            ("'a' + 1", "1:5: there is no \"+\" of string and int"),
            ("1.0 % 2.0", "1:5: there is no \"%\" of double and double"),
            ("'a' < 1", "1:5: there is no \"<\" of string and int"),
            ("[1] < [2]", "1:5: there is no \"<\" of list and list"),
            ("1 in 2", "1:3: there is no \"in\" of int and int"),
            ("-'a'", "1:1: there is no \"-\" of string"),
            ("-(1u)", "1:1: there is no \"-\" of uint"), ("[1][1]", "1:4: the index is out of range"),
            ("[1][-1]", "1:4: the index is out of range"),
            ("[1]['a']", "1:4: the index of a list is int, not string"),
            ("{'a': 1}['b']", "1:9: there is no such key"), ("{1: 2}[1.5]", "1:7: there is no such key"),
            ("{'a': 1}.b", "1:9: there is no member \"b\""), ("'a'.b", "1:4: string has no member \"b\""),
            ("1[0]", "1:2: int has no elements"), ("{1: 1, 1u: 2}", "1:8: the key is repeated"),
            ("{1.0: 1}", "1:2: double cannot be the key of a map"),
            ("int('1.5')", "1:1: the value is no int, or out of its range"),
            ("int('+1')", "1:1: the value is no int, or out of its range"),
            ("int(1e30)", "1:1: the value is no int, or out of its range"),
            ("uint(-1)", "1:1: the value is no uint, or out of its range"),
            ("uint(-0.5)", "1:1: the value is no uint, or out of its range"),
            ("double('0x1')", "1:1: the value is no double, or out of its range"),
            ("bool('yes')", "1:1: the text is no bool"),
            (#"string(b'\xff')"#, "1:1: the bytes are not UTF-8"),
            ("int(true)", "1:1: there is no \"int\" of (bool)"),
            ("size(1)", "1:1: there is no \"size\" of (int)"),
            ("'a'.contains(1)", "1:5: there is no \"contains\" of (string, int)"),
            ("claims.n.startsWith('a')", "1:10: there is no \"startsWith\" of (int, string)"),
            ("'a'.matches(claims.azp + '(')", "1:5: the pattern has a \"(\" without a \")\""),
        ])
    func evaluation(expression: String, expected: String) throws {
        #expect(try outcome(expression) == "! \(expected)")
    }

    @Test("A variable without a value is an error of the evaluation")
    func noValue() throws {
        let expression = try CELExpression(parsing: "claims.a")
        #expect(throws: CELError.self) { try expression.evaluate([:]) }
    }
}
