// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import Logging
import MCPTypes
import Synchronization
import TestSupport
import Testing

@testable import Backends
@testable import VirtualServer

/// A Modern client's calls to a Legacy backend that asks, through the whole core.
struct ParkedCallTests {
    private static let alice = Principal(issuer: "https://issuer.example", subject: "alice")
    private static let bob = Principal(issuer: "https://issuer.example", subject: "bob")
    private static let call = #"{"name":"one_echo","arguments":{}}"#

    /// Runs `body` with a Legacy backend that asks `question` in the middle of each call and returns the answer.
    private func run(
        _ question: String, _ body: (ScriptedBackend, ServerHarness) async throws -> Void
    ) async throws {
        let answers = Mutex<[String: String]>([:])
        let next = Mutex(0)
        let backend = try await ScriptedBackend.start { request, reply in
            if request.verb == nil, let message = request.json, let id = message["id"]?.description {
                answers.withLock {
                    $0[id] = message["error"]?.description ?? message["result"]?.description ?? ""
                }
                reply.accepted()
                return true
            }
            if request.verb == "server/discover" {
                reply.error(-32601, "Method not found")
                return true
            }
            guard request.verb == "tools/call" else { return false }
            let id = next.withLock { next in
                next += 1
                return "\(next)"
            }
            reply.openStream()
            reply.event(
                json(question).editing([
                    JSONEdit(key: "jsonrpc", value: json(#""2.0""#)), JSONEdit(key: "id", value: json(id)),
                ]).description)
            try? await eventually("the question is answered") { answers.withLock { $0[id] != nil } }
            let answer = answers.withLock { $0[id] ?? "" }
            reply.event(reply.response(#"{"content":[{"type":"text","text":\#(JSONSlice(string: answer))}]}"#))
            reply.endStream()
            return true
        }
        try await ServerHarness.run(["one": backend.url]) { plain in
            let shared = SharedSessions()
            let seal = StateSeal(audience: "https://gateway.example")
            let lot = ParkingLot(
                settings: ParkingSettings(), shared: shared, seal: seal,
                clock: .real(on: plain.shard.eventLoop), logger: plain.server.logger)
            let harness = ServerHarness(
                server: VirtualServer(
                    name: "gateway", backends: plain.backends, capabilities: plain.capabilities, seal: seal,
                    parking: lot, logger: plain.server.logger),
                capabilities: plain.capabilities, backends: plain.backends, shards: plain.shards)
            try await body(backend, harness)
            await lot.close(within: .zero)
            await shared.close()
        }
        await backend.stop()
    }

    private func retry(_ state: JSONSlice, _ responses: String) -> String {
        #"{"name":"one_echo","arguments":{},"requestState":\#(state),"inputResponses":\#(responses)}"#
    }

    @Test("[GB-16] A question in the middle of a call is a round, and its answer ends the same call")
    func parked() async throws {
        try await run(Ask.form) { backend, harness in
            let client = harness.client(.v2026_07_28, Ask.everything, principal: Self.alice)
            let round = try await client.callTool(Self.call).get()
            #expect(round["resultType"]?.isString("input_required") == true)
            let question = try #require(round["inputRequests"]?.members.first { _ in true })
            #expect(question.value["params"]?["message"]?.string == "[one] Name?")
            let state = try #require(round["requestState"])
            let key = question.key.description
            let text = await client.callTool(
                retry(state, #"{\#(key):{"action":"accept","content":{"name":"n"}}}"#)
            ).text
            #expect(json(text ?? "{}")["content"]?["name"]?.string == "n")
            #expect(backend.requests("tools/call").count == 1)
        }
    }

    @Test("[GB-11] Parked calls of two users cannot be swapped")
    func swapped() async throws {
        try await run(Ask.form) { backend, harness in
            let alice = harness.client(.v2026_07_28, Ask.everything, principal: Self.alice)
            let bob = harness.client(.v2026_07_28, Ask.everything, principal: Self.bob)
            let first = try await alice.callTool(Self.call).get()
            let second = try await bob.callTool(Self.call).get()
            let answers = #"{"q1":{"action":"decline"}}"#
            let states = try (#require(first["requestState"]), #require(second["requestState"]))
            #expect(await alice.callTool(retry(states.1, answers)).error?.code == .invalidParams)
            #expect(await bob.callTool(retry(states.0, answers)).error?.code == .invalidParams)
            #expect(json(await alice.callTool(retry(states.0, answers)).text ?? "{}")["action"]?.string == "decline")
            #expect(json(await bob.callTool(retry(states.1, answers)).text ?? "{}")["action"]?.string == "decline")
            #expect(backend.requests("tools/call").count == 2)
            let late = await alice.callTool(retry(states.0, answers)).error
            #expect(late?.data?["reason"]?.string == "request_state_gone")
        }
    }

    @Test("A state of one kind opens no other path: a parked call's is nothing to a Modern backend, nor the reverse")
    func kinds() async throws {
        try await run(Ask.form) { _, harness in
            let client = harness.client(.v2026_07_28, Ask.everything, principal: Self.alice)
            let subject = StateSubject(
                method: .toolsCall, target: "one_echo", arguments: json("{}"), principal: Self.alice)
            let later = Date() + 60
            let relay = try harness.server.seal.seal(
                .relay, ["b": "one", "o": "echo", "s": "x"], for: subject, expires: later)
            let error = await client.callTool(retry(JSONSlice(string: relay), "{}")).error
            #expect(error?.data?["reason"]?.string == "request_state_gone")
            let task = try harness.server.seal.seal(.task, ["p": "x"], for: subject, expires: later)
            let other = await client.callTool(retry(JSONSlice(string: task), "{}")).error
            #expect(other?.data?["reason"]?.string == "invalid_request_state")
        }
    }
}
