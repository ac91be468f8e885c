// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Gateway

/// Modern clients and a Modern backend, whose plain calls no task waits for.
@Suite(.timeLimit(.minutes(5))) struct ModernRelayTests {
    /// One whose tool calls never end, and which counts those that were given up.
    private final class Hanging: Sendable {
        let givenUp = Mutex(0)

        func start(streaming: Bool = false) async throws -> ScriptedModernBackend {
            try await ScriptedModernBackend.start { [self] request, reply in
                guard request.verb == "tools/call" else { return false }
                if streaming {
                    reply.openStream()
                    let token = request.params?["_meta"]?["progressToken"] ?? .null
                    reply.event(
                        #"{"jsonrpc":"2.0","method":"notifications/progress","#
                            + #""params":{"progressToken":\#(token),"progress":1}}"#)
                }
                await reply.closed()
                givenUp.withLock { $0 += 1 }
                return true
            }
        }
    }

    private static let params: JSONObject = ["name": "one_echo"]

    @Test("A result is the backend's under our name, call for call")
    func plain() async throws {
        let backend = try await ScriptedModernBackend.start()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            for number in 1...3 {
                let reply = try await gateway.client.send("tools/call", Self.params, id: .number(JSONNumber(number)))
                #expect(reply.contentType == "application/json")
                let answer = try reply.json
                #expect(answer["id"]?.int == number)
                #expect(answer["result"]?.firstText == "echo")
                let meta = answer["result"]?["_meta"]
                #expect(meta?["io.modelcontextprotocol/serverInfo"]?["name"]?.string == "gateway")
            }
            #expect(gateway.isIdle)
        }
        await backend.stop()
    }

    @Test("Requests that stand in line on one connection are answered in their order")
    func pipelined() async throws {
        let backend = try await ScriptedModernBackend.start()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            try await gateway.client.http.withConnection { connection in
                let texts = (1...20).map { gateway.client.text("tools/call", Self.params, id: .number(JSONNumber($0))) }
                try await connection.send(texts.joined())
                for number in 1...20 { #expect(try await connection.reply().json["id"]?.int == number) }
            }
        }
        await backend.stop()
    }

    @Test("What a backend refuses is told in Modern words, whether a task waited for it from the start or not")
    func refused() async throws {
        let backend = try await ScriptedModernBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.error(-32002, "Resource not found")
            return true
        }
        try await ModernGateway.run(["one": backend.url]) { gateway in
            // The first one finds no session yet.
            for _ in 0..<2 {
                let reply = try await gateway.client.send("tools/call", Self.params)
                #expect(try reply.json["error"]?["code"]?.int == -32602)
            }
        }
        await backend.stop()
    }

    @Test(
        "HM-28, HM-29: closing the connection ends the backend's work, and nothing is said after it",
        arguments: [true, false])
    func disconnect(isStreaming: Bool) async throws {
        let hanging = Hanging()
        let backend = try await hanging.start(streaming: isStreaming)
        try await ModernGateway.run(["one": backend.url]) { gateway in
            // The first one finds no session yet.
            for number in 1...2 {
                try await gateway.client.http.withConnection { connection in
                    try await connection.send(
                        gateway.client.text("tools/call", Self.params, meta: isStreaming ? ["progressToken": 1] : [:]))
                    try await eventually("a call") { backend.requests("tools/call").count == number }
                    if isStreaming { _ = try await connection.head() }
                }
                try await eventually("it is given up") { hanging.givenUp.withLock { $0 } == number }
            }
            #expect(try await gateway.client.send("server/discover").status == 200)
            #expect(gateway.isIdle)
        }
        await backend.stop()
    }

    @Test("A request that runs when the gateway ends is told that nobody knows what became of it")
    func shutdown() async throws {
        let hanging = Hanging()
        let backend = try await hanging.start()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            // The first one finds no session yet, the second one is made at once.
            try await gateway.client.http.withConnection { first in
                try await first.send(gateway.client.text("tools/call", Self.params))
                try await eventually("a call") { backend.requests("tools/call").count == 1 }
                try await gateway.client.http.withConnection { second in
                    try await second.send(gateway.client.text("tools/call", Self.params))
                    try await eventually("another") { backend.requests("tools/call").count == 2 }
                    await gateway.gateway.endSessions()
                    for connection in [first, second] {
                        let reply = try await connection.reply()
                        #expect(reply.status == 503)
                        #expect(try reply.json["error"]?["code"]?.int == ErrorCode.outcomeUnknown.rawValue)
                    }
                }
            }
            #expect(gateway.isIdle)
        }
        await backend.stop()
    }

    @Test("ST-05, P62: a request on standard input that is cancelled gets no answer, and its backend's work ends")
    func stdio() async throws {
        let hanging = Hanging()
        let backend = try await hanging.start()
        try await ModernGateway.runStdio(["one": backend.url]) { client, _ in
            for number in 1...2 {
                try await client.send(ModernClient.message("c", "tools/call", Self.params))
                try await eventually("a call") { backend.requests("tools/call").count == number }
                try await client.send(MCPTestClient.notification("notifications/cancelled", ["requestId": "c"]))
                try await eventually("it is given up") { hanging.givenUp.withLock { $0 } == number }
            }
            try await client.send(ModernClient.message("c", "server/discover"))
            #expect(try await client.answer(to: #""c""#)["result"]?["supportedVersions"] != nil)
            try await client.finish()
        }
        await backend.stop()
    }
}
