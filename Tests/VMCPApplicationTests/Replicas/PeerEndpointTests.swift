// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import NIOCore
import Observability
import TestSupport
import Testing

@testable import Gateway

/// Requests at the address for replicas that no replica has made, or not like that.
@Suite("The address for replicas", .timeLimit(.minutes(5)))
struct PeerEndpointTests {
    /// A request as a peer makes it, of which anything can be changed.
    private struct Forged {
        var secret = ReplicaNetwork.secret
        var instance = "a"
        var time = Int(Date().timeIntervalSince1970)
        var nonce = ResumeFields.newNonce()
        var principal = Principal.anonymous
        var hops = ["1"]
        var signature: String?
        var message = ""
        var method = "POST"
        var path = Replicas.path
        var envelope: ByteBuffer?

        func send(to port: Int) async throws -> RawReply {
            let body =
                try envelope
                ?? ResumeEnvelope(principal: principal, message: ByteBuffer(string: message)).bytes.orThrow("a body")
            let fields = ResumeFields(
                instance: instance, time: time, nonce: nonce, accept: "application/json, text/event-stream")
            let signed = ResumeKeys([Secret(secret)]).signature(of: fields, body)
            let all: [(name: String, value: String)] =
                hops.map { ("X-Vmcp-Hop", $0) } + [
                    ("X-Vmcp-Instance", instance), ("X-Vmcp-Time", "\(time)"), ("X-Vmcp-Nonce", nonce),
                    ("X-Vmcp-Signature", signature ?? signed ?? ""),
                ]
            return try await MCPTestClient(port: port).send(method, String(buffer: body), path: path, fields: all)
        }
    }

    private static func message(_ state: String?) -> String {
        var params: JSONObject = [
            "name": "one_ask", "arguments": [:],
            "_meta": [
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": ["elicitation": [:]],
            ],
        ]
        if let state {
            params["requestState"] = .string(state)
            params["inputResponses"] = ["q1": ["action": "accept", "content": ["n": "eve"]]]
        }
        return MCPTestClient.request("x", "tools/call", .object(params))
    }

    /// Runs `body` with a replica, and a request that is good for a call that waits there.
    private func run(_ body: (RunningGateway, Forged, AskingBackend) async throws -> Void) async throws {
        try await ReplicaNetwork.run(["a", "b"]) { network, backend in
            try await network.run("a") { a in
                let state = try await RoundClient(a).round()
                var forged = Forged()
                forged.message = Self.message(state)
                try await body(a, forged, backend)
                #expect(backend.calls == 1)
            }
        }
    }

    @Test("What a peer would send is taken, once")
    func replayed() async throws {
        try await run { a, forged, _ in
            let reply = try await forged.send(to: a.peerPort)
            #expect(try reply.callText == "eve")
            #expect(reply.head["x-vmcp-instance"] == "a")
            #expect(try await forged.send(to: a.peerPort).status == 401)
        }
    }

    @Test("PK-23: a forged request is refused, and the call goes on")
    func refused() async throws {
        try await run { a, good, _ in
            var cases: [(String, Forged, Int)] = []
            func add(_ name: String, _ status: Int, _ change: (inout Forged) -> Void) {
                var forged = good
                forged.nonce = ResumeFields.newNonce()
                change(&forged)
                cases.append((name, forged, status))
            }
            add("another secret", 401) { $0.secret = "a secret that replicas do not know each other by" }
            add("no signature", 401) { $0.signature = "" }
            add("a signature of zeros", 401) { $0.signature = String(repeating: "A", count: 43) }
            add("too old", 401) { $0.time -= 31 + 5 }
            add("from the future", 401) { $0.time += 31 + 5 }
            add("a time beyond numbers", 401) { $0.time = .min }
            add("for somebody else", 401) { $0.instance = "b" }
            add("a short nonce", 401) { $0.nonce = "AAAA" }
            add("no hop", 400) { $0.hops = [] }
            add("two hops", 400) { $0.hops = ["1", "1"] }
            add("a second hop", 400) { $0.hops = ["2"] }
            add("no envelope", 400) { $0.envelope = ByteBuffer(string: "7\n{\"v\":1}{}") }
            add("a length that lies", 400) { $0.envelope = ByteBuffer(string: "999999\n{}") }
            add("an empty body", 400) { $0.envelope = ByteBuffer() }
            add("another method", 405) { $0.method = "PUT" }
            add("another path", 404) { $0.path = "/mcp" }
            for (name, forged, status) in cases {
                let reply = try await forged.send(to: a.peerPort)
                #expect(reply.status == status, "\(name): \(reply.text)")
                #expect(reply.head["x-vmcp-instance"] == nil, "\(name)")
            }
            var last = good
            last.nonce = ResumeFields.newNonce()
            #expect(try await last.send(to: a.peerPort).callText == "eve")
        }
    }

    @Test("A peer is believed who asks, and nothing else: another person's state does not open")
    func otherPerson() async throws {
        try await run { a, good, _ in
            var forged = good
            forged.principal = Principal(issuer: "https://issuer.example", subject: "eve")
            let reply = try await forged.send(to: a.peerPort)
            #expect(reply.status == 400)
            #expect(try reply.reason == "invalid_request_state")
        }
    }

    @Test("No call begins at the address for replicas, and none is passed on from there")
    func notThere() async throws {
        try await run { a, good, backend in
            var forged = good
            forged.message = Self.message(nil)
            let reply = try await forged.send(to: a.peerPort)
            #expect(try reply.reason == "invalid_request_state")
            forged.nonce = ResumeFields.newNonce()
            forged.message = MCPTestClient.request("x", "tools/list", [:])
            #expect(try await forged.send(to: a.peerPort).json["error"] != nil)
            forged.nonce = ResumeFields.newNonce()
            forged.message = "no JSON"
            #expect(try await forged.send(to: a.peerPort).json["error"]?["code"]?.int == -32700)
            #expect(backend.calls == 1)
        }
    }

    @Test("A state of a third replica ends where it is")
    func third() async throws {
        try await ReplicaNetwork.pair { network, _, a, b in
            let state = try await RoundClient(b).round()
            var forged = Forged()
            forged.message = Self.message(state)
            let reply = try await forged.send(to: a.peerPort)
            #expect(reply.status == 400)
            #expect(try reply.reason == "request_state_gone")
            #expect(try network.relay("b").connections == 0)
            #expect(try await RoundClient(b).send(state: state).callText == "ann")
        }
    }

    @Test("The address for replicas is not the one for clients")
    func separate() async throws {
        try await run { a, good, _ in
            // There it is a message like any other, which this is not.
            let reply = try await good.send(to: a.port)
            #expect(reply.status == 400)
            #expect(reply.head["x-vmcp-instance"] == nil)
            let health = try await MCPTestClient(port: a.peerPort).send("GET", path: "/health")
            #expect(health.status == 404)
        }
    }
}
