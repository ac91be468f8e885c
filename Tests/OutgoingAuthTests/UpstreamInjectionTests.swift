// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Observability
import OutgoingAuth
import Synchronization
import Testing

@Suite struct UpstreamInjectionTests {
    private static let alice = Principal(issuer: "https://as.test", subject: "alice", tsid: "login-1")

    @Test("the caller's upstream token is all that a request carries")
    func carriesUpstreamToken() async throws {
        let injection = UpstreamInjection(provider: "corp") { provider, principal throws(CredentialProblem) in
            #expect(provider == "corp")
            #expect(principal.tsid == "login-1")
            return Secret("upstream-token")
        }
        let fields = try await injection.credential { Self.alice }.fields()
        #expect(fields == [CredentialField(name: "Authorization", value: "Bearer upstream-token")])
    }

    @Test("the principal is asked for anew with each request, because a session outlives tokens")
    func asksForPrincipalEachTime() async throws {
        let tsid = Mutex("first")
        let injection = UpstreamInjection(provider: "corp") { _, principal throws(CredentialProblem) in
            Secret("token-of-\(principal.tsid ?? "nobody")")
        }
        let credential = injection.credential {
            Principal(issuer: "https://as.test", subject: "alice", tsid: tsid.withLock { $0 })
        }
        #expect(try await credential.fields().first?.value == "Bearer token-of-first")
        tsid.withLock { $0 = "second" }
        #expect(try await credential.fields().first?.value == "Bearer token-of-second")
    }

    @Test("a session that has ended has no credential")
    func endedSession() async {
        let injection = UpstreamInjection(provider: "corp") { _, _ throws(CredentialProblem) in Secret("token") }
        await #expect(throws: CredentialProblem.sessionEnded) { try await injection.credential { nil }.fields() }
    }

    @Test("why there is no token reaches the caller")
    func problemIsKept() async {
        let problem = CredentialProblem.signInExpired(provider: "corp")
        let injection = UpstreamInjection(provider: "corp") { _, _ throws(CredentialProblem) in throw problem }
        await #expect(throws: problem) { try await injection.credential { Self.alice }.fields() }
    }

    @Test("BC-30: who can do something about a refusal is told which token was refused, and for whom")
    func refusal() async {
        let seen = Mutex<[String]>([])
        let injection = UpstreamInjection(
            provider: "corp",
            remedy: { refusal, token, provider, principal in
                seen.withLock {
                    $0.append("\(refusal.status) \(token?.exposed ?? "none") \(provider) \(principal.subject)")
                }
                return .retry
            }
        ) { _, _ throws(CredentialProblem) in Secret("token") }
        func remedy(_ sent: [CredentialField], _ principal: Principal? = Self.alice) async -> CredentialRemedy {
            await injection.credential { principal }.refused(
                CredentialRefusal(status: 401, scopes: nil, operation: "tools/call echo", sent: sent))
        }
        #expect(await remedy([CredentialField(name: "Authorization", value: "Bearer old")]) == .retry)
        // A handshake does not say what it carried.
        #expect(await remedy([]) == .retry)
        #expect(await remedy([], nil) == .none)
        #expect(seen.withLock { $0 } == ["401 old corp alice", "401 none corp alice"])
    }

    @Test("a refusal without anybody who could do something about it stays one")
    func noRemedy() async {
        let injection = UpstreamInjection(provider: "corp") { _, _ throws(CredentialProblem) in Secret("token") }
        let refusal = CredentialRefusal(status: 401, scopes: nil, operation: "ping", sent: [])
        #expect(await injection.credential { Self.alice }.refused(refusal) == .none)
    }

    @Test(
        "AU-33: only an insufficient_scope with scopes in it is a demand",
        arguments: [
            ([#"Bearer error="insufficient_scope", scope="read write""#], ["read", "write"]),
            ([#"Basic realm="a""#, #"Bearer scope="a", error=insufficient_scope"#], ["a"]),
            ([#"Bearer error="insufficient_scope""#], nil), ([#"Bearer error="insufficient_scope", scope="""#], nil),
            ([#"Bearer error="invalid_token", scope="a""#], nil), ([#"Bearer scope="a""#], nil),
            ([#"DPoP error="insufficient_scope", scope="a""#], nil), ([], nil),
        ] as [([String], [String]?)])
    func demandedScopes(challenges: [String], expected: [String]?) {
        #expect(DemandedScopes.of(challenges) == expected)
    }

    @Test(
        "a token that would not be one header value is never sent",
        arguments: [
            "", "a\r\nX-Admin: 1", "a b", "tok\u{7F}en", "tökén", String(repeating: "a", count: (16 << 10) + 1),
        ])
    func unsendableToken(_ token: String) async {
        let injection = UpstreamInjection(provider: "corp") { _, _ throws(CredentialProblem) in Secret(token) }
        await #expect(throws: CredentialProblem.unavailable(provider: "corp")) {
            try await injection.credential { Self.alice }.fields()
        }
    }
}
