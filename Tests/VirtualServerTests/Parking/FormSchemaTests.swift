// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Testing

@testable import VirtualServer

/// The only schema that anything is checked with: the form of an elicitation, written by a backend, filled by a client.
struct FormSchemaTests {
    private func accepts(_ properties: String, _ content: String, required: String = "[]") -> Bool {
        FormSchema(json(#"{"type":"object","properties":\#(properties),"required":\#(required)}"#))
            .accepts(json(content))
    }

    @Test("Choices are compared by what they mean")
    func choices() {
        #expect(accepts(#"{"a":{"enum":["x","é"]}}"#, #"{"a":"\u00e9"}"#))
        #expect(!accepts(#"{"a":{"enum":["x"]}}"#, #"{"a":"y"}"#))
        #expect(accepts(#"{"a":{"enum":[1.0,true,null]}}"#, #"{"a":1}"#))
        #expect(accepts(#"{"a":{"enum":[1,true,null]}}"#, #"{"a":null}"#))
        #expect(!accepts(#"{"a":{"enum":["1"]}}"#, #"{"a":1}"#))
        #expect(!accepts(#"{"a":{"oneOf":[{"const":"x"},{"const":"y"}]}}"#, #"{"a":"z"}"#))
        #expect(accepts(#"{"a":{"type":"array","items":{"anyOf":[{"const":"x"}]}}}"#, #"{"a":["x","x"]}"#))
        #expect(!accepts(#"{"a":{"type":"array","items":{"enum":["x"]},"maxItems":1}}"#, #"{"a":["x","x"]}"#))
        #expect(!accepts(#"{"a":{"type":"array","items":{"enum":["x"]}}}"#, #"{"a":["x","z"]}"#))
        #expect(!accepts("{}", "{}", required: #"["a"]"#))
        #expect(!accepts("{}", #"{"a":1,"a":2}"#))
        // Of a property that is there twice the first counts.
        #expect(!accepts(#"{"a":{"type":"string"},"a":{"type":"integer"}}"#, #"{"a":1}"#))
    }

    @Test("SE-08: compositions are not followed, however they are nested")
    func composition() {
        var bomb = #"{"type":"string"}"#
        for key in 0..<60 {
            let name = ["anyOf", "oneOf", "allOf"][key % 3]
            bomb = ##"{"\##(name)":[\##(bomb)],"if":{},"not":{"not":{}},"$ref":"#/properties/a"}"##
        }
        let wide = Array(repeating: bomb, count: 200).joined(separator: ",")
        #expect(accepts(#"{"a":{"anyOf":[\#(wide)],"allOf":[\#(wide)]}}"#, #"{"a":[1,{"b":2}]}"#))
    }

    @Test("SE-08: lists in lists end with the work that one answer is worth")
    func depth() {
        var schema = #"{"type":"integer"}"#
        var value = "1"
        for _ in 0..<100 {
            schema = #"{"type":"array","items":\#(schema)}"#
            value = "[\(value)]"
        }
        #expect(accepts(#"{"a":\#(schema)}"#, #"{"a":\#(value)}"#))
        #expect(!accepts(#"{"a":\#(schema)}"#, #"{"a":\#(value.replacing("1", with: "true"))}"#))
    }

    @Test("SE-08: many values against many choices are no answer, where few are")
    func work() {
        let choices = (0..<5000).map { #""choice \#($0)""# }.joined(separator: ",")
        let property = #"{"a":{"type":"array","items":{"type":"string","enum":[\#(choices)]}}}"#
        func chosen(_ count: Int) -> String {
            let values = Array(repeating: #""choice 4999""#, count: count).joined(separator: ",")
            return #"{"a":[\#(values)]}"#
        }
        #expect(accepts(property, chosen(50)))
        // Each of these is among the choices; that is not looked up two million times.
        #expect(!accepts(property, chosen(400_000)))
        #expect(!accepts(#"{"a":{"type":"array","items":{"type":"string"}}}"#, chosen(400_000)))
    }

    @Test(
        "SE-08: a long text has no format, and one with a format is soon seen through",
        arguments: ["email", "uri", "date"])
    func formats(_ format: String) {
        let property = #"{"a":{"type":"string","format":"\#(format)"}}"#
        let good = ["email": "a@b", "uri": "a:b", "date": "2026-07-28"][format] ?? ""
        #expect(accepts(property, #"{"a":"\#(good)"}"#))
        #expect(!accepts(property, #"{"a":"\#(String(repeating: "a", count: 8000))"}"#))
        #expect(!accepts(property, #"{"a":"a@:\#(String(repeating: "b", count: 1 << 20))"}"#))
        #expect(accepts(#"{"a":{"type":"string"}}"#, #"{"a":"\#(String(repeating: "a", count: 1 << 20))"}"#))
    }
}
