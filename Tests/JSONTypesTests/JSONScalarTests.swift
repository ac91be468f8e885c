// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@Suite("JSON scalars")
struct JSONScalarTests {
    @Test(
        "A string is unescaped, lone surrogates becoming U+FFFD",
        arguments: [
            (#""""#, ""), (#""plain""#, "plain"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
            (#""\u0041\u00e9\u65E5""#, "Aé日"), (#""\uD83D\uDE00""#, "😀"), (#""\ud83d\ude00!""#, "😀!"),
            (#""\uD800""#, "\u{FFFD}"), (#""\uDC00x""#, "\u{FFFD}x"), (#""\uD83D\n""#, "\u{FFFD}\n"),
            (#""\uD800\uD83D\uDE00""#, "\u{FFFD}😀"), (#""\uDE00\uD83D""#, "\u{FFFD}\u{FFFD}"),
            (#""\uDC00\uDC00""#, "\u{FFFD}\u{FFFD}"),
            (#""\uD83D\u0041""#, "\u{FFFD}A"), (#""\uD83D\\uDE00""#, "\u{FFFD}\\uDE00"),
            (#""\uDBFF\uDFFF\uD800\uDC00""#, "\u{10FFFF}\u{10000}"), (#""a\u0000b""#, "a\0b"),
            (#""\\u0041""#, "\\u0041"),
            (
                #""a long run before the escape\tand a long run after it, é too""#,
                "a long run before the escape\tand a long run after it, é too"
            ),
            (#""\\\\\\\\\\\\\\\\""#, "\\\\\\\\\\\\\\\\"),
        ])
    func unescapes(_ text: String, _ expected: String) throws {
        let slice = try json(text)
        #expect(slice.string.map { Array($0.utf8) } == Array(expected.utf8))
        #expect(slice.value == .string(expected))
    }

    @Test("Other kinds have no string", arguments: ["1", "true", "null", "[]", "{}", #"["a"]"#])
    func hasNoString(_ text: String) throws {
        #expect(try json(text).string == nil)
        #expect(try json(text).isString("a") == false)
    }

    @Test("A string is compared without being decoded")
    func compares() throws {
        #expect(try json(#""2.0""#).isString("2.0"))
        #expect(try json(#""2\u002e0""#).isString("2.0"))
        #expect(try json(#""""#).isString(""))
        #expect(try json(#""😀""#).isString("😀"))
        #expect(try json(#""\uD83D\uDE00""#).isString("😀"))
        #expect(try json(#""x""#).isString("x"))
        for text in [#""2.""#, #""2.00""#, #""2\u002e00""#, #""2\u002e""#, "2.0", #""2,0""#] {
            #expect(try json(text).isString("2.0") == false)
        }
        #expect(try json("\"e\u{301}\"").isString("\u{E9}") == false)
    }

    @Test("Booleans and null are told apart from everything else")
    func literals() throws {
        #expect(try json("true").bool == true)
        #expect(try json("false").bool == false)
        for text in ["null", "0", "1", #""true""#, "[true]", "{}"] {
            #expect(try json(text).bool == nil)
            #expect(try json(text).isNull == (text == "null"))
        }
    }

    static let integers: [(String, Int?)] = [
        ("0", 0), ("-0", 0), ("7", 7), ("-7", -7), ("10", 10), ("1200300", 1_200_300), ("5.0", 5), ("5.000", 5),
        ("-5.0", -5), ("0.0", 0), ("-0.0e5", 0), ("5e2", 500), ("5E+2", 500), ("1.5e1", 15), ("1.50e1", 15),
        ("50e-1", 5), ("500e-2", 5), ("0.05e2", 5), ("0.00", 0), ("0e999999999999999999999", 0), ("0e-99", 0),
        ("1e18", 1_000_000_000_000_000_000), ("1000000000000000000e0", 1_000_000_000_000_000_000),
        ("9223372036854775807", .max), ("-9223372036854775808", .min), ("9223372036854775807.0", .max),
        ("922337203685477580.7e1", .max), ("-92233720368547758080e-1", .min),
        ("10000000000000000000000000000000e-31", 1),
        ("9223372036854775808", nil), ("-9223372036854775809", nil), ("18446744073709551615", nil), ("1e19", nil),
        ("1e400", nil), ("1e999999999999999999999999999", nil), ("1e-999999999999999999999999999", nil),
        ("0.5", nil), ("-1.5", nil), ("15e-1", nil), ("1.05e1", nil), ("1e-1", nil), ("123456789012345678901e-3", nil),
    ]

    @Test("A number that is an integer within Int is read exactly, however it is spelled", arguments: integers)
    func readsIntegers(_ text: String, _ expected: Int?) throws {
        #expect(try json(text).int == expected)
        #expect(JSONNumber(text: text)?.int == expected)
    }

    @Test("Other kinds have no number", arguments: ["true", "null", #""1""#, "[1]", "{}"])
    func hasNoNumber(_ text: String) throws {
        #expect(try json(text).int == nil)
        #expect(try json(text).double == nil)
    }

    @Test(
        "A number is read as the nearest double, and not at all where that would be infinite",
        arguments: [
            ("0", 0), ("1.5", 1.5), ("-2.5e-3", -0.0025), ("0.1", 0.1), ("1e22", 1e22),
            ("9007199254740993", 9_007_199_254_740_992),
            ("5e-324", .leastNonzeroMagnitude), ("1.7976931348623157e308", .greatestFiniteMagnitude),
            ("1e-400", 0), ("1e400", nil),
            ("-1e400", nil), ("123456789012345678901234567890", 1.2345678901234568e29),
        ] as [(String, Double?)])
    func readsDoubles(_ text: String, _ expected: Double?) throws {
        #expect(try json(text).double == expected)
        #expect(JSONNumber(text: text)?.double == expected)
    }

    @Test("A number of many digits is read in full")
    func readsLongNumbers() throws {
        let third = "0." + String(repeating: "3", count: 5000)
        #expect(try json(third).double == 1.0 / 3.0)
        #expect(try json("1" + String(repeating: "0", count: 5000)).double == nil)
        #expect(try json("1" + String(repeating: "0", count: 5000) + "e-5000").int == 1)
    }

    @Test("Negative zero keeps its sign as a double")
    func keepsNegativeZero() throws {
        #expect(try json("-0").double?.sign == .minus)
        #expect(try json("-0.0").double?.sign == .minus)
    }
}
