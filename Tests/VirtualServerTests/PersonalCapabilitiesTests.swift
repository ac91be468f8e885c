// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import Authentication
import Backends
import MCPTypes
import OutgoingAuth
import Synchronization
import TestSupport
import Testing
import VirtualServer

/// Backends that want to know who asks: what they list and do is each caller's own.
@Suite struct PersonalCapabilitiesTests {
    /// A token that can be changed or taken away.
    private final class Login: BackendCredential {
        private let state: Mutex<(token: Result<String, CredentialProblem>, failures: Int)>

        init(_ token: String) { state = Mutex((.success(token), 0)) }
        init(_ problem: CredentialProblem) { state = Mutex((.failure(problem), 0)) }

        /// How often somebody asked in vain.
        var failures: Int { state.withLock { $0.failures } }

        func fail(_ problem: CredentialProblem) { state.withLock { $0.token = .failure(problem) } }

        func become(_ token: String) { state.withLock { $0.token = .success(token) } }

        func fields() async throws(CredentialProblem) -> [CredentialField] {
            let token = state.withLock { state in
                if case .failure = state.token { state.failures += 1 }
                return state.token
            }
            return [CredentialField(name: "Authorization", value: "Bearer \(try token.get())")]
        }
    }

    private static func principal(_ name: String) -> Principal { Principal(issuer: "https://as.test", subject: name) }

