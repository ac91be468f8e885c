// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import ExampleBackend

@Suite struct SessionTests {
    @Test(
        "A known revision is echoed, any other becomes the latest",
        arguments: [
            ("2024-11-05", "2024-11-05"), ("2025-03-26", "2025-03-26"), ("2025-06-18", "2025-06-18"),
            ("2025-11-25", "2025-11-25"), ("2026-07-28", "2025-11-25"), ("1999-01-01", "2025-11-25"),
        ])
    func negotiation(asked: String, agreed: String) async throws {
        #expect(try await CoreClient.open(asked).session.revision.rawValue == agreed)
    }

    @Test(
        "A server can be held back to an older revision",
        arguments: [
            ("2025-11-25", "2025-03-26"), ("2025-03-26", "2025-03-26"), ("2024-11-05", "2024-11-05"),
            ("2026-07-28", "2025-03-26"),
        ])
    func heldBack(asked: String, agreed: String) async throws {
        var options = ExampleBackendOptions(transport: .stdio)
        options.faults.newestRevision = .march2025
        #expect(try await CoreClient.open(asked, options: options).session.revision.rawValue == agreed)
    }

    @Test(
        "initialize without its parameters is refused",
        arguments: [
            "{}", #"{"protocolVersion":"2025-11-25","capabilities":{}}"#,
            #"{"protocolVersion":1,"capabilities":{},"clientInfo":{}}"#,
            #"{"protocolVersion":"2025-11-25","capabilities":[],"clientInfo":{}}"#,
        ])
    func incomplete(params: String) async throws {
        let client = try await CoreClient.open()
        let params = try JSONSlice(validating: ByteBuffer(string: params))
        let error = await #expect(throws: RPCError.self) {
            _ = try await client.server.open(id: "x", params) { _ in client }
        }
        #expect(error?.code == -32602)
    }

    @Test("Capabilities and titles are those of the revision", arguments: Revision.legacy)
    func initializeResult(revision: Revision) async throws {
        let client = try await CoreClient.open(revision.rawValue)
        let message = try client.server.initializeResult(revision).message(id: JSONSlice(1)).required()
        let result = try JSONSlice(validating: message)["result"].required()
        #expect(result["protocolVersion"]?.string == revision.rawValue)
        #expect((result["capabilities"]?["completions"] != nil) == (revision >= .march2025))
        #expect((result["serverInfo"]?["title"] != nil) == (revision >= .june2025))
        #expect(result["serverInfo"]?["name"]?.string == "example-everything")
    }

    @Test func `The server can be given a name`() async throws {
        let client = try await CoreClient.open(options: .init(transport: .stdio, name: "north"))
        #expect(client.server.offer.name == "north")
    }

    @Test func `A session is initialized once`() async throws {
        #expect(try await CoreClient.open().error("initialize", [:])["code"]?.int == -32600)
    }

    @Test func `ping is answered and unknown methods are not`() async throws {
        let client = try await CoreClient.open()
        #expect(try await client.result("ping").description == "{}")
        for method in ["server/discover", "tasks/update", "subscriptions/listen", "nonsense"] {
            #expect(try await client.error(method)["code"]?.int == -32601)
        }
    }

    @Test func `What a session remembers belongs to it alone`() async throws {
        let first = try await CoreClient.open()
        let second = try await CoreClient.open(with: first)
        _ = try await first.text("remember", ["key": "k", "value": "1"])
        _ = try await second.text("remember", ["key": "k", "value": "2"])
        #expect(try await first.text("recall", ["key": "k"]) == "1")
        #expect(try await second.text("recall", ["key": "k"]) == "2")
        #expect(try await second.call("recall", ["key": "other"]).isFailure)
    }

    @Test func `A session remembers a bounded number of things`() async throws {
        let client = try await CoreClient.open()
        let session = try client.session
        for number in 0..<1_000 { #expect(session.remember("v", for: "\(number)")) }
        #expect(!session.remember("v", for: "one more"))
        #expect(session.remember("w", for: "0"))
        #expect(try await client.call("remember", ["key": "k", "value": "v"]).isFailure)
    }

    @Test func `whoami shows what the client sent as it was spelled`() async throws {
        let client = try await CoreClient.open("2025-06-18", capabilities: ["roots": ["listChanged": true]])
        let answer = try JSONSlice(validating: ByteBuffer(string: try await client.text("whoami")))
        #expect(answer["revision"]?.string == "2025-06-18")
        #expect(answer["capabilities"]?.description == #"{"roots":{"listChanged":true}}"#)
        #expect(answer["clientInfo"]?["name"]?.string == "core test")
        #expect(try answer["session"]?.string == client.session.idHash)
        #expect(try !client.session.id.contains(client.session.idHash))
    }

    @Test func `stats counts what happened`() async throws {
        let client = try await CoreClient.open()
        _ = try await CoreClient.open(with: client)
        client.server.receive("notifications/roots/list_changed", nil, in: try client.session)
        _ = try await client.text("echo", ["text": ""])
        let stats = try JSONSlice(validating: ByteBuffer(string: try await client.text("stats")))
        let expected = [
            "calls": 2, "initializes": 2, "sessionsOpened": 2, "sessionsClosed": 0, "liveSessions": 2,
            "rootsChanges": 1, "notifications": 1, "cancellations": 0,
        ]
        for (key, value) in expected { #expect(stats.member(key)?.int == value, "\(key)") }
        #expect(stats["lastProgressToken"]?.isNull == true)
    }

    @Test func `The table is bounded: the session used least recently makes room`() async throws {
        let options = ExampleBackendOptions(transport: .stdio, sessionLimit: 2)
        let first = try await CoreClient.open(options: options)
        let second = try await CoreClient.open(with: first)
        let sessions = first.server.sessions
        #expect(try sessions.find(first.session.id) != nil)
        _ = try await CoreClient.open(with: first)
        #expect(sessions.count == 2)
        #expect(try sessions.find(first.session.id) != nil)
        #expect(try sessions.find(second.session.id) == nil)
        #expect(first.server.counters[.sessionsClosed] == 1)
    }

    @Test func `A server that is stopping opens no session`() async throws {
        let client = try await CoreClient.open()
        client.server.dropSessions(closing: true)
        #expect(client.server.sessions.count == 0)
        await #expect(throws: RPCError.self) { _ = try await CoreClient.open(with: client) }
    }

    @Test func `Session ids are long, visible and different`() {
        let ids = (0..<100).map { _ in RandomID.make() }
        #expect(Set(ids).count == 100)
        #expect(ids.allSatisfy { $0.utf8.count == 32 && $0.allSatisfy(\.isHexDigit) })
    }

    @Test func `drop_sessions forgets every session over HTTP and refuses over stdio`() async throws {
        let stdio = try await CoreClient.open()
        #expect(try await stdio.call("drop_sessions").isFailure)
        let http = try await CoreClient.open(with: stdio, headers: [])
        _ = try await http.text("drop_sessions")
        #expect(http.server.sessions.count == 0)
    }
}
