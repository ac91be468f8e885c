// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

@Suite struct StreamRuleTests {
    /// Triggers a list change at the backend, whose notification takes the session's general stream.
    private func announce(_ client: MCPTestClient) async throws {
        #expect(try await client.text("one_test_trigger_tool_change") == "Announced")
    }

    private static let toolsChanged = "notifications/tools/list_changed"

    // MARK: GET

    @Test(
        "HL-10: GET opens a stream for those who name its media type",
        arguments: [
            ("text/event-stream", 200), ("application/json, text/event-stream", 200), ("TEXT/event-stream;q=0.9", 200),
            ("application/json", 406), ("", 406), ("text/event-stream;q=0", 406),
        ])
    func accept(_ accept: String, _ status: Int) async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection { connection in
                try await connection.send(client.requestText("GET", fields: [("Accept", accept)]))
                let head = try await connection.head()
                #expect(head.status == status)
                if status == 200 {
                    #expect(head["content-type"] == "text/event-stream")
                    #expect(head["cache-control"]?.contains("no-cache") == true)
                    #expect(head["x-accel-buffering"] == "no")
                    #expect(head["mcp-session-id"] == nil)
                } else {
                    var body = ByteBuffer()
                    while let bytes = try await connection.bodyBytes() { body.writeImmutableBuffer(bytes) }
                    #expect(
                        String(buffer: body) == #"{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"#
                            + #""message":"Not Acceptable: Client must accept text/event-stream"}}"#)
                }
            }
        }
    }

    @Test(
        "L6, HL-16: a stream begins with an event of empty data in 2025-11-25 and in no earlier revision",
        arguments: [
            ("2025-11-25", true), ("2025-06-18", false), ("2025-03-26", false), ("2024-11-05", false),
        ])
    func priming(_ revision: String, _ isPrimed: Bool) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened(revision)
            try await client.listening { stream in
                if isPrimed {
                    let first = try await stream.event().orThrow("a priming event")
                    #expect(first.data == "")
                    #expect(first.id?.isEmpty == false)
                }
                try await announce(client)
                let event = try await stream.event().orThrow("an event")
                #expect(try event.message?["method"]?.string == Self.toolsChanged)
                // Revision 2024-11-05 knows no resumption, and so no ids.
                #expect((event.id == nil) == (revision == "2024-11-05"))
            }
        }
    }

    @Test("L12, HL-12: answers do not take the GET stream")
    func noAnswersOnGet() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            try await client.listening { stream in
                for number in 1...5 {
                    #expect(try await client.text("one_echo", ["text": "x"], id: .number(JSONNumber(number))) == "x")
                }
                #expect(try await client.text("one_slow", ["milliseconds": 50]) == "Slept for 50 ms")
                _ = try await client.call("one_test_tool_with_progress", meta: ["progressToken": "p"])
                // Whatever came before the announcement would be read before it.
                try await announce(client)
                while let event = try await stream.event() {
                    guard let message = try event.message else { continue }
                    #expect(message["id"] == nil, "\(message)")
                    #expect(message["method"]?.string != "notifications/progress")
                    if message["method"]?.string == Self.toolsChanged { break }
                }
            }
        }
    }

    @Test("L13, HL-13: each message takes exactly one stream")
    func oneStream() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            try await client.listening { first in
                try await client.listening { second in
                    try await announce(client)
                    try await announce(client)
                    // The second stream is the newer one; both notifications, or one that stands for both, take it.
                    #expect(try await second.messageEvent().message?["method"]?.string == Self.toolsChanged)
                    await second.close()
                    // The gateway learns of the end a moment later; until then messages may still take the closed stream.
                    var received = false
                    while !received {
                        try await announce(client)
                        received = try await hasMessage(first)
                    }
                }
            }
        }
    }

    /// Whether a message arrives within a short time.
    private func hasMessage(_ stream: RawConnection) async throws -> Bool {
        do {
            while let event = try await stream.event(within: .milliseconds(200)) {
                if try event.message != nil { return true }
            }
            throw Missing("a stream that stays open")
        } catch is TimedOut {
            return false
        }
    }

    @Test("HL-18, L14: no event id occurs twice in a session")
    func uniqueIDs() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            var ids: [String] = []
            for _ in 0..<3 {
                try await client.listening { stream in
                    for _ in 0..<2 {
                        try await announce(client)
                        while let event = try await stream.event() {
                            ids.append(try event.id.orThrow("an id"))
                            if try event.message != nil { break }
                        }
                    }
                }
                try await client.streaming(
                    MCPTestClient.call(1, "one_test_tool_with_progress", meta: ["progressToken": 1])
                ) {
                    while let event = try await $0.event() { ids.append(try event.id.orThrow("an id")) }
                }
            }
            #expect(ids.count >= 12)
            #expect(Set(ids).count == ids.count, "\(ids)")
        }
    }

    @Test("SE-04: the streams of a session are bounded, and the end of one makes room")
    func streamBound() async throws {
        var plan = GatewayPlan.bare
        plan.limits = ["maxStreamsPerSession: 2"]
        try await RunningGateway.run(plan) { gateway in
            let client = try await gateway.client.opened()
            let other = try await gateway.client.opened()
            try await client.listening { _ in
                try await client.listening { second in
                    #expect(try await client.send("GET").status == 409)
                    try await other.listening { _ in }
                    await second.close()
                    try await eventually("room for a stream") {
                        try await client.withConnection { connection in
                            try await connection.send(client.requestText("GET"))
                            return try await connection.head().status == 200
                        }
                    }
                }
            }
        }
    }

    // MARK: Streams of requests

    @Test("L5, L9: an answer that nothing precedes is JSON; one that something precedes ends a stream")
    func answers() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let plain = try await client.send("POST", MCPTestClient.call(1, "one_echo", ["text": "x"]))
            #expect(plain.contentType == "application/json")
            let streamed = try await client.send(
                "POST", MCPTestClient.call(2, "one_test_tool_with_progress", meta: ["progressToken": "token"]))
            #expect(streamed.contentType == "text/event-stream")
            #expect(streamed.isComplete)
            let messages = try streamed.messages
            #expect(messages.count == 4)
            #expect(messages.dropLast().allSatisfy { $0["method"]?.string == "notifications/progress" })
            #expect(messages.last?["id"]?.int == 2)
            #expect(messages.last?["result"] != nil)
        }
    }

    @Test("2.1: a client that accepts JSON alone gets JSON, and loses what precedes the answer")
    func jsonOnly() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let reply = try await client.send(
                "POST", MCPTestClient.call(2, "one_test_tool_with_progress", meta: ["progressToken": "token"]),
                fields: [("Accept", "application/json")])
            #expect(reply.contentType == "application/json")
            #expect(try reply.json["result"]?["isError"]?.bool != true)
        }
    }

    @Test("2.1: a client that accepts everything is served", arguments: ["*/*", "", "application/*, text/*"])
    func lenientAccept(_ accept: String) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let reply = try await client.send(
                "POST", MCPTestClient.call(2, "one_echo", ["text": "x"]), fields: [("Accept", accept)])
            #expect(try reply.json["result"]?.firstText == "x")
        }
    }

    @Test("L10, HL-19: a client that goes away cancels nothing")
    func disconnect() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection { connection in
                try await connection.send(
                    client.requestText("POST", MCPTestClient.call(1, "one_slow", ["milliseconds": 700])))
                try await eventually("the call to reach the backend") { try await gateway.stats().calls >= 1 }
            }
            // Its id stays taken until the call has ended by itself.
            try await eventually("the end of the call") {
                try await client.send("POST", MCPTestClient.call(1, "one_echo", ["text": "free"])).text.contains("free")
            }
            #expect(try await gateway.stats()["cancellations"] == 0)
        }
    }

    // MARK: Resumption

    @Test("HL-17, L15: a broken stream of a request goes on after the last event that was read, to its answer")
    func resumeRequest() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let call = MCPTestClient.call(7, "one_test_tool_with_progress", meta: ["progressToken": "p"])
            let (last, progress) = try await client.streaming(call) { stream in
                let event = try await stream.messageEvent()
                return (try event.id.orThrow("an id"), try event.message?["params"]?["progress"]?.int)
            }
            #expect(progress == 0)
            try await client.listening(after: last) { stream in
                var messages: [JSONSlice] = []
                while let event = try await stream.event() {
                    if let message = try event.message { messages.append(message) }
                }
                #expect(messages.compactMap { $0["params"]?["progress"]?.int } == [50, 100])
                #expect(messages.last?["id"]?.int == 7)
                #expect(messages.last?["result"] != nil)
            }
        }
    }

    @Test("HL-17, L15: a resumed stream replays its own events alone, in order")
    func resumeOwn() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            func progress(_ id: Int, _ token: String) async throws -> (first: String, later: [String]) {
                let call = MCPTestClient.call(
                    .number(JSONNumber(id)), "one_test_tool_with_progress", meta: ["progressToken": .string(token)])
                let reply = try await client.send("POST", call)
                let ids = try reply.events.filter { try $0.message != nil }.map { try $0.id.orThrow("an id") }
                return (try ids.first.orThrow("an event"), Array(ids.dropFirst()))
            }
            let a = try await progress(1, "a")
            let b = try await progress(2, "b")
            for (position, token) in [(a, "a"), (b, "b")] {
                try await client.listening(after: position.first) { stream in
                    var ids: [String] = []
                    while let event = try await stream.event() {
                        guard let message = try event.message else { continue }
                        ids.append(try event.id.orThrow("an id"))
                        if let found = message["params"]?["progressToken"]?.string { #expect(found == token) }
                    }
                    #expect(ids == position.later)
                }
            }
        }
    }

    @Test("HL-17: the session's own stream goes on after the last event, with what was missed")
    func resumeGeneral() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let last = try await client.listening { stream in
                try await announce(client)
                return try await stream.messageEvent().id.orThrow("an id")
            }
            // While nobody listens, whether or not the gateway has noticed yet.
            try await announce(client)
            try await client.listening(after: last) { stream in
                #expect(try await stream.messageEvent().message?["method"]?.string == Self.toolsChanged)
                try await announce(client)
                #expect(try await stream.messageEvent().message?["method"]?.string == Self.toolsChanged)
            }
        }
    }

    @Test("HL-17, L13: a resumed stream leaves its first connection, and each message still takes one way")
    func takeover() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            try await client.listening { first in
                try await announce(client)
                let last = try await first.messageEvent().id.orThrow("an id")
                try await client.listening(after: last) { second in
                    // The first one ends, so nothing can take both.
                    while let event = try await first.event() { #expect(try event.message == nil) }
                    try await announce(client)
                    #expect(try await second.messageEvent().message?["method"]?.string == Self.toolsChanged)
                }
            }
        }
    }

    @Test(
        "An event id that is unknown or too old opens a fresh stream",
        arguments: ["999-1", "nonsense", "", "1-999999", "-1--1"])
    func resumeUnknown(_ id: String) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            try await client.listening(after: id) { stream in
                try await announce(client)
                #expect(try await stream.messageEvent().message?["method"]?.string == Self.toolsChanged)
            }
        }
    }

    @Test("L26: the event id of another session opens nothing of it")
    func resumeForeign() async throws {
        try await RunningGateway.run { gateway in
            let owner = try await gateway.client.opened()
            let stranger = try await gateway.client.opened()
            let reply = try await owner.send(
                "POST", MCPTestClient.call(1, "one_test_tool_with_progress", meta: ["progressToken": "secret"]))
            let id = try reply.events.first?.id.orThrow("an id")
            try await stranger.listening(after: id ?? "") { stream in
                try await announce(stranger)
                let event = try await stream.messageEvent()
                #expect(event.data?.contains("secret") == false)
                #expect(try event.message?["method"]?.string == Self.toolsChanged)
            }
        }
    }
}
