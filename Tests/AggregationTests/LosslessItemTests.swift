// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Testing

@testable import Aggregation

@Suite("Items keep what the backend sent")
struct LosslessItemTests {
    static let rich =
        ##"{ "title":"T", "name" : "search" ,"x":1.0,"big":123456789012345678901234567890,"e":1e-7,"##
        + ##""_meta":{"ui":{"z":1,"a":2}},"icons":[{"src":"i"}],"annotations":{"readOnlyHint":true,"x":null},"##
        + ##""inputSchema":{"$schema":"s","type":"object","anyOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"oneOf":[true]}},"if":{},"##
        + ##""additionalProperties":false},"outputSchema":{"items":{}},"description":"\u00e9\n","execution":{}}"##

    private func listed(_ item: String, settings: AggregationSettings = .init()) throws -> (JSONSlice, ToolRoute) {
        // A tool needs a schema to be listed; rows about other members leave it out, so it is added and taken away here.
        let hasSchema = item.contains("inputSchema")
        let complete =
            hasSchema
            ? json(item) : json(item).editing([JSONEdit(key: "inputSchema", value: json(#"{"type":"object"}"#))])
        let snapshot = CapabilitySnapshot(
            catalogs: [BackendCatalog(backend: "git", tools: [complete])], settings: settings)
        let page = try snapshot.pages(.tools)[0]
        let name = try #require(snapshot.names(.tools).first)
        let listed = try #require(page["tools"]?.elements.first { _ in true })
        return (
            hasSchema ? listed : listed.editing([JSONEdit(key: "inputSchema", value: nil)]),
            try #require(snapshot.tool(named: name))
        )
    }

    @Test("A47, A48, GB-39 only the name changes, byte for byte")
    func prefixed() throws {
        let (item, route) = try listed(Self.rich)
        #expect(item.description == Self.rich.replacing(#""search""#, with: #""git_search""#))
        #expect(route.item == item)
        #expect(route.originalName == "search")
        #expect(route.originalNameJSON.description == #""search""#)
        #expect(route.renamed)
        #expect(route.readOnly)
        #expect(!route.idempotent)
    }

    @Test("an item that keeps its name is the backend's bytes")
    func untouched() throws {
        let (item, route) = try listed(Self.rich, settings: .init(strategy: .manual))
        #expect(item.description == Self.rich)
        #expect(!route.renamed)
    }

    @Test(
        "A49 a schema without a type is given the one that it must have, and keeps the rest",
        arguments: [
            (#"{}"#, #"{"type":"object"}"#), (#"{"properties":{}}"#, #"{"properties":{},"type":"object"}"#),
            (#"{ "type":null ,"x":1.0}"#, #"{ "type":"object" ,"x":1.0}"#),
        ])
    func schema(_ schema: String, _ mended: String) throws {
        let text = #"{"name":"a","inputSchema":\#(schema)}"#
        #expect(
            try listed(text, settings: .init(strategy: .manual)).0.description
                == #"{"name":"a","inputSchema":\#(mended)}"#)
    }

    @Test("an escaped name is read unescaped, replaced in the list, and sent back as the backend spells it")
    func escapedName() throws {
        let (item, route) = try listed(#"{"n\u0061me":"se\u0061rch"}"#)
        #expect(item.description == #"{"n\u0061me":"git_search"}"#)
        #expect(route.originalName == "search")
        #expect(route.originalNameJSON.description == #""se\u0061rch""#)
    }

    struct OverrideRow: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let item: String
        let override: ToolOverride
        let expected: String
        var readOnly = false
        var idempotent = false
    }

    @Test(
        "overrides replace single members",
        arguments: [
            OverrideRow(
                testDescription: "A15 description only", item: #"{"description":"old","name":"a","k":1.50}"#,
                override: .init(description: "new \"one\""),
                expected: #"{"description":"new \"one\"","name":"git_a","k":1.50}"#),
            OverrideRow(
                testDescription: "1.5 a missing description is added", item: #"{"name":"a"}"#,
                override: .init(description: "new"), expected: #"{"name":"git_a","description":"new"}"#),
            OverrideRow(
                testDescription: "1.5 empty strings leave the backend's own",
                item: #"{"description":"old","name":"a"}"#,
                override: .init(name: "", description: "", annotations: .init(title: "T")),
                expected: #"{"description":"old","name":"git_a","annotations":{"title":"T"}}"#),
            OverrideRow(
                testDescription: "A16 one hint, the others unchanged",
                item: #"{"name":"a","annotations":{"title":"t","readOnlyHint":true,"x":[1.0],"idempotentHint":true}}"#,
                override: .init(annotations: .init(readOnlyHint: false)),
                expected:
                    #"{"name":"git_a","annotations":{"title":"t","readOnlyHint":false,"x":[1.0],"#
                    + #""idempotentHint":true}}"#,
                idempotent: true),
            OverrideRow(
                testDescription: "12.1.7 annotations alone are enough, all fields", item: #"{"name":"a"}"#,
                override: .init(
                    annotations: .init(
                        title: "é", readOnlyHint: true, destructiveHint: false, idempotentHint: true,
                        openWorldHint: false)),
                expected:
                    #"{"name":"git_a","annotations":{"title":"é","readOnlyHint":true,"destructiveHint":false,"#
                    + #""idempotentHint":true,"openWorldHint":false}}"#,
                readOnly: true, idempotent: true),
        ])
    func override(_ row: OverrideRow) throws {
        let settings = AggregationSettings(workloads: ["git": .init(overrides: ["a": row.override])])
        let (item, route) = try listed(row.item, settings: settings)
        #expect(item.description == row.expected)
        #expect(route.readOnly == row.readOnly)
        #expect(route.idempotent == row.idempotent)
    }

    @Test("A16 the catalog's own bytes are not changed")
    func inputUnchanged() {
        let catalog = BackendCatalog(backend: "git", tools: [json(Self.rich)])
        let settings = AggregationSettings(
            workloads: ["git": .init(overrides: ["search": .init(description: "d", annotations: .init(title: "t"))])])
        _ = CapabilitySnapshot(catalogs: [catalog], settings: settings)
        #expect(catalog.tools[0].description == Self.rich)
    }
}
