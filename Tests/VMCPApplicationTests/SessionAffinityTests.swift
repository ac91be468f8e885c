// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import TestSupport
import Testing

/// Several processes for the same backends. Sessions live in the process that opened them.
@Suite struct SessionAffinityTests {
    @Test("HL-26: a session that another replica holds is 404, which tells its client to open one here")
    func affinity() async throws {
        try await RunningGateway.run { first in
            var plan = GatewayPlan.bare
            let port = try first.backendPorts["one"].orThrow("a backend")
            plan.others = [("one", "http://127.0.0.1:\(port)/mcp")]
            try await RunningGateway.run(plan) { second in
                let client = try await first.client.opened()
                #expect(try await client.text("one_echo", ["text": "here"]) == "here")
                var moved = client
                moved.port = second.port
                for (method, body) in [("POST", MCPTestClient.call(1, "one_echo")), ("GET", nil), ("DELETE", nil)] {
                    let reply = try await moved.send(method, body)
                    #expect(reply.status == 404, "\(method)")
                    #expect(reply.text == (method == "DELETE" ? "session not found\n" : "Session terminated\n"))
                }
                // Nobody has run anything, and where the session lives it still does.
                #expect(try await first.stats().calls == 1)
                #expect(try await client.text("one_echo", ["text": "still"]) == "still")
                moved.sessionID = nil
                moved.revision = nil
                #expect(try await moved.opened().text("one_echo", ["text": "there"]) == "there")
            }
        }
    }

    @Test("HL-26: requests without sessions are served by any replica")
    func modern() async throws {
        try await RunningGateway.run { first in
            var plan = GatewayPlan.bare
            let port = try first.backendPorts["one"].orThrow("a backend")
            plan.others = [("one", "http://127.0.0.1:\(port)/mcp")]
            try await RunningGateway.run(plan) { second in
                for gateway in [first, second] {
                    let reply = try await gateway.client.sendModern(
                        1, "tools/call", ["name": "one_echo", "arguments": ["text": "any"]])
                    #expect(try reply.messages.last?["result"]?.firstText == "any")
                }
            }
        }
    }
}
