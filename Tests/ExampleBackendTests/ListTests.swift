// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import ExampleBackend

@Suite struct ListTests {
    private static let methods = ["tools/list", "resources/list", "resources/templates/list", "prompts/list"]
    private static let members = ["tools", "resources", "resourceTemplates", "prompts"]

    @Test("A list comes whole when there is no page size", arguments: zip(methods, members))
    func whole(method: String, member: String) async throws {
        let result = try await CoreClient.open().result(method)
        #expect(result.member(member)?.kind == .array)
        #expect(result["nextCursor"] == nil)
    }

    @Test("Pages put together are the whole list in order", arguments: [1, 2, 3, 7, 1_000])
    func pages(size: Int) async throws {
        let whole = try await CoreClient.open().result("tools/list")["tools"].required().elements.compactMap {
            $0["name"]?.string
        }
        let client = try await CoreClient.open(options: .init(transport: .stdio, pageSize: size))
        var names: [String] = []
        var cursor: JSONSlice?
        repeat {
            let page = try await client.result("tools/list", cursor.map { ["cursor": .slice($0)] })
            let shown = try page["tools"].required().elements.compactMap { $0["name"]?.string }
            #expect((1...size).contains(shown.count))
            names += shown
            cursor = page["nextCursor"]
        } while cursor != nil
        #expect(names == whole)
    }

    @Test(
        "A cursor that the list did not issue is refused",
        arguments: [
            #""""#, #""tools""#, #""tools-""#, #""tools-0""#, #""tools--1""#, #""tools-99999""#, #""prompts-1""#, "1",
            "null",
        ])
    func cursors(cursor: String) async throws {
        let client = try await CoreClient.open(options: .init(transport: .stdio, pageSize: 2))
        let cursor = try JSONSlice(validating: ByteBuffer(string: cursor))
        #expect(try await client.error("tools/list", ["cursor": .slice(cursor)])["code"]?.int == -32602)
    }

    @Test func `A list without end always has a next page`() async throws {
        var options = ExampleBackendOptions(transport: .stdio, profile: .notes, pageSize: 2)
        options.faults.endlessPages = true
        let client = try await CoreClient.open(options: options)
        var seen: Set<String> = []
        var cursor: JSONSlice?
        for _ in 0..<20 {
            let page = try await client.result("tools/list", cursor.map { ["cursor": .slice($0)] })
            cursor = try page["nextCursor"].required()
            let isNew = seen.insert(cursor?.string ?? "").inserted
            #expect(isNew)
        }
    }

    @Test func `Malformed definitions are listed when they are asked for`() async throws {
        var options = ExampleBackendOptions(transport: .stdio, profile: .notes)
        options.faults.invalidTools = true
        let tools = Array(try await CoreClient.open(options: options).result("tools/list")["tools"].required().elements)
        #expect(tools.filter { $0["name"]?.isString("twice") == true }.count == 2)
        #expect(tools.contains { $0["inputSchema"] == nil })
        #expect(tools.contains { $0["name"] == nil })
    }

    @Test(
        "A change of a list is seen and announced to every session",
        arguments: [
            ("add_tool", "remove_tool", "tools/list", "tools"),
            ("add_prompt", "remove_prompt", "prompts/list", "prompts"),
            ("add_resource", "remove_resource", "resources/list", "resources"),
        ])
    func changes(add: String, remove: String, method: String, member: String) async throws {
        let first = try await CoreClient.open()
        let second = try await CoreClient.open(with: first)
        func names() async throws -> [String] {
            try await second.result(method).member(member).required().elements.compactMap { $0["name"]?.string }
        }
        let before = try await names()
        _ = try await first.text(add, ["name": "fresh"])
        #expect(try await names() == before + ["fresh"])
        #expect(try await first.call(add, ["name": "fresh"]).isFailure)
        _ = try await first.text(remove, ["name": "fresh"])
        #expect(try await names() == before)
        #expect(try await first.call(remove, ["name": "fresh"]).isFailure)
        for client in [first, second] {
            #expect(
                client.announced.compactMap(\.method)
                    == [String](repeating: "notifications/\(member)/list_changed", count: 2))
        }
    }

    @Test func `What was added works`() async throws {
        let client = try await CoreClient.open()
        for kind in ["tool", "prompt", "resource"] { _ = try await client.text("add_\(kind)", ["name": "fresh"]) }
        #expect(try await client.text("fresh") == "fresh was called")
        #expect(try await client.result("prompts/get", ["name": "fresh"])["messages"]?.kind == .array)
        #expect(try await client.result("resources/read", ["uri": "test://added/fresh"])["contents"]?.kind == .array)
    }

    @Test(
        "Triggers announce without a change",
        arguments: [
            ("test_trigger_tool_change", "notifications/tools/list_changed"),
            ("test_trigger_prompt_change", "notifications/prompts/list_changed"),
        ])
    func triggers(tool: String, method: String) async throws {
        let client = try await CoreClient.open()
        _ = try await client.text(tool)
        #expect(client.announced.compactMap(\.method) == [method])
    }

    @Test func `Only so many items can be added`() async throws {
        let catalogue = try await CoreClient.open().server.catalogue
        func tool(_ name: String) -> Tool { .answering(name, "d") { _ in ToolResult(text: "") } }
        for number in 0..<Catalogue.additions { #expect(catalogue.add(tool("t\(number)"))) }
        #expect(!catalogue.add(tool("one more")))
        #expect(catalogue.removeTool("t0") && catalogue.add(tool("one more")))
    }
}
