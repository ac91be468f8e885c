// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

@Suite struct SessionRuleTests {
    // MARK: Opening

    @Test(
        "LC-01, LC-02, LC-03, L23: the revision of a session is the client's if it is Legacy, else our latest",
        arguments: [
            ("2024-11-05", "2024-11-05"), ("2025-03-26", "2025-03-26"), ("2025-06-18", "2025-06-18"),
            ("2025-11-25", "2025-11-25"),
            ("1999-01-01", "2025-11-25"), ("2026-07-28", "2025-11-25"), ("9999-99-99", "2025-11-25"),
            ("", "2025-11-25"),
        ])
    func negotiation(_ proposed: String, _ agreed: String) async throws {
        try await RunningGateway.run(.bare) { gateway in
            let reply = try await gateway.client.send("POST", MCPTestClient.initialize(proposed, id: "i"))
            #expect(reply.status == 200)
            let message = try reply.json
            #expect(message["id"]?.description == #""i""#)
            let result = try message["result"].orThrow("a result in \(message)")
            #expect(result["protocolVersion"]?.string == agreed)
            #expect(result["serverInfo"]?["name"]?.string == "test")
            #expect(result["resultType"] == nil)
            #expect(result["_meta"] == nil)
            for capability in ["tools", "resources", "prompts", "logging", "completions"] {
                #expect(result["capabilities"]?.member(capability)?.kind == .object, "\(capability)")
            }
        }
    }

    @Test("L16, HL-01: the session's id comes with the answer to initialize and with nothing else")
    func idOnInitialize() async throws {
        try await RunningGateway.run(.bare) { gateway in
            let reply = try await gateway.client.send("POST", MCPTestClient.initialize("2025-11-25"))
            let id = try reply.sessionID.orThrow("a session id")
            #expect(id.utf8.count >= 22)
            #expect(id.utf8.allSatisfy { (0x21...0x7E).contains($0) })
            #expect(reply.head.all("mcp-session-id").count == 1)
            var client = gateway.client
            client.sessionID = id
            for message in [
                MCPTestClient.notification("notifications/initialized"), MCPTestClient.request(1, "ping"),
                MCPTestClient.request(2, "tools/list"), MCPTestClient.request(3, "no/such"),
            ] {
                #expect(try await client.send("POST", message).sessionID == nil, "\(message)")
            }
            let other = try await gateway.client.send("POST", MCPTestClient.initialize("2025-11-25"))
            #expect(other.sessionID != id)
        }
    }

    @Test("L24, LC-05: requests before notifications/initialized are served")
    func beforeInitialized() async throws {
        try await RunningGateway.run { gateway in
            var client = gateway.client
            client.sessionID = try await client.send("POST", MCPTestClient.initialize("2025-11-25")).sessionID
            #expect(try await client.result("ping").description == "{}")
            #expect(try await client.text("one_echo", ["text": "early"]) == "early")
        }
    }

