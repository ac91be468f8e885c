// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import ExampleBackend

@Suite(.timeLimit(.minutes(5))) struct RunningToolTests {
    @Test func `Progress carries the caller's token as it was spelled`() async throws {
        let client = try await CoreClient.open()
        _ = try await client.call("test_tool_with_progress", meta: ["progressToken": "tök\n"])
        let progress = client.sent("notifications/progress").compactMap { $0["params"] }
        #expect(progress.compactMap { $0["progress"]?.int } == [0, 50, 100])
        #expect(progress.allSatisfy { $0["progressToken"]?.string == "tök\n" && $0["total"]?.int == 100 })
        #expect(progress.allSatisfy { $0["message"] != nil })
        #expect(client.server.counters.value["lastProgressToken"] == .slice(JSONSlice(string: "tök\n")))
    }

    @Test func `Progress without a token is not sent, and has no message before 2025-03-26`() async throws {
        let silent = try await CoreClient.open()
        _ = try await silent.call("test_tool_with_progress")
        #expect(silent.sent.isEmpty)
        let old = try await CoreClient.open("2024-11-05")
        _ = try await old.call("test_tool_with_progress", meta: ["progressToken": 7])
        #expect(old.sent.count == 3 && old.sent.allSatisfy { $0["params"]?["message"] == nil })
    }

    @Test func `Three log messages arrive before the answer`() async throws {
        let client = try await CoreClient.open()
        _ = try await client.call("test_tool_with_logging")
        #expect(
            client.sent("notifications/message").compactMap { $0["params"]?["level"]?.string } == [
                "info", "info", "info",
            ])
    }

    @Test(
        "Only levels from the session's level on are sent",
        arguments: [
            ("debug", 8), ("info", 7), ("notice", 6), ("warning", 5), ("error", 4), ("critical", 3), ("alert", 2),
            ("emergency", 1),
        ])
    func levels(level: String, count: Int) async throws {
        let client = try await CoreClient.open()
        #expect(try await client.result("logging/setLevel", ["level": .string(level)]).description == "{}")
        _ = try await client.call("log_levels")
        #expect(client.sent.count == count)
    }

    @Test func `An unknown level is refused`() async throws {
        let client = try await CoreClient.open()
        #expect(try await client.error("logging/setLevel", ["level": "loud"])["code"]?.int == -32602)
    }

    @Test func `flood sends as many messages as asked`() async throws {
        let client = try await CoreClient.open()
        #expect(try await client.text("flood", ["count": 1_000]) == "Sent 1000 messages")
        #expect(client.sent("notifications/message").count == 1_000)
    }

    @Test("A cancelled call is not answered and is counted", arguments: ["slow", "hang"])
    func cancellation(tool: String) async throws {
        let client = try await CoreClient.open()
        let session = try client.session
        let request = ClientRequest(
            id: JSONSlice(string: "x"), method: "tools/call",
            params: JSONSlice(CoreClient.params(tool, ["milliseconds": 3_600_000])))
        let (replies, continuation) = AsyncStream<Reply>.makeStream()
        guard case .running(let operation) = client.server.work(for: request, in: session, origin: client) else {
            throw Missing()
        }
        try client.server.run(operation, id: request.id, in: session, outlet: client) { continuation.yield($0) }
        #expect(session.runningCount == 1)
        client.server.receive("notifications/cancelled", JSONSlice(["requestId": "y"]), in: session)
        client.server.receive("notifications/cancelled", JSONSlice(["requestId": "x"]), in: session)
        var iterator = replies.makeAsyncIterator()
        let reply = try await iterator.next().required()
        guard case .silence = reply.payload else {
            Issue.record("the call was answered")
            return
        }
        await session.idle()
        #expect(session.runningCount == 0)
        #expect(client.server.counters[.cancellations] == 1)
    }

    @Test func `An id that is in use is refused, and free again afterwards`() async throws {
        let client = try await CoreClient.open()
        let session = try client.session
        let id = JSONSlice(5)
        try client.server.run(
            { _ in
                try await Task.sleep(for: .seconds(3_600))
                return .silence
            }, id: id, in: session, outlet: client
        ) { _ in }
        let error = #expect(throws: RPCError.self) {
            try client.server.run({ _ in .silence }, id: id, in: session, outlet: client) { _ in }
        }
        #expect(error?.code == -32600)
        #expect(session.cancel(id))
        await session.idle()
        try client.server.run({ _ in .silence }, id: id, in: session, outlet: client) { _ in }
    }

    @Test(
        "test_reconnection hangs up where the revision knows polling",
        arguments: [
            ("2025-03-26", 0), ("2025-06-18", 0), ("2025-11-25", 1),
        ])
    func reconnection(revision: String, breaks: Int) async throws {
        let client = try await CoreClient.open(revision)
        #expect(try await client.text("test_reconnection").hasSuffix("successfully"))
        #expect(client.breaks == breaks)
    }

    @Test func `A session runs a bounded number of calls`() async throws {
        let client = try await CoreClient.open()
        let session = try client.session
        func hang(_ id: Int) throws {
            try client.server.run(
                { _ in
                    try await Task.sleep(for: .seconds(3_600))
                    return .silence
                }, id: JSONSlice(id), in: session, outlet: client
            ) { _ in }
        }
        for id in 0..<1_000 { try hang(id) }
        let error = #expect(throws: RPCError.self) { try hang(1_000) }
        #expect(error?.code == -32600)
        session.close()
        await session.idle()
        #expect(session.runningCount == 0)
    }

    @Test func `A session that ends cancels its calls and takes no new ones`() async throws {
        let client = try await CoreClient.open()
        let session = try client.session
        try client.server.run(
            { _ in
                try await Task.sleep(for: .seconds(3_600))
                return .silence
            }, id: JSONSlice(1), in: session, outlet: client
        ) { _ in }
        client.server.dropSessions()
        await session.idle()
        #expect(throws: RPCError.self) {
            try client.server.run({ _ in .silence }, id: JSONSlice(2), in: session, outlet: client) { _ in }
        }
        #expect(client.server.counters[.sessionsClosed] == 1)
    }
}
