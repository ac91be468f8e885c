// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import TestSupport
import Testing

/// Tokens of one person over the HTTP+SSE transport, where one stream outlives them.
@Suite struct LegacySSETokenTests {
    @Test("HL-20, SS-01: a message, and each of a batch, is done with the token that it came with")
    func newToken() async throws {
        let provider = try await FakeProvider.start()
        let vault = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            let authorization = request.header("Authorization") ?? ""
            reply.result(#"{"content":[{"type":"text","text":\#(JSONSlice(string: authorization))}]}"#)
            return true
        }
        var plan = try await GatewayPlan.modeB(provider, vault: vault)
        plan.sections += "\nhttp:\n  legacySSE: true"
        try await RunningGateway.run(plan) { gateway in
            let client = ModeBClient(port: gateway.port, provider: provider)
            try await client.register()
            let first = client.mcp(try await client.signIn("alice").access)
            let second = client.mcp(try await client.signIn("alice").access)
            try await first.withConnection { stream in
                try await stream.send(
                    first.requestText("GET", path: "/sse", fields: [("Accept", "text/event-stream")]))
                #expect(try await stream.head().status == 200)
                let path = try (try await stream.event()?.data).orThrow("an address")
                func say(_ body: String, _ client: MCPTestClient) async throws {
                    #expect(try await client.send("POST", body, path: path).status == 202)
                }
                try await say(MCPTestClient.initialize("2025-03-26", id: 0), first)
                _ = try await stream.messageEvent()
                try await say(MCPTestClient.notification("notifications/initialized"), first)
                let call = MCPTestClient.call(1, "vault_echo")
                // A batch of its own token first: a single message would have the session learn of it.
                for (client, body, number) in [
                    (first, "[\(call)]", 1), (second, "[\(call)]", 2), (first, call, 1), (second, call, 2),
                ] {
                    try await say(body, client)
                    let data = try (try await stream.messageEvent().data).orThrow("an answer")
                    #expect(data.contains("Bearer upstream-alice-\(number)"), "\(data)")
                }
            }
        }
        await provider.stop()
        await vault.stop()
    }
}