    /// Lists one tool that is named after the bearer token, and answers nobody without one.
    private static func vault() async throws -> ScriptedBackend {
        try await ScriptedBackend.start(configure: { $0.listens = true }) { request, reply in
            guard let token = request.header("Authorization")?.split(separator: " ").last else {
                reply.respond(401)
                return true
            }
            guard request.verb == "tools/list" else { return false }
            reply.result(#"{"tools":[{"name":"of_\#(token)","inputSchema":{"type":"object"}}]}"#)
            return true
        }
    }

    @Test("GB-51: each caller sees what the backend lists to them, and nothing of anyone else's")
    func listsAreSeparate() async throws {
        let vault = try await Self.vault()
        let open = try await ScriptedBackend.start()
        try await ServerHarness.run(["vault": vault.url, "open": open.url], personal: ["vault"]) { harness in
            let alice = harness.client(principal: Self.principal("alice"), credential: Login("alice"))
            let bob = harness.client(principal: Self.principal("bob"), credential: Login("bob"))
            #expect(await alice.list(.tools).items("tools", "name") == ["open_echo", "vault_of_alice"])
            #expect(await bob.list(.tools).items("tools", "name") == ["open_echo", "vault_of_bob"])
            #expect(await alice.callTool(#"{"name":"vault_of_alice"}"#).text == "of_alice")
            #expect(await alice.callTool(#"{"name":"vault_of_bob"}"#).error?.code == .invalidParams)
        }
        await vault.stop()
        await open.stop()
    }

    @Test("a refusal of the gateway's own anonymous question proves that the backend works")
    func anonymousProbeIsNoFailure() async throws {
        let vault = try await Self.vault()
        try await ServerHarness.run(["vault": vault.url], personal: ["vault"]) { harness in
            let backend = try harness.backend("vault")
            try await eventually("the probe has been counted") { backend.health.status == .healthy }
            #expect(harness.capabilities.listed.counts.tools == 0)
        }
        await vault.stop()
    }

    @Test("who is not signed in at the provider sees the other backends, and a call says what is missing")
    func missingLogin() async throws {
        let vault = try await Self.vault()
        let open = try await ScriptedBackend.start()
        try await ServerHarness.run(["vault": vault.url, "open": open.url], personal: ["vault"]) { harness in
            let login = Login(.notSignedIn(provider: "corp"))
            let carol = harness.client(principal: Self.principal("carol"), credential: login)
            #expect(await carol.list(.tools).items("tools", "name") == ["open_echo"])
            #expect(await carol.callTool(#"{"name":"open_echo"}"#).text == "echo")
            let refused = vault.requests.filter { $0.header("Authorization") != nil }
            #expect(refused.isEmpty)
        }
        await vault.stop()
        await open.stop()
    }

    @Test("every request of a session carries the credential as it is at that moment")
    func renewedCredential() async throws {
        let vault = try await Self.vault()
        try await ServerHarness.run(["vault": vault.url], personal: ["vault"]) { harness in
            let login = Login("first")
            let dave = harness.client(principal: Self.principal("dave"), credential: login)
            #expect(await dave.callTool(#"{"name":"vault_of_first"}"#).text == "of_first")
            login.become("second")
            #expect(await dave.callTool(#"{"name":"vault_of_first"}"#).text == "of_first")
            let calls = vault.requests("tools/call").map { $0.headers("Authorization") }
            #expect(calls == [["Bearer first"], ["Bearer second"]])
            let own = vault.requests.filter { $0.verb == "notifications/initialized" }
            #expect(own.map { $0.headers("Authorization") } == [["Bearer first"]])
        }
        await vault.stop()
    }

    @Test("a stream that had no credential while the provider was away is opened when it is back")
    func listeningResumes() async throws {
        let vault = try await Self.vault()
        try await ServerHarness.run(["vault": vault.url], personal: ["vault"]) { harness in
            let login = Login("hal")
            let hal = harness.client(principal: Self.principal("hal"), credential: login)
            _ = await hal.callTool(#"{"name":"vault_of_hal"}"#)
            login.fail(.unavailable(provider: "corp"))
            hal.caller.sessions.setListening(true, on: harness.shard)
            // Nobody else asks meanwhile, so it is the stream that met the absent provider.
            try await eventually("the stream asks for a credential") { login.failures > 0 }
            #expect(await hal.callTool(#"{"name":"vault_of_hal"}"#).error?.code == .backendUnavailable)
            login.become("hal")
            try await eventually("the stream is open") {
                vault.requests.contains { $0.method == "GET" && $0.header("Authorization") == "Bearer hal" }
            }
        }
        await vault.stop()
    }

    @Test("a credential takes the place of a forwarded header of the same name")
    func credentialWins() async throws {
        let vault = try await Self.vault()
        try await ServerHarness.run(["vault": vault.url], personal: ["vault"]) { harness in
            let eve = harness.client(
                headers: [("authorization", "Bearer stolen")], principal: Self.principal("eve"),
                credential: Login("eve"))
            _ = await eve.callTool(#"{"name":"vault_of_eve"}"#)
            #expect(vault.requests("tools/call").map { $0.headers("Authorization") } == [["Bearer eve"]])
        }
        await vault.stop()
    }

    @Test("parallel first questions of one caller cause one reading")
    func singleFlight() async throws {
        let vault = try await Self.vault()
        try await ServerHarness.run(["vault": vault.url], personal: ["vault"]) { harness in
            let fay = harness.client(principal: Self.principal("fay"), credential: Login("fay"))
            await withTaskGroup(of: [String]?.self) { group in
                for _ in 0..<20 { group.addTask { await fay.list(.tools).items("tools", "name") } }
                for await names in group { #expect(names == ["vault_of_fay"]) }
            }
            #expect(vault.requests("tools/list").count == 1)
        }
        await vault.stop()
    }

    @Test("settled lists are served without reading again, and only to whom they belong")
    func settledLists() async throws {
        let vault = try await Self.vault()
        let open = try await ScriptedBackend.start()
        try await ServerHarness.run(["vault": vault.url, "open": open.url], personal: ["vault"]) { harness in
            let login = Login("ivy")
            let ivy = harness.client(principal: Self.principal("ivy"), credential: login)
            for _ in 0..<3 {
                #expect(await ivy.list(.tools).items("tools", "name") == ["open_echo", "vault_of_ivy"])
                #expect(await ivy.callTool(#"{"name":"vault_of_ivy"}"#).text == "of_ivy")
            }
            #expect(vault.requests("tools/list").count == 1)
            // Another caller's lists are theirs, however settled ours are.
            let jim = harness.client(principal: Self.principal("jim"), credential: Login("jim"))
            #expect(await jim.callTool(#"{"name":"vault_of_ivy"}"#).error?.code == .invalidParams)
            #expect(await jim.callTool(#"{"name":"vault_of_jim"}"#).text == "of_jim")
            #expect(vault.requests("tools/list").count == 2)
        }
        await vault.stop()
        await open.stop()
    }

    @Test("what one login of a person sees is no part of what another one sees; a renewed token is the same login")
    func logins() async throws {
        let vault = try await Self.vault()
        try await ServerHarness.run(["vault": vault.url], personal: ["vault"]) { harness in
            func client(_ tsid: String, token: String, _ account: String) -> ServerHarness.Client {
                harness.client(
                    principal: Principal(issuer: "https://as.test", subject: "ivy", tsid: tsid, tokenID: token),
                    credential: Login(account))
            }
            let work = client("t1", token: "a", "work")
            let home = client("t2", token: "b", "home")
            #expect(await work.list(.tools).items("tools", "name") == ["vault_of_work"])
            #expect(await home.list(.tools).items("tools", "name") == ["vault_of_home"])
            #expect(await home.callTool(#"{"name":"vault_of_work"}"#).error?.code == .invalidParams)
            #expect(vault.requests("tools/list").count == 2)
            #expect(await client("t1", token: "c", "work").list(.tools).items("tools", "name") == ["vault_of_work"])
            #expect(vault.requests("tools/list").count == 2)
        }
        await vault.stop()
    }

    @Test("an announced change is read again by those who ask next")
    func announcedChange() async throws {
        let vault = try await Self.vault()
        try await ServerHarness.run(["vault": vault.url], personal: ["vault"]) { harness in
            let login = Login("one")
            let gil = harness.client(principal: Self.principal("gil"), credential: login)
            #expect(await gil.list(.tools).items("tools", "name") == ["vault_of_one"])
            login.become("two")
            #expect(await gil.list(.tools).items("tools", "name") == ["vault_of_one"])
            let backend = try harness.backend("vault")
            let session = try #require(gil.caller.sessions.session(with: backend, on: harness.shard))
            backend.announce(.tools, by: session)
            #expect(await gil.list(.tools).items("tools", "name") == ["vault_of_two"])
        }
        await vault.stop()
    }

    @Test("a change that is announced while the lists are being read is read as well")
    func announcedDuringReading() async throws {
        let gate = ScriptedGate()
        let isHeld = Mutex(true)
        let vault = try await ScriptedBackend.start(configure: { $0.listens = true }) { request, reply in
            guard let token = request.header("Authorization")?.split(separator: " ").last else {
                reply.respond(401)
                return true
            }
            guard request.verb == "tools/list" else { return false }
            // What the backend lists is settled before it answers.
            if isHeld.withLock({ $0 }) { await gate.wait() }
            reply.result(#"{"tools":[{"name":"of_\#(token)","inputSchema":{"type":"object"}}]}"#)
            return true
        }
        try await ServerHarness.run(["vault": vault.url], personal: ["vault"]) { harness in
            let login = Login("one")
            let kim = harness.client(principal: Self.principal("kim"), credential: login)
            async let first = kim.list(.tools).items("tools", "name")
            try await eventually("the reading has begun") { vault.requests("tools/list").count == 1 }
            login.become("two")
            isHeld.withLock { $0 = false }
            let backend = try harness.backend("vault")
            let session = try #require(kim.caller.sessions.session(with: backend, on: harness.shard))
            backend.announce(.tools, by: session)
            gate.open()
            _ = await first
            try await eventually("the change is read") {
                await kim.list(.tools).items("tools", "name") == ["vault_of_two"]
            }
            #expect(vault.requests("tools/list").count == 2)
        }
        await vault.stop()
    }
}
