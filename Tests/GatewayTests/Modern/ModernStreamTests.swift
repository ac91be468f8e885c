// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

@testable import Gateway

@Suite struct ModernStreamTests {
    /// A backend that tells of its progress, logs, and then waits for `gate`.
    private static func backend(_ gate: ScriptedGate? = nil) async throws -> ScriptedBackend {
        try await ScriptedBackend.start(configure: { $0.capabilities = #"{"tools":{},"logging":{}}"# }) {
            request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            if let token = request.params?["_meta"]?["progressToken"] {
                for step in 1...3 {
                    reply.event(
                        #"{"jsonrpc":"2.0","method":"notifications/progress","#
                            + #""params":{"progressToken":\#(token),"progress":\#(step)}}"#)
                }
            }
            for level in ["debug", "error"] {
                reply.event(
                    #"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"\#(level)","data":"x"}}"#)
            }
            await gate?.wait()
            reply.event(reply.response(#"{"content":[{"type":"text","text":"done"}]}"#))
            reply.endStream()
            return true
        }
    }

    @Test("HM-24, HM-26, HM-22, M41: what belongs to the request comes before its answer, which ends the stream")
    func stream() async throws {
        let backend = try await Self.backend()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            let reply = try await gateway.client.send(
                "tools/call", ["name": "one_echo"], id: "c",
                meta: ["progressToken": "tok", "io.modelcontextprotocol/logLevel": "warning"])
            #expect(reply.status == 200)
            #expect(reply.contentType == "text/event-stream")
            #expect(reply.head["x-accel-buffering"] == "no")
            #expect(reply.isComplete)
            #expect(reply.events.allSatisfy { $0.id == nil && $0.retry == nil })
            let messages = try reply.messages
            #expect(
                messages.dropLast().map { $0["method"]?.string ?? "?" }.sorted()
                    == ["notifications/message"] + Array(repeating: "notifications/progress", count: 3))
            #expect(
                messages.compactMap { $0["params"]?["progressToken"]?.string } == ["tok", "tok", "tok"])
            #expect(messages.compactMap { $0["params"]?["progress"]?.int } == [1, 2, 3])
            #expect(messages.last?["id"]?.string == "c")
            #expect(messages.last?["result"]?.firstText == "done")
            #expect(messages.last?["result"]?["resultType"]?.string == "complete")
        }
        await backend.stop()
    }

    @Test("M38, P29: without a token and a level nothing is told, and the answer is JSON")
    func quiet() async throws {
        let backend = try await Self.backend()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            let reply = try await gateway.client.send("tools/call", ["name": "one_echo"])
            #expect(reply.contentType == "application/json")
            #expect(try reply.json["result"]?.firstText == "done")
        }
        await backend.stop()
    }

    @Test(
        "Who takes one form only gets that one",
        arguments: [("application/json", "application/json"), ("text/event-stream", "text/event-stream")])
    func forms(_ accept: String, _ type: String) async throws {
        let backend = try await Self.backend()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            let reply = try await gateway.client.send(
                "tools/call", ["name": "one_echo"], meta: ["progressToken": 1], fields: [("Accept", accept)])
            #expect(reply.contentType == type)
            #expect(try reply.messages.last?["result"]?.firstText == "done")
            // An error has a status in either case.
            let error = try await gateway.client.send("ping", fields: [("Accept", accept)])
            #expect(error.status == 404)
            #expect(error.contentType == "application/json")
        }
        await backend.stop()
    }

    @Test("HM-31: what fails before anything was said has a status of its own, streams or not")
    func early() async throws {
        try await ModernGateway.run { gateway in
            let reply = try await gateway.client.send(
                "tools/call", ["name": "x"], meta: ["progressToken": 1], fields: [("Mcp-Name", "y")])
            #expect(reply.status == 400)
            #expect(reply.contentType == "application/json")
        }
    }

