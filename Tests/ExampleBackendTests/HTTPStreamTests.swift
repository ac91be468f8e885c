// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import NIOHTTP1
import Testing

@testable import ExampleBackend

@Suite(.timeLimit(.minutes(5))) struct HTTPStreamTests {
    @Test(
        "A call that sends something first is answered as a stream with ids",
        arguments: [
            ("2025-03-26", false), ("2025-06-18", false), ("2025-11-25", true),
        ])
    func stream(revision: String, primes: Bool) async throws {
        try await withHTTPBackend { client in
            let answer = try await client.opened(revision).send(
                .POST, HTTPClient.call(4, "test_tool_with_progress", meta: ["progressToken": 1]))
            #expect(answer.type == "text/event-stream" && answer.isComplete)
            var events = answer.events
            if primes {
                let first = events.removeFirst()
                #expect(first.data == "" && first.retry == 20 && first.id != nil)
            }
            #expect(events.allSatisfy { $0.id != nil && $0.retry == nil })
            #expect(Set(events.compactMap(\.id)).count == 4)
            #expect(
                try events.map { try $0.json.method } == [
                    "notifications/progress", "notifications/progress", "notifications/progress", nil,
                ])
            #expect(try events.last?.json["id"]?.int == 4)
        }
    }

    @Test("sse_echo is one event in every format", arguments: EventFormat.allCases)
    func formats(format: EventFormat) async throws {
        try await withHTTPBackend { client in
            let answer = try await client.opened("2025-06-18").call(
                "sse_echo", ["text": "hällo", "format": .string(format.rawValue)])
            #expect(answer.type == "text/event-stream")
            #expect(try answer.events.map { try $0.json["result"]?.text } == ["hällo"])
        }
    }

    @Test func `Every POST can be answered as a stream`() async throws {
        try await withHTTPBackend {
            $0.sseAlways = true
        } _: { client in
            let answer = try await client.send(.POST, HTTPClient.initialize("2025-11-25"))
            #expect(answer.type == "text/event-stream")
            var session = client
            session.sessionID = try answer.headers.first(name: "mcp-session-id").required()
            for tool in ["echo", "chunked_echo", "sse_echo"] {
                let echo = try await session.call(tool, ["text": "x"])
                #expect(echo.type == "text/event-stream")
                #expect(try echo.events.last?.json["result"]?.text == "x")
            }
            #expect(try await session.send(.POST, #"{"jsonrpc":"2.0","method":"x"}"#).status == 202)
        }
    }

    @Test func `A question travels on the stream of its call and is answered by a POST`() async throws {
        try await withHTTPBackend { client in
            let session = try await client.opened("2025-11-25", ["elicitation": [:]])
            try await session.stream(HTTPClient.call(8, "ask_two")) { exchange in
                var questions: [JSONSlice] = []
                while questions.count < 2 {
                    let event = try await exchange.event().required()
                    if event.data?.isEmpty == false { questions.append(try event.json) }
                }
                for question in questions.reversed() {
                    let answer = JSONSlice([
                        "jsonrpc": "2.0", "id": .slice(try question["id"].required()),
                        "result": ["action": "accept", "content": ["answer": .slice(try question["id"].required())]],
                    ])
                    #expect(try await session.send(.POST, answer.description).status == 202)
                }
                let last = try await exchange.event().required().json
                #expect(last["id"]?.int == 8)
                #expect(last["result"]?.description.contains(#"{\"answer\":1}"#) == true)
                #expect(last["result"]?.description.contains(#"{\"answer\":2}"#) == true)
                #expect(try await exchange.event() == nil)
                #expect(exchange.isComplete)
            }
        }
    }

    @Test func `A cancelled call ends its answer without a message`() async throws {
        try await withHTTPBackend { client in
            let session = try await client.opened()
            async let answer = session.send(.POST, HTTPClient.call(5, "slow", ["milliseconds": 3_600_000]))
            while try await session.stats()["runningCalls"]?.int != 1 {}
            let cancelled = JSONSlice([
                "jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": 5],
            ])
            #expect(try await session.send(.POST, cancelled.description).status == 202)
            let ended = try await answer
            #expect(ended.status == 200 && ended.isComplete)
            #expect(ended.events.allSatisfy { $0.data == "" })
            #expect(try await session.stats()["cancellations"]?.int == 1)
        }
    }

    @Test func `A lost connection cancels nothing, and its answer can be fetched by Last-Event-ID`() async throws {
        try await withHTTPBackend { client in
            let session = try await client.opened("2025-11-25", ["elicitation": [:]])
            let (last, question) = try await session.stream(
                HTTPClient.call(6, "test_elicitation", ["message": "m"])
            ) { exchange in
                var event = try await exchange.event().required()
                if event.data == "" { event = try await exchange.event().required() }
                return (try event.id.required(), try event.json)
            }
            #expect(try await session.stats()["runningCalls"]?.int == 1)
            let answer = JSONSlice([
                "jsonrpc": "2.0", "id": .slice(try question["id"].required()), "result": ["action": "decline"],
            ])
            #expect(try await session.send(.POST, answer.description).status == 202)
            let rest = try await session.send(.GET, headers: [("Last-Event-ID", last)])
            #expect(rest.status == 200 && rest.isComplete)
            let messages = rest.events.filter { $0.data != "" }
            #expect(messages.count == 1)
            #expect(try messages.first?.json["id"]?.int == 6)
        }
    }

    @Test func `test_reconnection hangs up and answers after the client came back`() async throws {
        try await withHTTPBackend { client in
            let session = try await client.opened()
            let first = try await session.call("test_reconnection")
            #expect(first.isComplete && first.events.count == 1)
            let priming = try first.events.first.required()
            #expect(priming.data == "" && priming.retry == 20)
            let rest = try await session.send(.GET, headers: [("Last-Event-ID", try priming.id.required())])
            #expect(try rest.events.last?.json["result"]?.text?.hasSuffix("successfully") == true)
            #expect(try await session.stats()["resumptions"]?.int == 1)
        }
    }

    @Test func `The session's own stream carries announcements, also those from before it was opened`() async throws {
        try await withHTTPBackend { client in
            let session = try await client.opened()
            _ = try await session.send(
                .POST, HTTPClient.request(1, "resources/subscribe", ["uri": "test://watched-resource"]))
            _ = try await session.call("add_tool", ["name": "fresh"])
            try await session.listen { exchange in
                #expect(exchange.status == 200)
                #expect(exchange.headers.first(name: "content-type") == "text/event-stream")
                #expect(try await exchange.event().required().data == "")
                #expect(try await exchange.event().required().json.method == "notifications/tools/list_changed")
                _ = try await session.call("touch_watched")
                #expect(try await exchange.event().required().json.method == "notifications/resources/updated")
                #expect(try await session.send(.GET).status == 409)
                _ = try await session.send(.DELETE)
                #expect(try await exchange.event() == nil)
                #expect(exchange.isComplete)
            }
        }
    }

    @Test func `Each session hears an announcement on its own stream only`() async throws {
        try await withHTTPBackend { client in
            let first = try await client.opened("2025-06-18"), second = try await client.opened("2025-06-18")
            _ = try await first.call("test_trigger_prompt_change")
            for session in [first, second] {
                let method = try await session.listen { try await $0.event().required().json.method }
                #expect(method == "notifications/prompts/list_changed")
            }
        }
    }

    @Test func `The stream is free again when its reader hangs up, and goes on where it was`() async throws {
        try await withHTTPBackend { client in
            let session = try await client.opened("2025-06-18")
            _ = try await session.call("test_trigger_tool_change")
            let seen = try await session.listen { try await $0.event().required().id.required() }
            _ = try await session.call("test_trigger_prompt_change")
            var status = 409
            var method: String?
            while status == 409 {
                (status, method) = try await session.listen { exchange in
                    guard exchange.status == 200 else { return (exchange.status, nil) }
                    return (200, try await exchange.event().required().json.method)
                }
            }
            #expect(method == "notifications/prompts/list_changed")
            let replayed = try await session.listen(after: seen) { try await $0.event().required().json.method }
            #expect(replayed == "notifications/prompts/list_changed")
        }
    }

    @Test func `A flood arrives whole and in order`() async throws {
        try await withHTTPBackend { client in
            let session = try await client.opened("2025-06-18")
            try await session.stream(HTTPClient.call(1, "flood", ["count": 5_000])) { exchange in
                for number in 0..<5_000 {
                    let message = try await exchange.event().required().json
                    #expect(message["params"]?["data"]?.string == "Message \(number) of 5000")
                }
                #expect(try await exchange.event().required().json["result"]?.text == "Sent 5000 messages")
            }
        }
    }

    @Test func `garbage is an event that is not JSON, then the answer`() async throws {
        try await withHTTPBackend { client in
            let events = try await client.opened("2025-06-18").call("garbage").events
            #expect(events.count == 2)
            #expect(throws: JSONError.self) { try events.first?.json }
            #expect(try events.last?.json["result"]?.text != nil)
        }
    }

    @Test("A server with open streams and running calls stops at once", arguments: Stop.allCases)
    func stop(how: Stop) async throws {
        let (listening, hanging) = try await withHTTPBackend(stop: how) { client in
            let session = try await client.opened()
            let (opened, open) = AsyncStream<Void>.makeStream()
            let listening = Task {
                try await session.listen { exchange in
                    open.yield()
                    while try await exchange.event() != nil {}
                    return exchange.isComplete
                }
            }
            let hanging = Task { try await session.call("hang") }
            for await _ in opened { break }
            while try await session.stats()["runningCalls"]?.int != 1 {}
            return (listening, hanging)
        }
        // Cancellation may cut connections off; a graceful end completes every answer.
        let ended = await listening.result, answer = await hanging.result
        if how == .gracefully {
            #expect(try ended.get())
            #expect(try answer.get().isComplete)
        }
    }

    @Test func `A port that is taken is an error that says so`() async throws {
        try await withHTTPBackend { client in
            let port = client.port
            let error = await #expect(throws: ExampleBackendError.self) {
                try await withHTTPBackend {
                    $0.transport = .http(host: "127.0.0.1", port: port)
                } _: { _ in
                }
            }
            #expect(error?.description.contains("cannot serve on 127.0.0.1:\(port)") == true)
        }
    }
}
