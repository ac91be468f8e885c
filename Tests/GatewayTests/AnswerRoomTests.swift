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
            let session = try await MCPTestClient(port: gateway.port).opened()
            let client = try await RawConnection.open(port: gateway.port, receiveBuffer: 64 << 10)
            try await client.setReading(false)
            try await client.send(
                session.requestText("POST", MCPTestClient.call(2, "one_echo", meta: ["progressToken": 7])))
            try await eventually("the stream waits") { budget.takenBytes > (steps / 2) << 20 }
            await client.close()
            try await eventually("it counts no more") { budget.takenBytes == 0 }
            #expect(try await session.result("ping", id: 3).kind == .object)
        }
        await backend.stop()
    }
}