    @Test("M12: a slow answer begins as a stream, which is kept alive")
    func slow() async throws {
        let gate = ScriptedGate()
        let backend = try await Self.backend(gate)
        var settings = GatewaySettings()
        settings.limits.keepAliveInterval = .milliseconds(100)
        try await ModernGateway.run(["one": backend.url], settings: settings) { gateway in
            try await gateway.client.http.withConnection { connection in
                try await connection.send(gateway.client.text("tools/call", ["name": "one_echo"]))
                #expect(try await connection.head()["content-type"] == "text/event-stream")
                let comment = try await connection.block().orThrow("a comment")
                #expect(comment.isComment)
                gate.open()
                #expect(try await connection.messageEvent().message?["result"]?.firstText == "done")
                #expect(try await connection.event() == nil)
            }
        }
        await backend.stop()
    }

    @Test(
        "HM-28, HM-29: closing the connection cancels the backend's work, and nothing is said after it",
        arguments: [true, false])
    func disconnect(_ isStreaming: Bool) async throws {
        let gate = ScriptedGate()
        let backend = try await Self.backend(gate)
        try await ModernGateway.run(["one": backend.url]) { gateway in
            try await gateway.client.http.withConnection { connection in
                try await connection.send(
                    gateway.client.text(
                        "tools/call", ["name": "one_echo"], meta: isStreaming ? ["progressToken": 1] : [:]))
                try await eventually("a call") { !backend.requests("tools/call").isEmpty }
                if isStreaming { _ = try await connection.head() }
            }
            // A Legacy backend is told in its own words.
            try await eventually("a cancellation") { !backend.requests("notifications/cancelled").isEmpty }
            #expect(backend.requests("notifications/cancelled").count == 1)
            gate.open()
            #expect(try await gateway.client.send("server/discover").status == 200)
        }
        await backend.stop()
    }

    @Test("A client that has sent everything and closed that direction still gets its answer")
    func halfClosed() async throws {
        let gate = ScriptedGate()
        let backend = try await Self.backend(gate)
        try await ModernGateway.run(["one": backend.url]) { gateway in
            try await gateway.client.http.withConnection { connection in
                try await connection.send(gateway.client.text("tools/call", ["name": "one_echo"]))
                try await connection.finishSending()
                try await eventually("a call") { !backend.requests("tools/call").isEmpty }
                gate.open()
                #expect(try await connection.reply().messages.last?["result"]?.firstText == "done")
            }
        }
        await backend.stop()
    }

    /// Answers a call with 25 MB of progress, and with nothing else until the gate opens.
    private static func flooding(until gate: ScriptedGate) async throws -> ScriptedBackend {
        try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            let text = String(repeating: "x", count: 64 << 10)
            let token = request.params?["_meta"]?["progressToken"] ?? .null
            for step in 1...400 {
                reply.event(
                    #"{"jsonrpc":"2.0","method":"notifications/progress","#
                        + #""params":{"progressToken":\#(token),"progress":\#(step),"message":"\#(text)"}}"#)
            }
            await gate.wait()
            return true
        }
    }

    private static var smallQueues: GatewaySettings {
        var settings = GatewaySettings()
        settings.limits.queuedBytesPerStream = 256 << 10
        settings.limits.writeTimeout = .minutes(10)
        return settings
    }

    @Test("SE-04: a client that does not read loses its connection, not our memory", .timeLimit(.minutes(5)))
    func slowReader() async throws {
        let gate = ScriptedGate()
        let backend = try await Self.flooding(until: gate)
        try await ModernGateway.run(["one": backend.url], settings: Self.smallQueues) { gateway in
            try await gateway.client.http.withConnection(receiveBuffer: 4096) { connection in
                try await connection.send(
                    gateway.client.text("tools/call", ["name": "one_echo"], meta: ["progressToken": 1]))
                _ = try await connection.head()
                try await connection.setReading(false)
                // The call has nobody left, so the backend is told.
                try await eventually("the call is given up") { !backend.requests("notifications/cancelled").isEmpty }
            }
        }
        gate.open()
        await backend.stop()
    }

