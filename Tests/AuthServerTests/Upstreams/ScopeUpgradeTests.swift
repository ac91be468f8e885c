// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import OutboundHTTP
import Storage
import TestSupport
import Testing

@testable import AuthServer

/// A remote MCP server demands more scope than a sign-in has.
@Suite struct ScopeUpgradeTests {
    private typealias Remote = FakeRemoteServer

    let remote: FakeRemoteServer
    let upstream: MCPUpstream

    init() throws {
        remote = try FakeRemoteServer()
        remote.challenge(#"scope="read""#)
        remote.set(Remote.inserted, .json(Remote.protected(scopes: ["read", "write", "admin"])))
        upstream = try remote.upstream()
    }

    private func demand(
        _ scopes: [String], operation: String = "tools/call save", login: String, user: String = "alice"
    ) async throws -> ScopeDemandOutcome {
        let binding = try #require(try await upstream.visit(user: user).binding)
        return try await upstream.demand(
            scopes, operation: operation, binding: binding, login: login, userID: user)
    }

    private func asked(_ user: String = "alice") async throws -> String? {
        OutboundRequest.query(try await upstream.visit(user: user).url)["scope"]
    }

    @Test("AU-33: the next sign-in asks for what was asked before and what was demanded, of this person alone")
    func union() async throws {
        #expect(try await demand(["write"], login: "t1") == .signInAgain)
        #expect(try await asked() == "read write")
        #expect(try await demand(["admin", "write"], operation: "tools/call drop", login: "t2") == .signInAgain)
        #expect(try await asked() == "read write admin")
        #expect(try await asked("bob") == "read")
    }

    @Test("AU-33: three sign-ins for one operation are enough; another operation has three of its own, and a day helps")
    func limit() async throws {
        for login in ["t1", "t2", "t3"] {
            #expect(try await demand(["write"], login: login) == .signInAgain)
            // Without a new sign-in it is the same attempt, however often the client tries.
            #expect(try await demand(["write"], login: login) == .signInAgain)
        }
        #expect(try await demand(["write"], login: "t4") == .exhausted)
        #expect(try await demand(["write"], operation: "tools/call drop", login: "t4") == .signInAgain)
        #expect(try await demand(["write"], login: "t4", user: "bob") == .signInAgain)
        remote.clock.advance(ScopeUpgrades.attemptMemory)
        #expect(try await demand(["write"], login: "t5") == .signInAgain)
    }

    @Test("AU-33: what nothing was asked for before adds to what was granted")
    func granted() async throws {
        remote.challenge("")
        remote.set(Remote.inserted, .json(Remote.protected()))
        remote.set(
            Remote.issuer + "/token",
            .json(["access_token": "a", "token_type": "Bearer", "scope": "basic profile"]))
        let login = try await upstream.signIn()
        let binding = try #require(login.binding)
        #expect(binding.scopes == ["basic", "profile"])
        _ = try await upstream.demand(
            ["write"], operation: "tools/call save", binding: binding, login: "t1", userID: "alice")
        #expect(try await asked() == "basic profile write")
        // The registration knew nothing of this scope: some servers want another client for it.
        #expect(remote.http.count("/register") == 1)
    }

    @Test("AU-33: another scope that is demanded in the same login is asked for, too")
    func sameLogin() async throws {
        #expect(try await demand(["write"], login: "t1") == .signInAgain)
        #expect(try await demand(["admin"], login: "t1") == .signInAgain)
        #expect(try await asked() == "read write admin")
    }

    @Test("AU-33: what the authorization server refuses is not asked for again, and still counts as an attempt")
    func refused() async throws {
        #expect(try await demand(["no-such"], login: "t1") == .signInAgain)
        #expect(try await demand(["other"], login: "t1", user: "bob") == .signInAgain)
        let usual = try await upstream.visit(user: "carol").binding
        let visit = try await upstream.visit()
        #expect(visit.binding?.scopes == ["read", "no-such"])
        #expect(await upstream.asksForLess(than: visit.binding, userID: "alice"))
        #expect(try await asked() == "read")
        #expect(try await asked("bob") == "read other")
        // There is nothing to leave out where only the usual was asked for.
        #expect(await !upstream.asksForLess(than: usual, userID: "alice"))
        #expect(await !upstream.asksForLess(than: visit.binding, userID: nil))
        #expect(await !upstream.asksForLess(than: nil, userID: "alice"))
        for login in ["t2", "t3"] { #expect(try await demand(["no-such"], login: login) == .signInAgain) }
        #expect(try await demand(["no-such"], login: "t4") == .exhausted)
    }

    @Test("What was demanded after the browser had left is kept")
    func demandedMeanwhile() async throws {
        _ = try await demand(["no-such"], login: "t1")
        let visit = try await upstream.visit()
        #expect(await upstream.asksForLess(than: visit.binding, userID: "alice"))
        let usual = try #require(try await upstream.visit().binding)
        _ = try await upstream.demand(["write"], operation: "o", binding: usual, login: "t2", userID: "alice")
        // The answer of another tab to the first request.
        #expect(await upstream.asksForLess(than: visit.binding, userID: "alice"))
        #expect(try await asked() == "read write")
    }

    @Test("Scopes that cannot be forgotten are reported, and the sign-in is not repeated")
    func refusedWithoutStore() async throws {
        _ = try await demand(["no-such"], login: "t1")
        let visit = try await upstream.visit()
        remote.storage.fail(UpstreamsStorage.Faults(reads: true))
        #expect(await !upstream.asksForLess(than: visit.binding, userID: "alice"))
        #expect(remote.lines.all.contains { $0.contains("could not be forgotten") })
    }

    // MARK: Registrations

    private func visit(_ user: String, demanding scopes: [String]) async throws -> UpstreamBinding {
        _ = try await demand(scopes, login: "t", user: user)
        return try #require(try await upstream.visit(user: user).binding)
    }

    @Test("However many sets of scopes are demanded, there are a few registrations, and then the usual one asks")
    func fewRegistrations() async throws {
        let usual = try #require(try await upstream.visit(user: "nobody").binding)
        var clients: Set<String> = []
        for index in 0..<(ClientRegistrar.maximumWider + 3) {
            let binding = try await visit("user-\(index)", demanding: ["secret-\(index)"])
            clients.insert(binding.clientID)
            #expect((binding.clientID == usual.clientID) == (index >= ClientRegistrar.maximumWider))
            #expect(binding.scopes == ["read", "secret-\(index)"])
        }
        #expect(clients.count == ClientRegistrar.maximumWider + 1)
        #expect(remote.http.count("/register") == ClientRegistrar.maximumWider + 1)
        // Nobody uses them any more: there is room for others.
        remote.clock.advance(MCPUpstream.registrationLifetime)
        let later = try await visit("somebody", demanding: ["secret-x"])
        #expect(!clients.contains(later.clientID))
    }

    @Test("A registration that has more than what is demanded does for it")
    func widerIsShared() async throws {
        let first = try await visit("alice", demanding: ["a", "b"])
        let second = try await visit("bob", demanding: ["b"])
        #expect(second.clientID == first.clientID)
        #expect(second.registration == first.registration)
    }

    @Test("Registrations in use are kept, others expire", arguments: [false, true])
    func expiry(isWider: Bool) async throws {
        let user = isWider ? "alice" : "bob"
        let first =
            isWider ? try await visit(user, demanding: ["secret"]) : try await upstream.visit(user: user).binding
        for _ in 0..<3 {
            remote.clock.advance(MCPUpstream.registrationLifetime * 0.8)
            if isWider { _ = try await demand(["secret"], operation: "again", login: "\(remote.clock.now)") }
            #expect(try await upstream.visit(user: user).binding?.clientID == first?.clientID)
        }
        remote.clock.advance(MCPUpstream.registrationLifetime)
        if isWider { _ = try await demand(["secret"], operation: "last", login: "last") }
        #expect(try await upstream.visit(user: user).binding?.clientID != first?.clientID)
    }

    @Test("A token's own use keeps its registration")
    func refreshKeeps() async throws {
        var tokens = try await upstream.signIn().tokens()
        for _ in 0..<3 {
            remote.clock.advance(MCPUpstream.registrationLifetime * 0.8)
            tokens = try await upstream.refresh(tokens)
        }
    }

    @Test("Where no wider registration is to be had, the usual client asks for the scopes")
    func widerRefused() async throws {
        let usual = try #require(try await upstream.visit(user: "nobody").binding)
        remote.set(Remote.issuer + "/register", .json(["error": "invalid_client_metadata"], status: 400))
        let binding = try await visit("alice", demanding: ["no-such"])
        #expect(binding.clientID == usual.clientID)
        #expect(binding.scopes == ["read", "no-such"])
        #expect(remote.lines.all.contains { $0.contains("invalid_client_metadata") })
    }

    @Test("A first registration has nothing of what one person's operations demanded")
    func baseRegistration() async throws {
        let binding = try await visit("alice", demanding: ["no-such"])
        remote.set(Remote.issuer + "/token", .json(["error": "invalid_client"], status: 401))
        let usual = try #require(try await upstream.visit(user: "nobody").binding)
        await #expect(throws: UpstreamError.self) {
            try await upstream.exchange(code: "c", codeVerifier: "v", nonce: "n", binding: usual)
        }
        _ = try await upstream.visit()
        let bodies = remote.http.requests.filter { $0.url.hasSuffix("/register") }.map { $0.json?["scope"]?.string }
        #expect(bodies == ["read write admin", "read write admin no-such", "read write admin"])
        #expect(binding.scopes == ["read", "no-such"])
    }

    @Test("The places of another authorization server's registrations are taken, and never used there")
    func otherIssuer() async throws {
        var before: [UpstreamBinding] = []
        for index in 0..<ClientRegistrar.maximumWider {
            before.append(try await visit("user-\(index)", demanding: ["secret-\(index)"]))
        }
        let other = "https://login.other.example"
        remote.serve(other)
        remote.set(Remote.inserted, .json(Remote.protected(servers: [other], scopes: ["read", "write", "admin"])))
        remote.clock.advance(MCPUpstream.maximumMetadataAge)
        let moved = try #require(try await upstream.visit(user: "user-1").binding)
        #expect(moved.clientID.hasSuffix("login.other.example"))
        #expect(moved.registration == before[0].registration)
        // Back again, a binding of before does not find the other server's client in its place.
        remote.set(Remote.inserted, .json(Remote.protected(scopes: ["read", "write", "admin"])))
        remote.clock.advance(MCPUpstream.maximumMetadataAge)
        var forged = before[0]
        forged.clientID = moved.clientID
        await #expect(throws: UpstreamError.otherServer) {
            try await upstream.exchange(code: "c", codeVerifier: "v", nonce: "n", binding: forged)
        }
    }

