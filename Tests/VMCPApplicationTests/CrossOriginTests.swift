// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// What a web page of an allowed origin gets at the MCP endpoint.
@Suite struct CrossOriginTests {
    private static let plan: GatewayPlan = {
        var plan = GatewayPlan.bare
        plan.sections = "http:\n  allowedOrigins: [\"https://app.example.com\"]"
        return plan
    }()

    private static let page = ("Origin", "https://app.example.com")

    @Test("SE-13: a preflight of an allowed page says what it may send, before anybody is asked for a token")
    func preflight() async throws {
        try await RunningGateway.run(Self.plan) { gateway in
            let reply = try await gateway.client.send(
                "OPTIONS",
                fields: [Self.page, ("Access-Control-Request-Method", "POST"), ("Content-Type", ""), ("Accept", "")])
            #expect(reply.status == 204)
            #expect(reply.head["access-control-allow-origin"] == "https://app.example.com")
            #expect(reply.head["access-control-allow-methods"] == "GET, POST, DELETE")
            let allowed = reply.head["access-control-allow-headers"] ?? ""
            for name in ["Authorization", "Content-Type", "Mcp-Session-Id", "MCP-Protocol-Version", "Last-Event-ID"] {
                #expect(allowed.contains(name))
            }
            #expect(reply.head["vary"] == "Origin")
            #expect(reply.head["access-control-allow-credentials"] == nil)
        }
    }

    @Test("an allowed page may read answers and what their headers say to it, when to come again among it")
    func answers() async throws {
        try await RunningGateway.run(Self.plan) { gateway in
            let reply = try await gateway.client.send(
                "POST", MCPTestClient.initialize("2025-11-25"), fields: [Self.page])
            #expect(reply.status == 200)
            #expect(reply.head["access-control-allow-origin"] == "https://app.example.com")
            #expect(
                reply.head["access-control-expose-headers"]
                    == "Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate, DPoP-Nonce, Retry-After")
        }
    }

    @Test("other pages and programs without a page get none of it")
    func others() async throws {
        try await RunningGateway.run(Self.plan) { gateway in
            let foreign = try await gateway.client.send("OPTIONS", fields: [("Origin", "https://evil.example.com")])
            #expect(foreign.status == 403)
            #expect(foreign.head["access-control-allow-origin"] == nil)
            let program = try await gateway.client.send("POST", MCPTestClient.initialize("2025-11-25"))
            #expect(program.status == 200)
            #expect(program.head["access-control-allow-origin"] == nil)
            #expect(try await gateway.client.send("OPTIONS").status == 405)
        }
    }
}