    @Test(
        "SE-06: a Legacy client that does not read loses its connection, and the session lives",
        .timeLimit(.minutes(5)))
    func slowLegacyReader() async throws {
        let gate = ScriptedGate()
        let backend = try await Self.flooding(until: gate)
        try await ModernGateway.run(["one": backend.url], settings: Self.smallQueues) { gateway in
            let client = try await gateway.client.http.opened()
            try await client.withConnection(receiveBuffer: 4096) { connection in
                try await connection.send(
                    client.requestText("POST", MCPTestClient.call(1, "one_echo", meta: ["progressToken": 1])))
                _ = try await connection.head()
                try await connection.setReading(false)
                // Nothing is read here, so the end shows when the gateway takes no more bytes.
                try await eventually("the end of the connection") {
                    do {
                        try await connection.send("\r\n")
                        return false
                    } catch {
                        return true
                    }
                }
            }
            #expect(try await client.result("ping", id: 2).description == "{}")
        }
        gate.open()
        await backend.stop()
    }

    @Test(
        "SE-04: messages of a stream may be larger than what may wait on it, one at a time", arguments: [true, false])
    func largeMessages(isModern: Bool) async throws {
        let text = String(repeating: "x", count: 1 << 20)
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            let token = request.params?["_meta"]?["progressToken"] ?? .null
            reply.event(
                #"{"jsonrpc":"2.0","method":"notifications/progress","#
                    + #""params":{"progressToken":\#(token),"progress":1,"message":"\#(text)"}}"#)
            reply.event(reply.response(#"{"content":[{"type":"text","text":"\#(text)"}]}"#))
            reply.endStream()
            return true
        }
        var settings = GatewaySettings()
        settings.limits.queuedBytesPerStream = 64 << 10
        settings.limits.resumableBytesPerSession = 0
        try await ModernGateway.run(["one": backend.url], settings: settings) { gateway in
            let reply =
                if isModern {
                    try await gateway.client.send("tools/call", ["name": "one_echo"], meta: ["progressToken": 1])
                } else {
                    try await gateway.client.http.opened().send(
                        "POST", MCPTestClient.call(1, "one_echo", meta: ["progressToken": 1]))
                }
            #expect(reply.isComplete)
            let messages = try reply.messages
            #expect(messages.first?["params"]?["message"]?.string == text)
            let content = messages.last?["result"]?["content"]
            #expect(content?.elements.first { _ in true }?["text"]?.string == text)
        }
        await backend.stop()
    }

    @Test("HM-25: no request ever comes on a Modern stream, whatever a Legacy backend asks")
    func noRequests() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            reply.event(
                #"{"jsonrpc":"2.0","id":"q","method":"sampling/createMessage","params":{"messages":[],"maxTokens":1}}"#)
            reply.event(#"{"jsonrpc":"2.0","id":"r","method":"roots/list"}"#)
            reply.event(reply.response(#"{"content":[{"type":"text","text":"done"}]}"#))
            reply.endStream()
            return true
        }
        try await ModernGateway.run(["one": backend.url]) { gateway in
            let reply = try await gateway.client.send(
                "tools/call", ["name": "one_echo"],
                meta: ["progressToken": 1, "io.modelcontextprotocol/logLevel": "debug"])
            #expect(try reply.messages.allSatisfy { $0["method"] == nil || $0["id"] == nil })
        }
        await backend.stop()
    }

    @Test("HM-33: one client has as many streams at a time as it has requests")
    func several() async throws {
        let gate = ScriptedGate()
        let backend = try await Self.backend(gate)
        try await ModernGateway.run(["one": backend.url]) { gateway in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 1...4 {
                    group.addTask {
                        let reply = try await gateway.client.send(
                            "tools/call", ["name": "one_echo"], id: .number(JSONNumber(number)),
                            meta: ["progressToken": .number(JSONNumber(number))])
                        let messages = try reply.messages
                        #expect(
                            messages.compactMap { $0["params"]?["progressToken"]?.int } == [number, number, number])
                        return messages.last?["id"]?.int ?? 0
                    }
                }
                try await eventually("four calls") { backend.requests("tools/call").count == 4 }
                gate.open()
                var ids: Set<Int> = []
                for try await id in group { ids.insert(id) }
                #expect(ids == [1, 2, 3, 4])
            }
        }
        await backend.stop()
    }
}
