// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

@testable import Backends
@testable import Gateway

@Suite("What waits for clients counts among the large answers")
struct AnswerRoomTests {
    @Test("An backlog holds its size, also what was there before it was counted, and gives it back")
    func backlog() {
        let budget = AnswerBudget(maximumBytes: 1)
        var backlog = Backlog()
        backlog.append(ByteBuffer(repeating: 0x61, count: 100_000))
        #expect(budget.takenBytes == 0)
        backlog.count(in: budget)
        #expect(budget.takenBytes == 100_000)
        backlog.count(in: budget)
        #expect(!backlog.hasRoom(for: ByteBuffer(repeating: 0x62, count: 2), within: 100_001))
        #expect(backlog.hasRoom(for: ByteBuffer(repeating: 0x62, count: 1), within: 100_001))
        backlog.append(ByteBuffer(repeating: 0x62, count: 1))
        #expect(budget.takenBytes == 100_001)
        let taken = backlog.take()
        #expect(taken?.readableBytes == 100_001)
        #expect(backlog.isEmpty)
        let nothing = backlog.take()
        #expect(nothing == nil)
        #expect(budget.takenBytes == 0)
        #expect(backlog.hasRoom(for: ByteBuffer(repeating: 0x62, count: 1000), within: 1))
    }

    @Test(
        "An answer that its client does not read is counted until it is read or the client has gone",
        arguments: [true, false], ["application/json", "text/event-stream"])
    func unread(isReadInTheEnd: Bool, form: String) async throws {
        // More than the kernel takes for anyone.
        let text = String(repeating: "x", count: 8 << 20)
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.json(reply.response(#"{"content":[{"type":"text","text":"\#(text)"}]}"#))
            return true
        }
        let budget = AnswerBudget(maximumBytes: 1 << 30)
        try await ModernGateway.run(["one": backend.url], answers: budget) { gateway in
            let client = try await RawConnection.open(port: gateway.port, receiveBuffer: 64 << 10)
            try await client.setReading(false)
            try await client.send(
                gateway.client.text("tools/call", ["name": "one_echo"], fields: [("Accept", form)]))
            try await eventually("the answer waits") {
                !backend.requests("tools/call").isEmpty && budget.takenBytes > text.utf8.count / 2
            }
            if isReadInTheEnd {
                try await client.setReading(true)
                try await eventually("it has been read") { budget.takenBytes == 0 }
                await client.close()
            } else {
                await client.close()
                try await eventually("it has been given up") { budget.takenBytes == 0 }
            }
        }
        await backend.stop()
    }

    @Test("What waits in a session's stream counts no more when its client has gone, however long the session lives")
    func detachedStream() async throws {
        let text = String(repeating: "x", count: 1 << 20)
        let steps = 16
        // What fills the connection, and then what waits for it in the stream.
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            let token = request.params?["_meta"]?["progressToken"]
            for step in 1...steps {
                reply.event(
                    #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":\#(step),"#
                        + #""progressToken":\#(token.map { "\($0)" } ?? "0"),"message":"\#(text)"}}"#)
            }
            reply.event(reply.response(#"{"content":[{"type":"text","text":"\#(text)"}]}"#))
            reply.endStream()
            return true
        }
        let budget = AnswerBudget(maximumBytes: 1 << 30)
        var settings = GatewaySettings()
        settings.limits.queuedBytesPerStream = 64 << 20
        try await ModernGateway.run(["one": backend.url], settings: settings, answers: budget) { gateway in
            func post(_ body: String, _ session: String? = nil) -> String {
                let id = session.map { "Mcp-Session-Id: \($0)\r\n" } ?? ""
                return "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                    + "Accept: application/json, text/event-stream\r\n\(id)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            }
            let opener = try await RawConnection.open(port: gateway.port)
            try await opener.send(
                post(
                    #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","#
                        + #""capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#))
            let session = try await opener.head()["mcp-session-id"].orThrow("a session")
            let client = try await RawConnection.open(port: gateway.port, receiveBuffer: 64 << 10)
            try await client.setReading(false)
            try await client.send(
                post(
                    #"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"one_echo","#
                        + #""_meta":{"progressToken":7}}}"#, session))
            try await eventually("the stream waits") { budget.takenBytes > (steps / 2) << 20 }
            await client.close()
            try await eventually("it counts no more") { budget.takenBytes == 0 }
            try await opener.send(post(#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#, session))
            await opener.close()
        }
        await backend.stop()
    }
}
