// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

extension JSONGrammarTests {
    static let accepted: [AcceptedText] = literals + numbers + strings + containers

    private static let literals: [AcceptedText] = [
        AcceptedText("true", .boolean),
        AcceptedText("false", .boolean),
        AcceptedText("null", .null),
        AcceptedText(" null", .null, value: "null"),
        AcceptedText("true\n", .boolean, value: "true"),
        AcceptedText("\t\r\n false \r\n\t", .boolean, value: "false"),
        AcceptedText("          null                  ", .null, value: "null"),
    ]

    private static let numbers: [AcceptedText] = [
        AcceptedText("0", .number),
        AcceptedText("-0", .number),
        AcceptedText("1", .number),
        AcceptedText("-1", .number),
        AcceptedText("10", .number),
        AcceptedText("1234567890", .number),
        AcceptedText("9007199254740993", .number),
        AcceptedText("18446744073709551616", .number),
        AcceptedText("100000000000000000000000000000000000000000000000000", .number),
        AcceptedText("0.0", .number),
        AcceptedText("-0.5", .number),
        AcceptedText("1.0", .number),
        AcceptedText("3.141592653589793238462643383279", .number),
        AcceptedText("0e0", .number),
        AcceptedText("0e00", .number),
        AcceptedText("1e5", .number),
        AcceptedText("1E5", .number),
        AcceptedText("1e+5", .number),
        AcceptedText("1E-5", .number),
        AcceptedText("-1.25e+007", .number),
        AcceptedText("1e400", .number),
        AcceptedText("-1e-400", .number),
        AcceptedText("1e999999999999999999999999", .number),
        AcceptedText("[0,-0,1.5e3]", .array),
        AcceptedText(" 7 ", .number, value: "7"),
    ]

    private static let strings: [AcceptedText] = [
        AcceptedText(#""""#, .string),
        AcceptedText(#"" ""#, .string),
        AcceptedText(#""a""#, .string),
        AcceptedText(#""eight by""#, .string),
        AcceptedText(#""a text that is longer than one word of the scanner""#, .string),
        AcceptedText(#""\"\\\/\b\f\n\r\t""#, .string),
        AcceptedText(#""\u0000""#, .string),
        AcceptedText(#""\u00e9\u00E9\uABCD\uabcd""#, .string),
        AcceptedText(#""\uD83D\uDE00""#, .string),
        AcceptedText(#""\uD800""#, .string),
        AcceptedText(#""\uDC00""#, .string),
        AcceptedText(#""\uDE00\uD83D""#, .string),
        AcceptedText(#""\uD800\uD800\uDC00""#, .string),
        AcceptedText(#""\uD83Dx""#, .string),
        AcceptedText(#""\\u0041""#, .string),
        AcceptedText(#""\\""#, .string),
        AcceptedText(#""/""#, .string),
        AcceptedText("\"\u{7F}\"", .string),
        AcceptedText("\"é\"", .string),
        AcceptedText("\"日本語\"", .string),
        AcceptedText("\"😀\"", .string),
        AcceptedText("\"\u{2028}\u{2029}\"", .string),
        AcceptedText("\"\u{FEFF}\"", .string),
        AcceptedText("\"\u{FFFE}\u{FFFF}\u{10FFFF}\"", .string),
        AcceptedText("\"abcdefgé\"", .string),
        AcceptedText("\"{[,:]}//*'\"", .string),
        AcceptedText(" \"x\"\n", .string, value: "\"x\""),
    ]

    private static let containers: [AcceptedText] = [
        AcceptedText("[]", .array),
        AcceptedText("[ ]", .array),
        AcceptedText("[\n]", .array),
        AcceptedText("[1]", .array),
        AcceptedText("[1,2]", .array),
        AcceptedText("[ 1 , 2 ]", .array),
        AcceptedText("[[]]", .array),
        AcceptedText("[[],[]]", .array),
        AcceptedText("[[[[[[[[]]]]]]]]", .array),
        AcceptedText("[{}]", .array),
        AcceptedText("[null,true,false,0,\"\",[],{}]", .array),
        AcceptedText("{}", .object),
        AcceptedText("{ }", .object),
        AcceptedText("{\t\n}", .object),
        AcceptedText(#"{"a":1}"#, .object),
        AcceptedText(#"{ "a" : 1 }"#, .object),
        AcceptedText(#"{"a":1,"b":2}"#, .object),
        AcceptedText("{\r\n  \"a\": [\r\n    1,\r\n    2\r\n  ],\r\n  \"b\": {}\r\n}", .object),
        AcceptedText(#"{"":0}"#, .object),
        AcceptedText(#"{"a":1,"a":2}"#, .object),
        AcceptedText(#"{"\u0061":1}"#, .object),
        AcceptedText(#"{"a":{"b":{"c":[{"d":null}]}}}"#, .object),
        AcceptedText(#"{"a":[],"b":{}}"#, .object),
        AcceptedText(" {\"a\":1} ", .object, value: #"{"a":1}"#),
        AcceptedText("\n[1]\n", .array, value: "[1]"),
    ]
}