    @Test("A second initialize in a session opens another one")
    func secondInitialize() async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened()
            let reply = try await client.send(
                "POST", MCPTestClient.initialize("2025-06-18"), fields: [("MCP-Protocol-Version", "")])
            #expect(reply.status == 200)
            #expect(reply.sessionID != nil)
            #expect(reply.sessionID != client.sessionID)
            #expect(try await client.result("ping").description == "{}")
        }
    }

    // MARK: Messages in a session

    @Test(
        "BP-01: the answer carries the request's id as it was spelled",
        arguments: [
            "1", #""1""#, #""a_b""#, "0", "-1", "9007199254740993", #""""#, #""\u00e9\n""#,
        ])
    func ids(_ id: String) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            for method in [
                #""ping""#, #""no/such""#, #""tools/call","params":{"name":"one_echo","arguments":{"text":"x"}}"#,
            ] {
                let reply = try await client.send(
                    "POST", #"{"jsonrpc":"2.0","id":"# + id + #","method":"# + method + "}")
                #expect(reply.text.hasPrefix(#"{"jsonrpc":"2.0","id":"# + id + ","), "\(reply.text)")
            }
        }
    }

    @Test(
        "LC-04, L3, HL-14, BP-07: notifications and responses are accepted with 202 and no body",
        arguments: [
            MCPTestClient.notification("notifications/initialized"),
            MCPTestClient.notification("notifications/roots/list_changed"),
            MCPTestClient.notification("notifications/cancelled", ["requestId": 99]),
            MCPTestClient.notification("notifications/cancelled", ["requestId": ["not", "an", "id"]]),
            MCPTestClient.notification("notifications/cancelled"),
            MCPTestClient.notification("no/such/notification", ["x": 1]),
            MCPTestClient.notification("tools/call", ["name": "one_echo"]),
            // HL-15: answers to questions that were never asked.
            #"{"jsonrpc":"2.0","id":1,"result":{}}"#, #"{"jsonrpc":"2.0","id":"agw","result":{"action":"accept"}}"#,
            #"{"jsonrpc":"2.0","id":77,"error":{"code":-1,"message":"no"}}"#,
            #"{"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}}"#,
        ])
    func accepted(_ body: String) async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened()
            let reply = try await client.send("POST", body)
            #expect(reply.status == 202)
            #expect(reply.text.isEmpty)
            #expect(reply.contentType == nil)
            #expect(try await client.result("ping").description == "{}")
        }
    }

    @Test(
        "HL-24: an unknown method is an error at 200, and the session lives on",
        arguments: ["no/such", "tools/CALL", "", "server/discover", "initialized"])
    func unknownMethod(_ method: String) async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened()
            let reply = try await client.send("POST", MCPTestClient.request("x", method))
            #expect(reply.status == 200)
            #expect(try reply.json["error"]?["code"]?.int == -32601)
            #expect(try reply.json["id"]?.description == #""x""#)
            #expect(try await client.result("ping").description == "{}")
        }
    }

    @Test("BP-13: a request whose id is in flight is refused, and the first one is answered")
    func duplicateID() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            async let first = client.text("one_slow", ["milliseconds": 1500], id: 1)
            try await eventually("the call to reach the backend") { try await gateway.stats().calls >= 1 }
            let reply = try await client.send("POST", MCPTestClient.call(1, "one_echo", ["text": "x"]))
            #expect(reply.status == 200)
            #expect(try reply.json["error"]?["code"]?.int == -32600)
            #expect(try reply.json["id"]?.int == 1)
            #expect(try await first == "Slept for 1500 ms")
            #expect(try await client.text("one_echo", ["text": "again"], id: 1) == "again")
        }
    }

    // MARK: Versions

    @Test(
        "HL-08, HL-09, L21: the version header is the session's, or absent",
        arguments: [
            ("2025-11-25", "2025-11-25", 200), ("2025-11-25", "", 200), ("2025-11-25", "2025-06-18", 400),
            ("2025-06-18", "2025-11-25", 400), ("2025-06-18", "2025-06-18", 200), ("2025-03-26", "", 200),
            ("2025-03-26", "2025-03-26", 200), ("2025-03-26", "9999-99-99", 400), ("2024-11-05", "", 200),
            ("2025-11-25", "9999-99-99", 400), ("2025-11-25", "2025-11-26", 400),
        ])
    func versionHeader(_ negotiated: String, _ header: String, _ status: Int) async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened(negotiated)
            let reply = try await client.send(
                "POST", MCPTestClient.request(1, "ping"), fields: [("MCP-Protocol-Version", header)])
            #expect(reply.status == status, "\(reply.text)")
            #expect(try await client.result("ping").description == "{}")
        }
    }

    @Test("HM-32: 2.0: reserved keys in _meta without a version do not change the era")
    func strayKeys() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let result = try await client.call(
                "one_echo", ["text": "hi"],
                meta: ["io.modelcontextprotocol/clientInfo": ["name": "chat", "version": "1"]])
            #expect(result.firstText == "hi")
        }
    }

    @Test("2.0: the session's own version in _meta does not change the era, a Modern one does")
    func claimedVersion() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened("2025-06-18")
            let key = "io.modelcontextprotocol/protocolVersion"
            #expect(try await client.call("one_echo", ["text": "hi"], meta: [key: "2025-06-18"]).firstText == "hi")
            let reply = try await client.send(
                "POST",
                MCPTestClient.call(
                    1, "one_echo", ["text": "hi"],
                    meta: [key: "2026-07-28", "io.modelcontextprotocol/clientCapabilities": [:]]))
            #expect(reply.status == 400)
            #expect(try reply.json["error"]?["code"]?.int == -32020)
        }
    }

    @Test("LC-08: sessions of every revision live side by side")
    func sideBySide() async throws {
        try await RunningGateway.run { gateway in
            var clients: [MCPTestClient] = []
            for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
                clients.append(try await gateway.client.opened(revision))
            }
            for client in clients {
                #expect(try await client.text("one_echo", ["text": .string(client.revision ?? "")]) == client.revision)
            }
            // Only one of them may send a batch.
            for client in clients {
                let reply = try await client.send("POST", "[\(MCPTestClient.request(1, "ping"))]")
                #expect(reply.status == (client.revision == "2025-03-26" ? 200 : 400), "\(client.revision ?? "")")
            }
        }
    }

    // MARK: The end

    @Test("L18, L19, HL-03, HL-04: DELETE ends a session, and after it the session is unknown")
    func delete() async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened()
            let other = try await gateway.client.opened()
            let reply = try await client.send("DELETE")
            #expect(reply.status == 200)
            #expect(reply.text.isEmpty)
            #expect(try await client.send("POST", MCPTestClient.request(1, "ping")).status == 404)
            #expect(try await client.send("POST", MCPTestClient.notification("x")).status == 404)
            #expect(try await client.send("GET").status == 404)
            let again = try await client.send("DELETE")
            #expect(again.status == 404)
            #expect(again.text == "session not found\n")
            #expect(try await other.result("ping").description == "{}")
        }
    }

    @Test("HL-05: DELETE releases the sessions with backends")
    func deleteReleases() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            #expect(try await client.text("one_echo", ["text": "x"]) == "x")
            let before = try await gateway.stats()
            _ = try await client.send("DELETE")
            try await eventually("the backend session's end") {
                // Asking costs a session of its own, which ends before the next look.
                try await gateway.stats()["liveSessions"] < before["liveSessions"]
            }
        }
    }

    @Test("DELETE ends what runs in the session, and its answer says so")
    func deleteWhileRunning() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection { connection in
                try await connection.send(client.requestText("POST", MCPTestClient.call(1, "one_hang")))
                try await eventually("the call to reach the backend") { try await gateway.stats().calls >= 1 }
                #expect(try await gateway.stats()["liveSessions"] == 3)
                #expect(try await client.send("DELETE").status == 200)
                let messages = try await connection.reply().messages
                #expect(messages.last?["id"]?.int == 1)
                #expect(messages.last?["error"]?["code"]?.int != nil)
                try await eventually("the end of the backend's session") {
                    // The monitor's session stays, and asking costs one of its own.
                    try await gateway.stats()["liveSessions"] <= 2
                }
            }
        }
    }

    @Test("HL-25: a session that nobody uses for its time is gone")
    func idle() async throws {
        var plan = GatewayPlan.bare
        plan.sessionIdleTime = .seconds(1)
        try await RunningGateway.run(plan) { gateway in
            let client = try await gateway.client.opened()
            let listening = try await gateway.client.opened()
            try await listening.listening { _ in
                try await eventually("the session's end") {
                    // A look with a wrong version does not count as use, and tells whether the session exists.
                    try await client.send(
                        "POST", MCPTestClient.request(1, "ping"), fields: [("MCP-Protocol-Version", "2025-06-18")]
                    ).status == 404
                }
                // An open stream is use.
                #expect(try await listening.result("ping").description == "{}")
            }
        }
    }

    @Test(
        "SE-04: sessions are bounded, and the end of one makes room",
        arguments: ["maxSessions", "maxSessionsPerPrincipal"])
    func sessionBound(_ key: String) async throws {
        var plan = GatewayPlan.bare
        plan.limits = ["\(key): 2"]
        try await RunningGateway.run(plan) { gateway in
            let first = try await gateway.client.opened()
            let second = try await gateway.client.opened()
            let refused = try await gateway.client.send("POST", MCPTestClient.initialize("2025-11-25"))
            #expect(refused.status == 503)
            #expect(try refused.json["error"]?["code"]?.int == 4004)
            #expect(refused.sessionID == nil)
            #expect(try await second.result("ping").description == "{}")
            #expect(try await first.send("DELETE").status == 200)
            _ = try await gateway.client.opened()
        }
    }
}
