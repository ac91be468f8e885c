// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import Testing

@testable import Aggregation

@Suite("x-mcp-header annotations")
struct HeaderAnnotationTests {
    static func schema(_ properties: String, _ more: String = "") -> String {
        #"{"type":"object","properties":{\#(properties)}\#(more)}"#
    }

    static func nested(_ depth: Int) -> String {
        String(repeating: #"{"type":"object","properties":{"p":"#, count: depth)
            + #"{"type":"string","x-mcp-header":"A"}"#
            + String(repeating: "}}", count: depth)
    }

    @Test(
        "A50, BC-21 an invalid annotation drops that tool and no other",
        arguments: [
            schema(#""a":{"type":"string","x-mcp-header":""}"#),
            schema(#""a":{"type":"string","x-mcp-header":7}"#),
            schema(#""a":{"type":"string","x-mcp-header":null}"#),
            schema(#""a":{"type":"string","x-mcp-header":"with space"}"#),
            schema(#""a":{"type":"string","x-mcp-header":"colon:"}"#),
            schema(#""a":{"type":"string","x-mcp-header":"é"}"#),
            schema(#""a":{"type":"string","x-mcp-header":"a\r\nb"}"#),
            schema(#""a":{"type":"string","x-mcp-header":"\#(String(repeating: "a", count: 257))"}"#),
            schema(#""a":{"type":"number","x-mcp-header":"A"}"#),
            schema(#""a":{"type":"object","x-mcp-header":"A"}"#),
            schema(#""a":{"type":"array","x-mcp-header":"A"}"#),
            schema(#""a":{"type":"null","x-mcp-header":"A"}"#),
            schema(#""a":{"type":["string","null"],"x-mcp-header":"A"}"#),
            schema(#""a":{"x-mcp-header":"A"}"#),
            schema(#""a":{"type":"string","type":"integer","x-mcp-header":"A"}"#),
            schema(#""a":{"type":"string","x-mcp-header":"A","x-mcp-header":"B"}"#),
            schema(#""a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}"#),
            schema(#""a":{"type":"string","x\u002dmcp-header":"A B"}"#),
            schema(#""a":{"type":"array","items":{"type":"string","x-mcp-header":"A"}}"#),
            schema(#""a":{"anyOf":[{"type":"string","x-mcp-header":"A"}]}"#),
            schema(##""a":{"$ref":"#/$defs/a"}"##, #","$defs":{"a":{"type":"string","x-mcp-header":"A"}}"#),
            schema("", #","allOf":[{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}]"#),
            schema("", #","if":{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}"#),
            schema("", #","additionalProperties":{"type":"string","x-mcp-header":"A"}"#),
            schema("", #","patternProperties":{".":{"type":"string","x-mcp-header":"A"}}"#),
            schema("", #","x-mcp-header":"A""#),
            nested(65),
        ])
    func invalid(_ schema: String) {
        let catalog = BackendCatalog(
            backend: "b", tools: [json(#"{"name":"bad","inputSchema":\#(schema)}"#), tool("good")])
        let snapshot = CapabilitySnapshot(catalogs: [catalog], settings: .init())
        #expect(snapshot.toolRoutes == ["b_good -> b/good"])
        #expect(snapshot.warnings.map(\.kind) == [.invalidHeaderAnnotation])
        #expect(snapshot.warnings.first?.item == "bad")
    }

    @Test(
        "valid annotations are kept and read",
        arguments: [
            (schema(#""a":{"type":"string","x-mcp-header":"Region"}"#), ["Region a string"]),
            (
                schema(
                    #""a":{"x-mcp-header":"A","type":"integer"},"#
                        + #""b":{"properties":{"c d":{"type":"boolean","x-mcp-header":"B-1"}}}"#
                ),
                ["A a integer", "B-1 b/c d boolean"]
            ),
            (schema(#""x-mcp-header":{"type":"string"}"#), []),
            (
                schema(#""a":{"default":{"x-mcp-header":""},"enum":[{"x-mcp-header":1}],"const":{"x-mcp-header":""}}"#),
                []
            ),
            (schema(#""a":{"description":"x-mcp-header"}"#), []),
            (nested(64), ["A " + Array(repeating: "p", count: 64).joined(separator: "/") + " string"]),
        ])
    func valid(_ schema: String, _ expected: [String]) throws {
        let catalog = BackendCatalog(backend: "b", tools: [json(#"{"name":"t","inputSchema":\#(schema)}"#)])
        let snapshot = CapabilitySnapshot(catalogs: [catalog], settings: .init())
        let route = try #require(snapshot.tool(named: "b_t"))
        #expect(
            route.parameterHeaders.fields.map { "\($0.name) \($0.path.joined(separator: "/")) \($0.kind)" }
                == expected)
        #expect(snapshot.warnings == [])
    }

    @Test("a deep schema without annotations is no reason to drop a tool")
    func deep() {
        let schema = Self.nested(100).replacing("x-mcp-header", with: "y")
        let catalog = BackendCatalog(
            backend: "b", tools: [json(#"{"name":"t","inputSchema":\#(schema),"x":"x-mcp-header"}"#)])
        #expect(CapabilitySnapshot(catalogs: [catalog], settings: .init()).counts.tools == 1)
    }
}
