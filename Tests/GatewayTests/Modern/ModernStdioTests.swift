// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing
import VirtualServer

@testable import Gateway

/// 2.5: the Modern era on standard input and output.
@Suite struct ModernStdioTests {
    private static let tag = "io.modelcontextprotocol/subscriptionId"

    @Test("LC-10, 2.5: Modern requests need no handshake and no headers", .timeLimit(.minutes(5)))
    func stateless() async throws {
        let backend = try await ScriptedBackend.start()
        try await ModernGateway.runStdio(["one": backend.url]) { client, _ in
            try await client.send(ModernClient.message("d", "server/discover"))
            let discovered = try await client.answer(to: #""d""#)
            #expect(discovered["result"]?["supportedVersions"]?.kind == .array)
            try await client.send(ModernClient.message(1, "tools/call", ["name": "one_echo"]))
            let called = try await client.answer(to: "1")
            #expect(called["result"]?.firstText == "echo")
            #expect(called["result"]?["resultType"]?.string == "complete")
            try await client.finish()
        }
        await backend.stop()
    }

    @Test(
        "2.5: the checks are those of HTTP without the headers", .timeLimit(.minutes(5)),
        arguments: [
            ("initialize", ModernCase.meta(), -32601), ("ping", ModernCase.meta(), -32601),
            ("no/method", ModernCase.meta(), -32601), ("tasks/list", ModernCase.meta(), -32601),
            ("tools/list", ModernCase.meta(#""v9""#), -32022),
            ("tools/list", ModernCase.meta(#""2025-11-25""#), -32022),
            ("tools/list", ModernCase.meta(#""2026-07-28""#, "[]"), -32602),
            ("tools/list", ModernCase.meta("5"), -32602),
            ("subscriptions/listen", ModernCase.meta(), -32602),
        ])
    func checks(_ method: String, _ meta: String, _ code: Int) async throws {
        try await ModernGateway.runStdio { client, _ in
            let row = ModernCase("", method, meta: meta, id: #""x""#, 0)
            try await client.send(row.body)
            let answer = try await client.answer(to: #""x""#)
            #expect(answer["error"]?["code"]?.int == code, "\(answer)")
            try await client.finish()
        }
    }

    @Test("LC-15, ST-04: both eras live side by side in one process", .timeLimit(.minutes(5)))
    func both() async throws {
        try await ModernGateway.runStdio { client, _ in
            try await client.send(ModernClient.message(1, "tools/list"))
            #expect(try await client.answer(to: "1")["result"]?["resultType"] != nil)
            try await client.open()
            try await client.send(MCPTestClient.request(2, "ping"))
            #expect(try await client.answer(to: "2")["result"]?.description == "{}")
            try await client.send(ModernClient.message(3, "tools/list"))
            #expect(try await client.answer(to: "3")["result"]?["resultType"] != nil)
            try await client.send(MCPTestClient.request(4, "tools/list"))
            #expect(try await client.answer(to: "4")["result"]?["resultType"] == nil)
            // Repeating the session's own version in `_meta` is no other era.
            try await client.send(
                MCPTestClient.request(5, "ping", ["_meta": ["io.modelcontextprotocol/protocolVersion": "2025-11-25"]]))
            #expect(try await client.answer(to: "5")["result"]?.description == "{}")
            try await client.finish()
        }
    }

    @Test("ST-05, P62: a cancelled request gets no answer, and its backend is told", .timeLimit(.minutes(5)))
    func cancelled() async throws {
        let gate = ScriptedGate()
        let backend = try await ScriptedBackend.start { request, _ in
            if request.verb == "tools/call" { await gate.wait() }
            return false
        }
        try await ModernGateway.runStdio(["one": backend.url]) { client, _ in
            try await client.send(ModernClient.message("c", "tools/call", ["name": "one_echo"]))
            try await eventually("a call") { !backend.requests("tools/call").isEmpty }
            // The id is taken as long as the request runs, for both eras.
            try await client.send(ModernClient.message("c", "tools/list"))
            #expect(try await client.answer(to: #""c""#)["error"]?["code"]?.int == -32600)
            try await client.send(MCPTestClient.notification("notifications/cancelled", ["requestId": "c"]))
            try await eventually("a cancellation") { !backend.requests("notifications/cancelled").isEmpty }
            gate.open()
            try await client.send(MCPTestClient.notification("notifications/cancelled", ["requestId": "no such id"]))
            try await client.send(ModernClient.message("c", "server/discover"))
            // The first answer under that id is that of its second use.
            #expect(try await client.answer(to: #""c""#)["result"]?["supportedVersions"] != nil)
            try await client.finish()
        }
        await backend.stop()
    }

    @Test("2.5: an id of a batch is taken for both eras as long as the batch runs", .timeLimit(.minutes(5)))
    func batchIDs() async throws {
        let gate = ScriptedGate()
        let backend = try await ScriptedBackend.start { request, _ in
            if request.verb == "tools/call" { await gate.wait() }
            return false
        }
        try await ModernGateway.runStdio(["one": backend.url]) { client, _ in
            try await client.open("2025-03-26")
            try await client.send(ModernClient.message("m", "tools/call", ["name": "one_echo"]))
            try await eventually("a call") { backend.requests("tools/call").count == 1 }
            let calls = ["b", "m"].map { MCPTestClient.call(.string($0), "one_echo") }
            try await client.send("[\(calls.joined(separator: ","))]")
            try await eventually("the batch's call") { backend.requests("tools/call").count >= 2 }
            try await client.send(ModernClient.message("b", "server/discover"))
            #expect(try await client.answer(to: #""b""#)["error"]?["code"]?.int == -32600)
            gate.open()
            // The Modern answer and that of the batch, in either order.
            var batch: [JSONSlice] = []
            for _ in 0..<2 {
                let message = try await client.response()
                if message.kind == .array {
                    batch = Array(message.elements)
                } else {
                    #expect(message["id"]?.string == "m")
                    #expect(message["result"]?.firstText == "echo")
                }
            }
            #expect(Set(batch.compactMap { $0["id"]?.string }) == ["b", "m"])
            #expect(batch.first { $0["id"]?.string == "m" }?["error"]?["code"]?.int == -32600)
            #expect(batch.first { $0["id"]?.string == "b" }?["result"]?.firstText == "echo")
            try await client.send(ModernClient.message("b", "server/discover"))
            #expect(try await client.answer(to: #""b""#)["result"] != nil)
            try await client.finish()
        }
        await backend.stop()
    }

    @Test("Progress and log messages come before the answer, as the request wants them", .timeLimit(.minutes(5)))
    func notifications() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call", let token = request.params?["_meta"]?["progressToken"] else {
                return false
            }
            reply.openStream()
            reply.event(
                #"{"jsonrpc":"2.0","method":"notifications/progress","#
                    + #""params":{"progressToken":\#(token),"progress":1}}"#)
            reply.event(#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":"x"}}"#)
            reply.event(reply.response(#"{"content":[]}"#))
            reply.endStream()
            return true
        }
        try await ModernGateway.runStdio(["one": backend.url]) { client, _ in
            let meta = ModernClient.meta([:], ["progressToken": "p"])
            try await client.send(ModernClient.message(1, "tools/call", ["name": "one_echo"], meta: meta))
            let progress = try await client.next()
            #expect(progress["params"]?["progressToken"]?.string == "p")
            // No level, no log.
            #expect(try await client.next()["id"]?.int == 1)
            try await client.finish()
        }
        await backend.stop()
    }

    @Test("ST-06, M40, M41: a subscription is acknowledged, tagged and ended by its client", .timeLimit(.minutes(5)))
    func listening() async throws {
        let backend = try await ScriptedBackend.start { $0.listens = true }
        try await ModernGateway.runStdio(["one": backend.url]) { client, _ in
            try await client.send(
                ModernClient.message(7, "subscriptions/listen", ["notifications": ["toolsListChanged": true]]))
            let first = try await client.next()
            #expect(first["method"]?.string == "notifications/subscriptions/acknowledged")
            #expect(first["params"]?["_meta"]?.member(Self.tag)?.int == 7)
            // Its id is taken.
            try await client.send(ModernClient.message(7, "tools/list"))
            #expect(try await client.next()["error"]?["code"]?.int == -32600)
            try await eventually("the monitor listens") { !backend.streams.isEmpty }
            for stream in backend.streams {
                stream.event(#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#)
            }
            let changed = try await client.next()
            #expect(changed["method"]?.string == "notifications/tools/list_changed")
            #expect(changed["params"]?["_meta"]?.member(Self.tag)?.int == 7)
            try await client.send(MCPTestClient.notification("notifications/cancelled", ["requestId": 7]))
            try await client.send(ModernClient.message(7, "server/discover"))
            #expect(try await client.next()["result"]?["supportedVersions"] != nil)
            try await client.finish()
        }
        await backend.stop()
    }

    @Test(
        "ST-07, M43: at the end of the input a subscription gets its result, and then a cancellation",
        .timeLimit(.minutes(5)))
    func ended() async throws {
        try await ModernGateway.runStdio { client, _ in
            try await client.send(ModernClient.message("s", "subscriptions/listen", ["notifications": [:]]))
            #expect(try await client.next()["method"]?.string == "notifications/subscriptions/acknowledged")
            try await client.finishSending()
            let result = try await client.next()
            #expect(result["id"]?.string == "s")
            #expect(result["result"]?["resultType"]?.string == "complete")
            #expect(result["result"]?["_meta"]?.member(Self.tag)?.string == "s")
            let cancelled = try await client.next()
            #expect(cancelled["method"]?.string == "notifications/cancelled")
            #expect(cancelled["params"]?["requestId"]?.string == "s")
            try await client.finish()
        }
    }

    @Test("ST-08: a Modern client is sent no request, whatever a Legacy backend asks", .timeLimit(.minutes(5)))
    func noRequests() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            reply.event(#"{"jsonrpc":"2.0","id":"q","method":"roots/list"}"#)
            reply.event(reply.response(#"{"content":[]}"#))
            reply.endStream()
            return true
        }
        try await ModernGateway.runStdio(["one": backend.url]) { client, _ in
            try await client.send(ModernClient.message(1, "tools/call", ["name": "one_echo"]))
            let message = try await client.next()
            #expect(message["method"] == nil)
            #expect(message["id"]?.int == 1)
            try await client.finish()
        }
        await backend.stop()
    }
}
