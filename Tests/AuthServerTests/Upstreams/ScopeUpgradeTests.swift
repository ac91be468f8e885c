// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import OutboundHTTP
import Storage
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

    private func upgrade(_ scopes: [String], operation: String) async throws -> ScopeUpgrades.Outcome {
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
