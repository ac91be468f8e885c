// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@Suite("JSON values")
struct JSONValueTests {
    @Test("Literals build values that are written compactly in their order")
    func writesLiterals() {
        let value: JSONValue = [
            "z": 1, "a": [nil, true, false, -2.5, "x"], "empty": [], "nested": ["k": [:]], "z": "again",
        ]
        #expect(
            JSONSlice(value).description
                == #"{"z":1,"a":[null,true,false,-2.5,"x"],"empty":[],"nested":{"k":{}},"z":"again"}"#)
    }

    @Test("A slice is written verbatim")
    func splices() throws {
        let slice = try json("{ \"n\" : 1.0 }")
        let written = JSONSlice(["a": .slice(slice), "b": [.slice(slice)]])
        #expect(written.description == #"{"a":{ "n" : 1.0 },"b":[{ "n" : 1.0 }]}"#)
    }

    @Test(
        "A string is written with the escapes that RFC 8259 demands and no others",
        arguments: [
            ("", #""""#), ("a", #""a""#), ("\"\\/", #""\"\\/""#), ("\u{8}\t\n\u{C}\r", #""\b\t\n\f\r""#),
            ("\0\u{1}\u{B}\u{1F}", #""\u0000\u0001\u000b\u001f""#), ("\u{7F}é日😀\u{2028}", "\"\u{7F}é日😀\u{2028}\""),
            ("long enough for words\nand more", #""long enough for words\nand more""#),
            ("12345678\"", #""12345678\"""#),
            ("é\"é", #""é\"é""#), ("\n", #""\n""#), ("\n\n", #""\n\n""#),
        ])
    func writesStrings(_ text: String, _ expected: String) throws {
        #expect(JSONSlice(string: text).description == expected)
        #expect(JSONSlice(.string(text)).description == expected)
        #expect(try json(expected).string == text)
    }

    @Test("Every character survives being written and read")
    func roundTripsStrings() throws {
        for scalar in (0...0x3000).compactMap(Unicode.Scalar.init) + ["\u{FFFF}", "\u{10000}", "\u{10FFFF}"] {
            let text = "ab" + String(Character(scalar)) + "cdefghij"
            let slice = try JSONSlice(validating: JSONSlice(string: text).bytes)
            #expect(slice.string.map { Array($0.utf8) } == Array(text.utf8))
        }
    }

    @Test("A decoded value keeps order, repetitions and the spelling of numbers")
    func decodes() throws {
        let text = #"{"z":1.0,"a":[1e400,9007199254740993,-0,[],{}],"z":"é\n","\u0062":{"c":null,"d":true,"e":false}}"#
        let value = try json(text).value
        let one = try #require(JSONNumber(text: "1.0"))
        #expect(value["z"] == .number(one))
        #expect(value["b"]?["d"] == true)
        #expect(value["b"]?["x"] == nil)
        #expect(value["z"]?["x"] == nil)
        #expect(JSONSlice(value).description == text.replacing(#"\u0062"#, with: "b"))
    }

    @Test("Compact texts survive decoding and writing", arguments: JSONGrammarTests.accepted.map(\.text))
    func roundTrips(_ text: String) throws {
        let value = try json(text).value
        let written = JSONSlice(value)
        #expect(try JSONSlice(validating: written.bytes).value == value)
    }

    @Test("Deep and wide values are decoded")
    func decodesDeep() throws {
        let text = String(repeating: #"[{"a":"#, count: 60) + "1" + String(repeating: "}]", count: 60)
        #expect(JSONSlice(try json(text).value).description == text)
    }

    @Test("A subscript looks into objects and slices and finds nothing elsewhere")
    func looksInside() throws {
        let value: JSONValue = ["a": .slice(try json(#"{"b":{"c":1}}"#)), "l": [1]]
        #expect(value["a"]?["b"]?["c"] == .slice(JSONSlice(1)))
        #expect(value["l"]?["b"] == nil)
        #expect(value["x"] == nil)
    }

    @Test("Values are equal when they are spelled alike")
    func equality() throws {
        let decimal = try #require(JSONNumber(text: "1.0"))
        #expect(JSONValue.number(decimal) != 1)
        #expect((["a": 1, "b": 2] as JSONValue) != ["b": 2, "a": 1])
        #expect((["a": 1, "b": 2] as JSONValue) == ["a": 1, "b": 2])
        #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
        #expect(JSONValue.slice(.null) != .null)
        let values: [JSONValue] = [nil, true, 1, "a", [], [:], nil, [:], "\u{E9}", "e\u{301}"]
        #expect(Set(values).count == 8)
    }
}

@Suite("JSON objects")
struct JSONObjectTests {
    @Test("Setting replaces in place, appends what is missing and removes repetitions")
    func sets() {
        var object: JSONObject = ["a": 1, "b": 2, "a": 3, "c": 4]
        #expect(object.count == 4)
        #expect(object["a"] == 1)
        object["a"] = 9
        object["d"] = 5
        #expect(object.map(\.key) == ["a", "b", "c", "d"])
        #expect(object["a"] == 9)
        object["b"] = nil
        object["missing"] = nil
        #expect(object == ["a": 9, "c": 4, "d": 5])
        #expect(object.isEmpty == false)
        #expect(JSONObject().isEmpty)
    }

    @Test("Removing a repeated key removes each of its members")
    func removes() {
        var object: JSONObject = ["a": 1, "b": 2, "a": 3, "a": 4]
        object["a"] = nil
        #expect(object == ["b": 2])
    }

    @Test("Keys are compared byte by byte")
    func comparesBytes() {
        var object: JSONObject = ["\u{E9}": 1]
        #expect(object["e\u{301}"] == nil)
        object["e\u{301}"] = 2
        #expect(object.count == 2)
        #expect(object != ["e\u{301}": 1, "e\u{301}": 2])
    }
}

@Suite("JSON numbers")
struct JSONNumberTests {
    @Test("Only the grammar of RFC 8259 section 6 makes a number")
    func checksText() {
        for text in ["0", "-0", "1.0", "1e400", "9007199254740993", "-1.5E-3"] {
            #expect(JSONNumber(text: text)?.text == text)
        }
        for text in ["", "-", "01", "1.", ".5", "+1", "1e", "NaN", " 1", "1 ", "0x1", "1,", "true", "１"] {
            #expect(JSONNumber(text: text) == nil)
        }
    }

    @Test("Integers and doubles are spelled so that they read back exactly")
    func spells() {
        for value in [0, 1, -1, Int.max, Int.min] {
            #expect(JSONNumber(value).int == value)
        }
        let doubles: [Double] = [
            0, -0.0, 0.1, 1.0 / 3, 1e22, 1e16, .leastNonzeroMagnitude, -.greatestFiniteMagnitude, 1e-7, 2.125,
        ]
        for value in doubles {
            let number = JSONNumber(value)
            #expect(JSONNumber(text: number.text) == number)
            #expect(number.double?.bitPattern == value.bitPattern)
        }
    }

    @Test("Doubles that JSON cannot spell become the nearest that it can")
    func spellsNonFinite() {
        #expect(JSONNumber(Double.infinity).double == .greatestFiniteMagnitude)
        #expect(JSONNumber(-Double.infinity).double == -.greatestFiniteMagnitude)
        #expect(JSONNumber(Double.nan).text == "0")
    }
}
