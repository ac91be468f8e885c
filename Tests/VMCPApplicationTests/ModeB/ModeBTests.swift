// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import NIOCore
import TestSupport
import Testing
import VMCPApplication

/// The authorization server and the resource server in one process, with a provider and a backend behind them.
@Suite struct ModeBTests {
    /// Answers `tools/call` with the Authorization header that it saw; refuses everybody who has none.
    private static func vault() async throws -> ScriptedBackend {
        try await ScriptedBackend.start { request, reply in
            guard let authorization = request.header("Authorization") else {
                reply.respond(401)
                return true
            }
            guard request.verb == "tools/call" else { return false }
            reply.result(#"{"content":[{"type":"text","text":\#(JSONSlice(string: authorization))}]}"#)
            return true
        }
    }

    @Test("AU-01, AU-09: the three answers that a newcomer looks for")
    func smoke() async throws {
        let provider = try await FakeProvider.start()
        try await RunningGateway.run(try await .modeB(provider)) { gateway in
            let issuer = "http://127.0.0.1:\(gateway.port)"
            let discovery = try await gateway.client.send("GET", path: "/.well-known/openid-configuration")
            #expect(discovery.status == 200)
            #expect(discovery.contentType == "application/json")
            #expect(try discovery.json["issuer"]?.string == issuer)
            #expect(try discovery.json["jwks_uri"]?.string == "\(issuer)/.well-known/jwks.json")
            for path in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"] {
                let metadata = try await gateway.client.send("GET", path: path)
                #expect(metadata.status == 200)
                #expect(try metadata.json["resource"]?.string == "\(issuer)/mcp")
            }
            let refused = try await gateway.client.send("POST", MCPTestClient.initialize("2025-11-25"))
            #expect(refused.status == 401)
            let challenge = try refused.head["www-authenticate"].orThrow("a challenge")
            #expect(challenge.hasPrefix("Bearer "))
            #expect(challenge.contains(#"resource_metadata="\#(issuer)/.well-known/oauth-protected-resource/mcp""#))
            #expect(!challenge.contains("error="))
        }
        await provider.stop()
    }

    @Test("without an authorization server its paths lead nowhere")
    func modeA() async throws {
        try await RunningGateway.run(.bare) { gateway in
            for path in [
                "/oauth/authorize", "/oauth/token", "/.well-known/openid-configuration",
                "/.well-known/oauth-authorization-server", "/.well-known/jwks.json",
                "/.well-known/oauth-protected-resource",
            ] {
                let reply = try await gateway.client.send("GET", path: path)
                #expect(reply.status == 404)
                #expect(reply.text == #"{"error":"not_found"}"#)
            }
        }
    }

    @Test("AU-26: a sign-in ends in a tool call with the person's own upstream token and nothing of ours")
    func signInAndCall() async throws {
        let provider = try await FakeProvider.start()
        let vault = try await Self.vault()
        try await RunningGateway.run(try await .modeB(provider, vault: vault)) { gateway in
            let client = ModeBClient(port: gateway.port, provider: provider)
            try await client.register()
            let tokens = try await client.signIn("alice")
            let mcp = try await client.mcp(tokens.access).opened()
            #expect(try await mcp.text("vault_echo") == "Bearer upstream-alice-1")
            let seen = vault.requests.compactMap { $0.header("Authorization") }
            #expect(!seen.isEmpty && seen.allSatisfy { $0 == "Bearer upstream-alice-1" })
            #expect(!vault.requests.contains { $0.head.contains(tokens.access) })
        }
        await provider.stop()
        await vault.stop()
    }

