// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import Aggregation

@Suite("Unusable items cost themselves and a warning")
struct UnusableItemTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let kind: ListKind
        let item: JSONSlice
        let warning: AggregationWarning.Kind
    }

    static let malformed: [Row] = ListKind.allCases.flatMap { kind in
        let key = "\(kind.identityKey)"
        return [
            "null", "[]", #""a""#, "7", "{}", #"{"\#(key)":null}"#, #"{"\#(key)":7}"#, #"{"\#(key)":{}}"#,
            #"{"\#(key)":""}"#,
            #"{"\#(key)":"a:b","x":1,"\#(key)":"a:c"}"#,
            #"{"\#(key)":"a:b","\#(key.replacing("i", with: #"\u0069"#).replacing("n", with: #"\u006e"#))":"a:c"}"#,
        ].map { Row(testDescription: "\(kind) \($0)", kind: kind, item: json($0), warning: .malformedItem) }
    }

    static let repeated: [Row] = [
        #"{"name":"a","annotations":{},"annotations":{"readOnlyHint":true}}"#,
        #"{"name":"a","inputSchema":{},"inputSchema":{}}"#,
        #"{"name":"a","description":"x","description":"y"}"#,
        #"{"name":"a","annotations":{"readOnlyHint":false,"readOnlyHint":true}}"#,
    ].map { Row(testDescription: $0, kind: .tools, item: json($0), warning: .malformedItem) }

    static let hostileNames: [Row] = [
        "a\u{0}b", "a\nb", "\u{1B}[31mred", "a b", " a", "a\"b", "a\\b", "emoji😀", "\u{202E}gpj.exe", "مرحبا", "a:b",
        "a,b",
        "\u{212A}elvin", "é", String(repeating: "x", count: 10_240), "a\u{FFFD}",
    ].map { name in
        Row(testDescription: "tool \(printable(name))", kind: .tools, item: tool(name), warning: .unusableName)
    }

    static let hiddenText: [Row] = [
        "x:\u{0}", "x:a\nb", "x:\u{7F}", "x:\u{85}", "x:\u{202E}y", "x:\u{2066}y", "x:\u{200B}", "x:\u{FEFF}",
        "x:\u{2028}",
        "x:\u{E0041}", "x:\u{FFFD}", "x:" + String(repeating: "y", count: 10_000),
    ].flatMap { text in
        [
            Row(
                testDescription: "prompt \(printable(text))", kind: .prompts, item: prompt(text), warning: .unusableName
            ),
            Row(
                testDescription: "resource \(printable(text))", kind: .resources, item: resource(text),
                warning: .unusableName),
            Row(
                testDescription: "template \(printable(text))", kind: .resourceTemplates, item: template(text),
                warning: .unusableName),
        ]
    }

    @Test("the item is dropped, its neighbours stay", arguments: malformed + repeated + hostileNames + hiddenText)
    func dropped(_ row: Row) throws {
        let good = [tool("good"), resource("good:1"), template("good:{x}"), prompt("good")]
        var catalog = BackendCatalog(backend: "b")
        switch row.kind {
        case .tools: catalog.tools = [row.item, good[0]]
        case .resources: catalog.resources = [row.item, good[1]]
        case .resourceTemplates: catalog.resourceTemplates = [row.item, good[2]]
        case .prompts: catalog.prompts = [row.item, good[3]]
        }
        let snapshot = CapabilitySnapshot(catalogs: [catalog], settings: .init())
        #expect(snapshot.items(row.kind).count == 1)
        let warning = try #require(snapshot.warnings.first)
        #expect(snapshot.warnings.count == 1)
        #expect(warning.kind == row.warning)
        #expect(warning.backend == "b")
        for text in [warning.item, warning.message] {
            #expect(text.utf8.allSatisfy { (0x20...0x7E).contains($0) })
            #expect(text.utf8.count < 512)
        }
    }

    @Test("any script and emoji are fine in prompt names and URIs")
    func anyScript() {
        let catalog = BackendCatalog.of(
            "b", resources: ["file:///日本/😀", "file:///مرحبا"], templates: ["é:{x}"], prompts: ["résumé", "a b", "😀"])
        let snapshot = CapabilitySnapshot(catalogs: [catalog], settings: .init())
        #expect(snapshot.counts == CapabilityCounts(resources: 2, resourceTemplates: 1, prompts: 3))
        #expect(snapshot.warnings == [])
    }

    @Test("the first of two items with one identity is kept", arguments: ListKind.allCases)
    func duplicates(_ kind: ListKind) throws {
        let items = [1, 2].map {
            json(#"{"\#(kind.identityKey)":"a:b","\#(kind == .prompts ? "x" : "name")":"n","v":\#($0)}"#)
        }
        var catalog = BackendCatalog(backend: "b")
        switch kind {
        case .tools: catalog.tools = [1, 2].map { tool("a", ",\"v\":\($0)") }
        case .resources: catalog.resources = items
        case .resourceTemplates: catalog.resourceTemplates = items
        case .prompts: catalog.prompts = items
        }
        let snapshot = CapabilitySnapshot(catalogs: [catalog], settings: .init())
        #expect(snapshot.items(kind).map { $0.item["v"]?.int } == [1])
        #expect(snapshot.warningKinds == [.duplicateItem])
    }

    @Test(
        "SE-14: an item that strict clients refuse is dropped, so that it does not take the whole list with it",
        arguments: [
            (ListKind.tools, #"{"name":"a"}"#), (.tools, #"{"name":"a","inputSchema":null}"#),
            (.tools, #"{"name":"a","inputSchema":"object"}"#),
            (.tools, #"{"name":"a","inputSchema":{"type":"array"}}"#),
            (.tools, #"{"name":"a","inputSchema":{"type":"object"},"description":7}"#),
            (.tools, #"{"name":"a","inputSchema":{"type":"object"},"title":[]}"#),
            (.tools, #"{"name":"a","inputSchema":{"type":"object"},"annotations":[]}"#),
            (.tools, #"{"name":"a","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":"true"}}"#),
            (.tools, #"{"name":"a","inputSchema":{"type":"object"},"outputSchema":[]}"#),
            (.tools, #"{"name":"a","inputSchema":{"type":"object"},"_meta":1}"#),
            (.tools, #"{"name":"a","inputSchema":{"type":"object","properties":[]}}"#),
            (.tools, #"{"name":"a","inputSchema":{"type":"object","properties":{"x":"string"}}}"#),
            (.tools, #"{"name":"a","inputSchema":{"type":"object","required":true}}"#),
            (.tools, #"{"name":"a","inputSchema":{"type":"object","required":["x",1]}}"#),
            (.tools, #"{"name":"a","inputSchema":{"type":"object","$schema":7}}"#),
            (.resources, #"{"uri":"a:b"}"#), (.resources, #"{"uri":"a:b","name":1}"#),
            (.resources, #"{"uri":"a:b","name":"n","size":"1"}"#),
            (.resourceTemplates, #"{"uriTemplate":"a:{b}","name":"n","mimeType":{}}"#),
            (.prompts, #"{"name":"a","arguments":{}}"#), (.prompts, #"{"name":"a","arguments":[{}]}"#),
            (.prompts, #"{"name":"a","arguments":[{"name":"n","required":"yes"}]}"#),
        ])
    func wrongShape(_ kind: ListKind, _ item: String) {
        var catalog = BackendCatalog(backend: "b")
        switch kind {
        case .tools: catalog.tools = [json(item)]
        case .resources: catalog.resources = [json(item)]
        case .resourceTemplates: catalog.resourceTemplates = [json(item)]
        case .prompts: catalog.prompts = [json(item)]
        }
        let snapshot = CapabilitySnapshot(catalogs: [catalog], settings: .init())
        #expect(snapshot.items(kind).isEmpty)
        #expect(snapshot.warningKinds == [.malformedItem])
    }

    @Test(
        "SE-14: what can be mended without losing anything is, with one warning for the item",
        arguments: [
            (
                ListKind.tools,
                #"{"name":"a","title":null,"description":null,"icons":null,"_meta":null,"outputSchema":null,"#
                    + #""annotations":null,"execution":null,"inputSchema":{"type":"object"},"other":null}"#,
                #"{"name":"a","inputSchema":{"type":"object"},"other":null}"#
            ),
            (
                .tools, #"{"name":"a","inputSchema":{},"annotations":{"title":null,"readOnlyHint":true}}"#,
                #"{"name":"a","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}"#
            ),
            (
                .tools,
                #"{"name":"a","inputSchema":{"type":"object","properties":{"x":true,"y":{"a":1.0},"z":false}}}"#,
                #"{"name":"a","inputSchema":{"type":"object","properties":{"x":{},"y":{"a":1.0},"z":{"not":{}}}}}"#
            ),
            (
                .tools, #"{"name":"a","inputSchema":{"type":"object"},"outputSchema":{"required":true}}"#,
                #"{"name":"a","inputSchema":{"type":"object"}}"#
            ),
            (
                .tools, #"{"name":"a","inputSchema":{"type":"object"},"execution":{"taskSupport":"maybe"}}"#,
                #"{"name":"a","inputSchema":{"type":"object"}}"#
            ),
            (
                .tools,
                #"{"name":"a","inputSchema":{"type":"object"},"icons":[{"mimeType":"image/png"},"#
                    + #"{"src":"https://i","sizes":null,"theme":"dark"},{"src":"https://j","theme":"blue"},7,"#
                    + #"{"src":1},{"src":"https://k","sizes":"any"}]}"#,
                #"{"name":"a","inputSchema":{"type":"object"},"icons":[{"src":"https://i","theme":"dark"}]}"#
            ),
            (.prompts, #"{"name":"a","icons":{}}"#, #"{"name":"a"}"#),
            (.prompts, #"{"name":"a","icons":[{}]}"#, #"{"name":"a"}"#),
            (.prompts, #"{"name":"a","arguments":null}"#, #"{"name":"a"}"#),
            (
                .prompts, #"{"name":"a","arguments":[{"name":"x","required":null,"title":null},{"name":"y"}]}"#,
                #"{"name":"a","arguments":[{"name":"x"},{"name":"y"}]}"#
            ),
            (
                .resources,
                #"{"uri":"a:b","name":"n","size":1.5,"mimeType":null,"annotations":{"audience":["robot"],"#
                    + #""priority":0.5,"lastModified":7}}"#,
                #"{"uri":"a:b","name":"n","annotations":{"priority":0.5}}"#
            ),
            (
                .resources, #"{"uri":"a:b","name":"n","annotations":{"audience":null,"priority":2}}"#,
                #"{"uri":"a:b","name":"n","annotations":{}}"#
            ),
            (
                .resourceTemplates, #"{"uriTemplate":"a:{b}","name":"n","annotations":{"priority":"high"}}"#,
                #"{"uriTemplate":"a:{b}","name":"n","annotations":{}}"#
            ),
        ] as [(ListKind, String, String)])
    func mended(_ kind: ListKind, _ item: String, _ expected: String) throws {
        var catalog = BackendCatalog(backend: "b")
        switch kind {
        case .tools: catalog.tools = [json(item), tool("good")]
        case .resources: catalog.resources = [json(item), resource("good:1")]
        case .resourceTemplates: catalog.resourceTemplates = [json(item), template("good:{x}")]
        case .prompts: catalog.prompts = [json(item), prompt("good")]
        }
        let snapshot = CapabilitySnapshot(catalogs: [catalog], settings: .init(strategy: .manual))
        // Prompts have no strategy but the prefix.
        let listed = snapshot.items(kind).map { $0.item.description.replacing(#""b_a""#, with: #""a""#) }
        #expect(listed.contains(expected), "\(listed)")
        #expect(snapshot.items(kind).count == 2)
        #expect(snapshot.warningKinds == [.mendedItem])
        let warning = try #require(snapshot.warnings.first)
        #expect(warning.item == (kind == .resources ? "a:b" : kind == .resourceTemplates ? "a:{b}" : "a"))
        #expect(warning.message.utf8.allSatisfy { (0x20...0x7E).contains($0) })
    }

    @Test(
        "SE-14: a resource whose URI strict clients cannot read is dropped",
        arguments: ["notes", "/etc/passwd", "1x:y", ":x", "http://", "https:///x"])
    func noScheme(_ uri: String) {
        let catalog = BackendCatalog(backend: "b", resources: [resource(uri), resource("good:1")])
        let snapshot = CapabilitySnapshot(catalogs: [catalog], settings: .init())
        #expect(snapshot.items(.resources).map(\.key) == ["good:1"])
        #expect(snapshot.warningKinds == [.unusableName])
    }

    @Test("warnings of one kind are bounded for each backend, and the rest is counted")
    func boundedWarnings() {
        let noisy = BackendCatalog(backend: "noisy", tools: (0..<1000).map { tool("bad name \($0)") })
        let other = BackendCatalog(backend: "other", tools: [tool("bad name")])
        let snapshot = CapabilitySnapshot(catalogs: [noisy, other], settings: .init())
        #expect(snapshot.warnings.count { $0.backend == "noisy" } == WarningLog.limitPerKind + 1)
        #expect(snapshot.warnings.count { $0.backend == "other" } == 1)
        #expect(snapshot.warnings.last?.message == "backend \"noisy\": 968 more warnings of kind unusableName")
    }

    @Test("two catalogs of one backend have one outcome in either order")
    func duplicateBackend() {
        let catalogs = [BackendCatalog.of("b", tools: ["y"]), .of("b", tools: ["x"]), .of("a", tools: ["z"])]
        for catalogs in [catalogs, catalogs.reversed()] {
            let snapshot = CapabilitySnapshot(catalogs: catalogs, settings: .init())
            #expect(snapshot.toolRoutes == ["a_z -> a/z", "b_x -> b/x"])
            #expect(snapshot.warningKinds == [.duplicateBackend])
        }
    }

    @Test(
        "text for logs is printable ASCII, unambiguous and cut",
        arguments: [
            ("plain name", "plain name"), ("a\"b\\c", #"a\"b\\c"#), ("\u{1B}[0m\n", #"\u{1B}[0m\u{A}"#),
            ("é😀", #"\u{E9}\u{1F600}"#),
            (String(repeating: "x", count: 100), String(repeating: "x", count: 80) + "... (100 bytes)"),
        ])
    func printableText(_ text: String, _ expected: String) {
        #expect(printable(text) == expected)
    }
}
