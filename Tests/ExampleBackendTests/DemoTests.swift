// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Testing

@testable import ExampleBackend

@Suite struct DemoTests {
    private func open(_ profile: ExampleBackendOptions.Profile) async throws -> CoreClient {
        try await CoreClient.open(options: .init(transport: .stdio, profile: profile))
    }

    @Test(
        "Every demonstration server has tools, a resource, a template and a prompt, and shares search and describe",
        arguments: [ExampleBackendOptions.Profile.notes, .calendar, .library])
    func shape(profile: ExampleBackendOptions.Profile) async throws {
        let client = try await open(profile)
        let names = try await client.result("tools/list")["tools"].required().elements.compactMap { $0["name"]?.string }
        #expect((4...6).contains(names.count))
        #expect(names.contains("search") && names.contains("describe"))
        for resource in try await client.result("resources/list")["resources"].required().elements {
            let result = try await client.result("resources/read", ["uri": .slice(try resource["uri"].required())])
            #expect(result.description.contains(#""text":"#))
        }
        #expect(
            try await Array(client.result("resources/templates/list")["resourceTemplates"].required().elements).count
                == 1)
        for prompt in try await client.result("prompts/list")["prompts"].required().elements {
            #expect(
                try await client.result("prompts/get", ["name": .slice(prompt["name"].required())])["messages"] != nil)
        }
    }

    @Test func `Notes are added, found, described, read and deleted`() async throws {
        let client = try await open(.notes)
        _ = try await client.text("note_add", ["title": "Fresh", "text": "paint on the door"])
        #expect(try await client.text("note_list").contains("Fresh"))
        #expect(try await client.text("search", ["query": "PAINT door"]) == "Fresh: paint on the door")
        #expect(
            try await client.call("describe", ["title": "Fresh"])["structuredContent"]?["text"]?.string
                == "paint on the door")
        #expect(try await client.result("resources/read", ["uri": "notes://note/Fresh"]).description.contains("paint"))
        _ = try await client.text("note_delete", ["title": "Fresh"])
        #expect(try await client.call("describe", ["title": "Fresh"]).isFailure)
        #expect(try await client.call("note_delete", ["title": "Fresh"]).isFailure)
        #expect(try await client.text("search", ["query": "paint"]) == "Nothing found.")
    }

    @Test func `Events are planned, shown on their day and cancelled`() async throws {
        let client = try await open(.calendar)
        _ = try await client.text("event_add", ["title": "Tea", "when": "Sunday 16:00"])
        #expect(try await client.text("today", ["day": "Sunday"]) == "Tea: Sunday 16:00")
        _ = try await client.text("event_cancel", ["title": "Tea"])
        #expect(try await client.text("today", ["day": "Sunday"]) == "Nothing on Sunday.")
        #expect(try await client.text("today").contains("Stand-up"))
    }

    @Test func `A book is lent once until it is given back`() async throws {
        let client = try await open(.library)
        #expect(try await client.text("book_list").split(separator: "\n").count == 3)
        _ = try await client.text("borrow", ["title": "Flatland"])
        #expect(try await client.call("borrow", ["title": "Flatland"]).isFailure)
        _ = try await client.text("give_back", ["title": "Flatland"])
        _ = try await client.text("borrow", ["title": "Flatland"])
        #expect(try await client.call("borrow", ["title": "Nothing"]).isFailure)
    }

    @Test func `A shelf has a bounded number of places`() throws {
        let shelf = Shelf([:])
        for number in 0..<1_000 { try shelf.put("t\(number)", "x") }
        #expect(throws: ToolFailure.self) { try shelf.put("one more", "x") }
        try shelf.put("t0", "y")
        #expect(shelf["t0"] == "y")
    }
}