    @Test("A scope that our registration does not have gets one that has it, and the first one stays")
    func registration() async throws {
        let before = try await upstream.visit(user: "bob").binding
        #expect(try await demand(["secret"], login: "t1") == .signInAgain)
        let visit = try await upstream.visit()
        #expect(visit.binding?.clientID != before?.clientID)
        #expect(visit.binding?.registration != before?.registration)
        let request = try #require(remote.http.requests.last { $0.url.hasSuffix("/register") })
        #expect(request.json?["scope"]?.string == "read write admin secret")
        #expect(try await upstream.visit(user: "bob").binding == before)
        // A code of each goes with the client that it was asked for with.
        _ = try await upstream.exchange(code: "c", codeVerifier: "v", nonce: "n", binding: visit.binding)
        let used = remote.http.requests.last?.header("Authorization")?.split(separator: " ").last.map(String.init) ?? ""
        let credentials = Data(base64Encoded: used).map { String(decoding: $0, as: UTF8.self) }
        #expect(credentials?.hasPrefix(visit.binding?.clientID ?? "-") == true)
    }

    @Test("However much is demanded, what is kept stays bounded")
    func bounds() async throws {
        for index in 0..<(ScopeUpgrades.maximumOperations + 4) {
            let scopes = (0..<8).map { "scope-\(index)-\($0)" }
            let outcome = try await upgrade(scopes, operation: "tools/call \(index)")
            #expect(outcome == (index < ScopeUpgrades.maximumOperations ? .signInAgain : .exhausted))
        }
        let wanted = try await upstream.upgrades.wanted(
            userID: "alice", provider: "notes", resource: Remote.resource)
        #expect(wanted.count == AuthenticationChallenge.maximumScopes)
    }

    private func upgrade(_ scopes: [String], operation: String) async throws -> ScopeDemandOutcome {
        try await upstream.upgrades.note(
            ScopeUpgrades.Demand(
                userID: "alice", provider: "notes", resource: Remote.resource, operation: operation, login: "t1",
                scopes: scopes))
    }

    @Test("A store that fails is no reason to send anybody away")
    func storeFailure() async throws {
        let binding = try #require(try await upstream.visit().binding)
        remote.storage.fail(UpstreamsStorage.Faults(reads: true))
        await #expect(throws: UpstreamTokenError.unavailable) {
            try await upstream.demand(["write"], operation: "o", binding: binding, login: "t1", userID: "alice")
        }
    }
}
