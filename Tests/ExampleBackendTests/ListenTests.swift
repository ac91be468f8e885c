// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import ExampleBackend

@Suite(.timeLimit(.minutes(5))) struct ListenTests {
    private static let everything: JSONObject = [
        "notifications": [
            "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true,
            "resourceSubscriptions": ["test://watched-resource", "test://nowhere"],
        ]
    ]

    /// Listens for as long as the body runs; returns the final answer.
    private func listen(
        _ client: ModernClient, _ params: JSONObject = everything, id: JSONSlice = JSONSlice(string: "sub-1"),
        cancelling: Bool = false, _ body: (ModernClient.Record) async throws -> Void
    ) async throws -> JSONSlice? {
        let record = ModernClient.Record()
        let request = client.request("subscriptions/listen", params, id: id)
        let task = Task { await client.reply(request, record) }
        _ = await record.first(1)
        try await body(record)
        if cancelling { task.cancel() } else { client.server.subscriptions.endAll() }
        return try await task.value.message(id: id).map { try JSONSlice(validating: $0) }
    }

    private func subscription(_ message: JSONSlice?) -> JSONSlice? {
        message?["params"]?["_meta"]?["io.modelcontextprotocol/subscriptionId"]
    }

    @Test("GB-29, GB-30: the acknowledgement comes first, tagged and reduced", arguments: ["7", #""sub-1""#])
    func acknowledgement(id: String) async throws {
        let id = try JSONSlice(validating: ByteBuffer(string: id))
        let client = ModernClient()
        let end = try await listen(client, id: id) { record in
            let ack = try record.all.first.required()
            #expect(ack.method == "notifications/subscriptions/acknowledged")
            #expect(subscription(ack) == id)
            let honoured = ack["params"]?["notifications"]
            #expect(
                honoured?.keys == [
                    "toolsListChanged", "promptsListChanged", "resourcesListChanged", "resourceSubscriptions",
                ])
            #expect(honoured?["resourceSubscriptions"]?.strings == ["test://watched-resource"])
        }
        // M43: the server's end is a tagged, complete result.
        #expect(end?["result"]?.resultType == "complete" && end?["id"] == id)
        #expect(end?["result"]?["_meta"]?["io.modelcontextprotocol/subscriptionId"] == id)
    }

    @Test(
        "GB-32, M41, M42: what was asked for arrives tagged, and nothing else does",
        arguments: [
            ("add_tool", "notifications/tools/list_changed"), ("add_prompt", "notifications/prompts/list_changed"),
            ("add_resource", "notifications/resources/list_changed"),
            ("touch_watched", "notifications/resources/updated"),
            ("test_trigger_tool_change", "notifications/tools/list_changed"),
            ("test_trigger_prompt_change", "notifications/prompts/list_changed"),
        ])
    func changes(tool: String, method: String) async throws {
        let client = ModernClient()
        _ = try await listen(client) { record in
            _ = try await listen(client, ["notifications": [:]], id: JSONSlice(2), cancelling: true) { deaf in
                _ = try await client.call(tool, ["name": "fresh"])
                let messages = await record.first(2)
                #expect(messages[1].method == method)
                #expect(subscription(messages[1])?.string == "sub-1")
                #expect(deaf.all.count == 1)
            }
            #expect(record.all.count == 2)
            #expect(client.server.subscriptions.count == 1)
        }
        #expect(client.server.subscriptions.count == 0)
    }

    @Test func `A Legacy session hears of the same changes`() async throws {
        let legacy = try await CoreClient.open(options: .init(transport: .stdio, era: .dual))
        let client = ModernClient(on: legacy.server)
        _ = try await listen(client) { record in
            _ = try await legacy.call("add_tool", ["name": "fresh"])
            #expect(await record.first(2).last?.method == "notifications/tools/list_changed")
        }
        #expect(legacy.announced.map(\.method) == ["notifications/tools/list_changed"])
    }

    @Test("A client ends its subscription without an answer") func cancelled() async throws {
        let client = ModernClient()
        let end = try await listen(client, cancelling: true) { _ in }
        #expect(end == nil && client.server.subscriptions.count == 0)
    }

    @Test func `end_subscriptions ends every stream, abruptly if asked to`() async throws {
        for abruptly in [false, true] {
            let client = ModernClient()
            let record = ModernClient.Record()
            let request = client.request("subscriptions/listen", Self.everything)
            async let reply = client.reply(request, record)
            _ = await record.first(1)
            #expect(try await client.text("end_subscriptions", ["abruptly": .bool(abruptly)]) == "Ended 1")
            let message = await reply.message(id: request.id)
            #expect((message == nil) == abruptly && record.broken == (abruptly ? 1 : 0))
        }
    }

    @Test(
        "A filter that is none is refused",
        arguments: [
            "{}", #"{"notifications":[]}"#, #"{"notifications":{"toolsListChanged":1}}"#,
            #"{"notifications":{"resourceSubscriptions":"x"}}"#, #"{"notifications":{"resourceSubscriptions":[7]}}"#,
        ])
    func filters(params: String) async throws {
        guard case .object(let params) = try JSONSlice(validating: ByteBuffer(string: params)).value else { return }
        #expect(try await ModernClient().error("subscriptions/listen", params)["code"]?.int == -32602)
    }

    @Test func `Tasks can be listened to with the extension alone`() async throws {
        let params: JSONObject = ["notifications": ["taskIds": ["x"]]]
        let error = try await ModernClient().error("subscriptions/listen", params)
        #expect(error["code"]?.int == -32021)
        #expect(
            error["data"]?["requiredCapabilities"]?.description
                == #"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#)
        let client = ModernClient(ModernClient.tasks)
        _ = try await listen(client, params) { record in
            #expect(record.all.first?["params"]?["notifications"]?["taskIds"]?.strings == [])
        }
    }

    @Test func `Subscriptions are bounded`() throws {
        let subscriptions = Subscriptions()
        var open: [AsyncStream<Subscriptions.Event>] = []
        for number in 0..<Subscriptions.limit.streams {
            open.append(try subscriptions.open(JSONSlice(number), .init()).events)
        }
        #expect(throws: RPCError.self) { try subscriptions.open(JSONSlice(0), .init()) }
        subscriptions.endAll(closing: true)
        subscriptions.close(1)
        #expect(throws: RPCError.self) { try subscriptions.open(JSONSlice(0), .init()) }
    }

    @Test func `A reader that never reads costs the oldest messages, not memory`() async throws {
        let subscriptions = Subscriptions()
        let (number, events) = try subscriptions.open(JSONSlice(1), .init(lists: ["tools"]))
        for _ in 0..<Subscriptions.limit.waiting + 10 { subscriptions.changed(list: "tools") }
        subscriptions.close(number)
        let kept = await events.reduce(into: 0) { count, _ in count += 1 }
        #expect(kept == Subscriptions.limit.waiting)
    }
}