    @Test("HL-06, AU-36: another person's token on a session is refused everywhere, the same person's new token is not")
    func sessionOwnership() async throws {
        let provider = try await FakeProvider.start()
        try await RunningGateway.run(try await .modeB(provider)) { gateway in
            let alice = ModeBClient(port: gateway.port, provider: provider)
            try await alice.register()
            let first = try await alice.signIn("alice")
            let session = try await alice.mcp(first.access).opened()
            let bob = ModeBClient(port: gateway.port, provider: provider)
            try await bob.register()
            var stolen = bob.mcp(try await bob.signIn("bob").access)
            stolen.sessionID = session.sessionID
            stolen.revision = session.revision
            let ping = MCPTestClient.request(7, "ping")
            #expect(try await stolen.send("POST", ping).status == 404)
            #expect(try await stolen.send("GET", fields: [("Accept", "text/event-stream")]).status == 404)
            #expect(
                try await stolen.send("GET", fields: [("Accept", "text/event-stream"), ("Last-Event-ID", "1-0")])
                    .status == 404)
            #expect(try await stolen.send("DELETE").status == 404)
            let answer = #"{"jsonrpc":"2.0","id":1,"result":{"action":"accept","content":{}}}"#
            #expect(try await stolen.send("POST", answer).status == 404)

            let refreshed = try ModeBClient.tokens(await alice.refresh(try first.refresh.orThrow("a refresh token")))
            var renewed = alice.mcp(refreshed.access)
            renewed.sessionID = session.sessionID
            renewed.revision = session.revision
            #expect(try await renewed.send("POST", ping).status == 200)
            #expect(try await renewed.send("DELETE").status == 200)
        }
        await provider.stop()
    }

    @Test("each request of a connection is judged by its own token, pipelined or not")
    func tokensOnOneConnection() async throws {
        let provider = try await FakeProvider.start()
        try await RunningGateway.run(try await .modeB(provider)) { gateway in
            let alice = ModeBClient(port: gateway.port, provider: provider)
            try await alice.register()
            let first = try await alice.signIn("alice")
            let second = try ModeBClient.tokens(await alice.refresh(try first.refresh.orThrow("a refresh token")))
            let bob = ModeBClient(port: gateway.port, provider: provider)
            try await bob.register()
            let theirs = try await bob.signIn("bob")
            let session = try await alice.mcp(first.access).opened()
            _ = try await bob.mcp(theirs.access).opened()
            func ping(_ authorization: String?, _ id: Int) -> String {
                var client = gateway.client
                client.sessionID = session.sessionID
                client.revision = session.revision
                if let authorization { client.fields.append(("Authorization", authorization)) }
                return client.requestText("POST", MCPTestClient.request(.number(JSONNumber(id)), "ping"))
            }
            let good = "Bearer \(first.access)"
            var flipped = Array(good)
            flipped[flipped.count - 20] = flipped[flipped.count - 20] == "A" ? "B" : "A"
            let cases: [(authorization: String?, status: Int)] = [
                (good, 200), (good, 200), ("Bearer \(theirs.access)", 404), (good, 200), (String(flipped), 401),
                (String(good.dropLast()), 401), (good, 200), (nil, 401), ("Bearer \(second.access)", 200),
                ("Basic \(first.access)", 401), (good, 200),
            ]
            for isPipelined in [true, false] {
                try await gateway.client.withConnection { connection in
                    let texts = cases.enumerated().map { ping($1.authorization, $0) }
                    if isPipelined { try await connection.send(texts.joined()) }
                    for (index, row) in cases.enumerated() {
                        if !isPipelined { try await connection.send(texts[index]) }
                        let reply = try await connection.reply()
                        #expect(reply.status == row.status, "\(index), pipelined: \(isPipelined)")
                        if row.status == 200 { #expect(try reply.json["id"]?.int == index) }
                    }
                }
            }
        }
        await provider.stop()
    }

    @Test("a revoked sign-in is refused at once, and its refresh token too")
    func revocation() async throws {
        let provider = try await FakeProvider.start()
        try await RunningGateway.run(try await .modeB(provider)) { gateway in
            let client = ModeBClient(port: gateway.port, provider: provider)
            try await client.register()
            let code = try await client.authorize("alice")
            let tokens = try ModeBClient.tokens(await client.redeem(code))
            let mcp = try await client.mcp(tokens.access).opened()
            let refused = try await mcp.withConnection { connection in
                try await connection.send(mcp.requestText("POST", MCPTestClient.request(1, "ping")))
                #expect(try await connection.reply().status == 200)
                // A code that is used twice has been stolen: everything that came of it ends.
                #expect(try await client.redeem(code).json["error"]?.string == "invalid_grant")
                try await connection.send(mcp.requestText("POST", MCPTestClient.request(2, "ping")))
                return try await connection.reply()
            }
            #expect(refused.status == 401)
            #expect(refused.head["www-authenticate"]?.contains(#"error="invalid_token""#) == true)
            let refresh = try await client.refresh(try tokens.refresh.orThrow("a refresh token"))
            #expect(try refresh.json["error"]?.string == "invalid_grant")
        }
        await provider.stop()
    }

    @Test("an upstream token that is about to expire is renewed once for many parallel calls")
    func upstreamRenewal() async throws {
        let provider = try await FakeProvider.start()
        provider.issue(lifetime: 1)
        let vault = try await Self.vault()
        try await RunningGateway.run(try await .modeB(provider, vault: vault)) { gateway in
            let client = ModeBClient(port: gateway.port, provider: provider)
            try await client.register()
            let tokens = try await client.signIn("alice")
            let signedIn = ContinuousClock.now
            provider.issue(lifetime: 3600)
            let mcp = try await client.mcp(tokens.access).opened()
            try await eventually("the token is over") { ContinuousClock.now - signedIn > .seconds(1) }
            try await withThrowingTaskGroup(of: String.self) { group in
                for id in 0..<20 {
                    group.addTask { try await mcp.text("vault_echo", id: .number(JSONNumber(id + 10))) }
                }
                for try await text in group { #expect(text == "Bearer upstream-alice-2") }
            }
            #expect(provider.requestedPaths.filter { $0 == "/token" }.count == 2)
        }
        await provider.stop()
        await vault.stop()
    }

    @Test("a dead sign-in at the first provider makes the client sign in again")
    func deadUpstream() async throws {
        let provider = try await FakeProvider.start()
        provider.issue(lifetime: 1)
        let vault = try await Self.vault()
        try await RunningGateway.run(try await .modeB(provider, vault: vault)) { gateway in
            let client = ModeBClient(port: gateway.port, provider: provider)
            try await client.register()
            let tokens = try await client.signIn("alice")
            let mcp = try await client.mcp(tokens.access).opened()
            _ = try await mcp.text("vault_echo")
            provider.refuseRefresh()
            try await eventually("the gateway asks for a new sign-in") {
                _ = try? await mcp.send("POST", MCPTestClient.request(5, "tools/call", ["name": "vault_echo"]))
                return try await mcp.send("POST", MCPTestClient.request(6, "ping")).status == 401
            }
        }
        await provider.stop()
        await vault.stop()
    }

    @Test("a restart signs nobody out and forgets no client")
    func restart() async throws {
        let provider = try await FakeProvider.start()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vmcp-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let storage = ["type: sqlite", "sqlite_config:", "  path: \(folder)/state.sqlite"]
        let plan = try await GatewayPlan.modeB(provider, storage: storage)
        let client = ModeBClient(port: plan.port, provider: provider)
        let tokens = try await RunningGateway.run(plan) { _ in
            try await client.register()
            return try await client.signIn("alice")
        }
        try await RunningGateway.run(plan) { _ in
            #expect(
                try await client.mcp(tokens.access).send("POST", MCPTestClient.initialize("2025-11-25")).status == 200)
            let refreshed = try ModeBClient.tokens(await client.refresh(try tokens.refresh.orThrow("a refresh token")))
            #expect(refreshed.access != tokens.access)
            _ = try await client.signIn("alice")
        }
        let modes = try ["state.sqlite", "state.sqlite.key"].map { name in
            try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.posixPermissions] as? Int
        }
        #expect(modes == [0o600, 0o600])
        await provider.stop()
    }

    @Test("a lost encryption key ends the start with words about it, and no new key hides the loss")
    func lostKey() async throws {
        let provider = try await FakeProvider.start()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vmcp-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let storage = ["type: sqlite", "sqlite_config:", "  path: \(folder)/state.sqlite"]
        let plan = try await GatewayPlan.modeB(provider, storage: storage)
        try await RunningGateway.run(plan) { _ in }
        let journal = try? FileManager.default.attributesOfItem(atPath: "\(folder)/state.sqlite-wal")[.size] as? Int
        #expect((journal ?? 0) == 0, "after a clean end everything is in the one file")
        try FileManager.default.removeItem(atPath: "\(folder)/state.sqlite.key")
        let error = await #expect(throws: StartupError.self) { try await RunningGateway.run(plan) { _ in } }
        #expect(error?.message.contains("state.sqlite.key is missing") == true)
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/state.sqlite.key"))
        await provider.stop()
    }

    @Test("HEAD on a document tells its length")
    func headOfDocument() async throws {
        let provider = try await FakeProvider.start()
        try await RunningGateway.run(try await .modeB(provider)) { gateway in
            let path = "/.well-known/jwks.json"
            let whole = try await gateway.client.send("GET", path: path)
            let head = try await gateway.client.send("HEAD", path: path)
            #expect(head.status == 200)
            #expect(head.head["content-length"] == "\(whole.body.readableBytes)")
        }
        await provider.stop()
    }

    @Test("an authorization server that cannot start ends the process's start, with the reason")
    func failedStart() async throws {
        let provider = try await FakeProvider.start()
        let plan = try await GatewayPlan.modeB(provider)
        await provider.stop()
        await #expect(throws: StartupError.self) { try await RunningGateway.run(plan) { _ in } }
    }

    @Test("AU-06: a token in the URL is refused, and so are two Authorization headers")
    func bearerRules() async throws {
        let provider = try await FakeProvider.start()
        try await RunningGateway.run(try await .modeB(provider)) { gateway in
            let client = ModeBClient(port: gateway.port, provider: provider)
            try await client.register()
            let token = try await client.signIn("alice").access
            let initialize = MCPTestClient.initialize("2025-11-25")
            let inQuery = try await gateway.client.send("POST", initialize, path: "/mcp?access_token=\(token)")
            #expect(inQuery.status == 400)
            var twice = client.mcp(token)
            twice.fields.append(("Authorization", "Bearer \(token)"))
            #expect(try await twice.send("POST", initialize).status == 400)
            for scheme in ["bearer", "BEARER", "Bearer"] {
                var any = gateway.client
                any.fields.append(("Authorization", "\(scheme) \(token)"))
                #expect(try await any.send("POST", initialize).status == 200)
            }
        }
        await provider.stop()
    }
}
