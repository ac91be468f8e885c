// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import NIOHTTP1
import Testing

@testable import ExampleBackend

/// Streams of the Modern era over real sockets.
@Suite(.timeLimit(.minutes(5))) struct ModernHTTPTests {
    @Test func `HM-22, HM-24, HM-26: progress and the answer come as one stream without ids`() async throws {
        try await withModernBackend { modern in
            var modern = modern
            modern.meta["progressToken"] = "t"
            let answer = try await modern.call("test_tool_with_progress")
            #expect(answer.status == 200 && answer.type == "text/event-stream" && answer.isComplete)
            #expect(answer.headers.first(name: "x-accel-buffering") == "no")
            #expect(!answer.text.contains("id: ") && !answer.text.contains("retry:"))
            let messages = try answer.events.map { try $0.json }
            #expect(messages.map(\.method) == Array(repeating: "notifications/progress", count: 3) + [nil])
            #expect(messages.last?["result"]?.resultType == "complete")
        }
    }

    @Test func `Without anything to say before it, an answer is JSON`() async throws {
        try await withModernBackend { modern in
            for tool in ["test_tool_with_progress", "test_logging_tool", "test_simple_text"] {
                let answer = try await modern.call(tool)
                #expect(answer.type == "application/json")
            }
        }
    }

    @Test func `Every answer is a stream on request, errors keep their status`() async throws {
        try await withModernBackend {
            $0.sseAlways = true
        } _: { modern in
            let answer = try await modern.call("echo", ["text": "x"])
            #expect(answer.type == "text/event-stream")
            #expect(try answer.events.first?.json["result"]?.text == "x")
            #expect(try await modern.call("nobody").status == 400)
        }
    }

    @Test func `HM-25: a question ends a stream and is never a request`() async throws {
        try await withModernBackend(ModernClient.form) { modern in
            var modern = modern
            modern.meta["progressToken"] = 5
            let answer = try await modern.call("test_streaming_elicitation")
            #expect(answer.type == "text/event-stream")
            let messages = try answer.events.map { try $0.json }
            #expect(messages.count == 2)
            #expect(messages.allSatisfy { $0["method"] == nil || $0["id"] == nil })
            #expect(messages.last?["result"]?.resultType == "input_required")
            modern.meta = [:]
            #expect(try await modern.call("test_streaming_elicitation").type == "text/event-stream")
        }
    }

    @Test func `HM-31: an error before the first byte has its own status`() async throws {
        try await withModernBackend { modern in
            let answer = try await modern.call("test_streaming_elicitation")
            #expect(answer.status == 400)
        }
    }

    @Test("HM-28: whoever closes the connection cancels the request", arguments: [false, true])
    func disconnect(isStreaming: Bool) async throws {
        try await withModernBackend { modern in
            var modern = modern
            modern.meta["progressToken"] = 1
            if isStreaming {
                try await modern.stream("tools/call", ModernClient.params("slow_compute", ["seconds": 3_600])) {
                    let event = try await $0.event().required()
                    #expect(try event.json.method == "notifications/progress")
                }
            } else {
                let headers = modern.http.allHeaders(ModernHTTP.routing("tools/call", ["name": "hang"]))
                let body = modern.body("tools/call", ModernClient.params("hang"))
                try await modern.http.open([(.POST, "/mcp", headers, body)]) { _ in
                    while try await modern.stats()["tools"]?["hang"] == nil {}
                }
            }
            while try await modern.stats()["cancellations"]?.int != 1 {}
        }
    }

    @Test func `HM-33: requests with the same id on several connections do not meet`() async throws {
        try await withModernBackend { modern in
            try await withThrowingTaskGroup(of: String?.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        try await modern.call("echo", ["text": .string("\(number)")]).json["result"]?.text
                    }
                }
                var texts: Set<String?> = []
                for try await text in group { texts.insert(text) }
                #expect(texts.count == 8)
            }
        }
    }

    @Test func `HM-27: a quiet stream is kept alive by comments`() async throws {
        try await withModernBackend {
            $0.keepAlive = .milliseconds(5)
        } _: { modern in
            try await modern.stream("subscriptions/listen", ["notifications": ["toolsListChanged": true]]) { exchange in
                #expect(try await exchange.event().required().json.method == "notifications/subscriptions/acknowledged")
                var bytes = ""
                while !bytes.contains(":\n\n:\n\n") {
                    bytes += String(buffer: try await exchange.readBody().required())
                }
                _ = try await modern.call("test_trigger_tool_change")
                #expect(try await exchange.event().required().json.method == "notifications/tools/list_changed")
            }
        }
    }

    @Test func `GB-31, M43: a server that stops ends its subscriptions with a result and nothing else`() async throws {
        let messages = try await withModernBackend { modern in
            try await modern.stream("subscriptions/listen", ["notifications": [:]], id: "s") { exchange in
                var messages = [try await exchange.event().required().json]
                _ = try await modern.call("end_subscriptions")
                while let event = try await exchange.event() { messages.append(try event.json) }
                #expect(exchange.isComplete)
                return messages
            }
        }
        #expect(messages.count == 2)
        #expect(messages.last?["result"]?["_meta"]?["io.modelcontextprotocol/subscriptionId"]?.string == "s")
    }

    @Test("A server with open subscriptions stops at once", arguments: Stop.allCases) func stopping(stop: Stop)
        async throws
    {
        try await withHTTPBackend(stop: stop) {
            $0.era = .modern
        } _: { client in
            try await ModernHTTP(client).stream("subscriptions/listen", ["notifications": [:]]) {
                _ = try await $0.event().required()
            }
        }
    }

    @Test func `Lies and statuses work in the Modern era too`() async throws {
        try await withModernBackend { modern in
            let status = try await modern.call("http_status", ["status": 503, "body": "busy"])
            #expect(status.status == 503 && status.text == "busy")
            let lie = try await modern.call("bad_frame", ["kind": "wrong_id"])
            #expect(try lie.json["id"]?.string == "nobody asked this")
            let half = try await modern.call("bad_frame", ["kind": "half_body"])
            #expect(!half.isComplete)
            let garbage = try await modern.call("garbage")
            #expect(garbage.events.count == 2)
        }
    }

    @Test(
        "Discover fails in every way that a client must survive",
        arguments: [
            (DiscoverBehaviour.honest, 200, nil), (.missing, 404, -32601), (.error, 200, -32603), (.older, 200, nil),
            (.loose, 200, nil), (.again, 400, -32022), (.broken, 500, nil), (.nothing, 404, nil),
        ] as [(DiscoverBehaviour, Int, Int?)])
    func discover(behaviour: DiscoverBehaviour, status: Int, code: Int?) async throws {
        try await withModernBackend {
            $0.faults.discover = behaviour
        } _: { modern in
            let answer = try await modern.send("server/discover")
            #expect(answer.status == status)
            let message = try? answer.json
            #expect(message?["error"]?["code"]?.int == code)
            switch behaviour {
            case .older: #expect(message?["result"]?["supportedVersions"]?.strings.contains("2026-07-28") == false)
            case .loose: #expect(message?["result"]?.keys == ["capabilities"])
            case .again:
                #expect(message?["error"]?["data"]?["supported"]?.strings == ["2026-07-28"])
                #expect(try await modern.send("server/discover").status == 200)
            default: break
            }
            _ = try await modern.call("set_discover")
            #expect(try await modern.send("server/discover").status == 200)
            _ = try await modern.call("set_discover", ["behaviour": .string(behaviour.rawValue), "milliseconds": 1])
            #expect(try await modern.send("server/discover").status == status)
        }
    }

    @Test func `A discover that never ends is cancelled like any request`() async throws {
        let client = ModernClient { $0.faults.discover = .silent }
        let task = Task { try await client.exchange("server/discover") }
        task.cancel()
        #expect(try await task.value == nil)
    }
}
