// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import MCPTypes
import NIOCore
import OutgoingAuth
import Synchronization
import TestSupport
import Testing

@testable import Backends
@testable import VirtualServer

@Suite("Sessions that Modern requests share", .timeLimit(.minutes(5)))
struct SharedSessionsTests {
    private let alice = Principal(issuer: "https://issuer.example", subject: "alice")
    private let bob = Principal(issuer: "https://issuer.example", subject: "bob")

    private func declared(_ text: String) -> ClientCapabilities { ClientCapabilities(json(text)) }

    @Test(
        "[GB-13] Backends are told what the client declared, as far as it is relayed",
        arguments: [
            ("{}", "{}", "{}"),
            (#"{"elicitation":{}}"#, #"{"elicitation":{}}"#, #"{"elicitation":{}}"#),
            (#"{"elicitation":{"form":{"x":1}}}"#, #"{"elicitation":{}}"#, #"{"elicitation":{}}"#),
            (#"{"elicitation":{"url":{}}}"#, #"{"elicitation":{"url":{}}}"#, #"{"elicitation":{"url":{}}}"#),
            (
                #"{"elicitation":{"form":{},"url":{}}}"#, #"{"elicitation":{"form":{},"url":{}}}"#,
                #"{"elicitation":{"form":{},"url":{}}}"#
            ),
            (
                #"{"sampling":{"tools":{},"other":{}},"experimental":{}}"#, #"{"sampling":{"tools":{}}}"#,
                #"{"sampling":{"tools":{}}}"#
            ),
            (#"{"roots":{"listChanged":true}}"#, "{}", #"{"roots":{}}"#),
            (
                #"{"extensions":{"io.modelcontextprotocol/tasks":{},"x":{}}}"#, "{}",
                #"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#
            ),
        ])
    func relayed(_ client: String, _ legacy: String, _ modern: String) {
        let capabilities = CapabilityFingerprint(declared(client)).capabilities(roots: false)
        #expect(capabilities.declaration.description == legacy)
        #expect(capabilities.modernDeclaration(withTasks: capabilities.hasTasks).description == modern)
        let withRoots = CapabilityFingerprint(declared(#"{"roots":{"listChanged":true}}"#)).capabilities(roots: true)
        #expect(withRoots.declaration.description == #"{"roots":{}}"#)
    }

    @Test(
        "[GB-25] Two logins of one person share nothing; a newer token of a login goes on with what the older one had")
    func logins() throws {
        func alice(_ tsid: String?, token: String) -> Principal {
            Principal(issuer: "https://issuer.example", subject: "alice", tsid: tsid, tokenID: token)
        }
        let shared = SharedSessions()
        let first = try #require(shared.sessions(for: alice("one", token: "1"), capabilities: declared("{}")))
        #expect(shared.sessions(for: alice("one", token: "2"), capabilities: declared("{}")) === first)
        #expect(shared.sessions(for: alice("two", token: "3"), capabilities: declared("{}")) !== first)
        #expect(shared.sessions(for: alice(nil, token: "4"), capabilities: declared("{}")) !== first)
        #expect(shared.counts.sets == 3)
    }

    @Test("[GB-25] One set for one principal and what it declares; nobody else's")
    func keys() throws {
        let shared = SharedSessions()
        let first = try #require(shared.sessions(for: alice, capabilities: declared(#"{"elicitation":{}}"#)))
        #expect(shared.sessions(for: alice, capabilities: declared(#"{"elicitation":{"form":{}}}"#)) === first)
        #expect(shared.sessions(for: alice, capabilities: declared("{}")) !== first)
        #expect(shared.sessions(for: bob, capabilities: declared(#"{"elicitation":{}}"#)) !== first)
        #expect(
            shared.sessions(for: alice, capabilities: declared(#"{"elicitation":{}}"#), preference: .legacyFirst)
                !== first)
        #expect(shared.counts.sets == 4)
    }

    @Test("The newest token of the principal is what its requests go out with")
    func newest() async throws {
        let seen = Mutex<(@Sendable () -> Principal?)?>(nil)
        let shared = SharedSessions(
            credentials: CredentialSource { _, principal in
                seen.withLock { $0 = principal }
                return nil
            })
        try await ServerHarness.run(["one": "http://127.0.0.1:9"], waits: false) { harness in
            let old = Principal(issuer: alice.issuer, subject: alice.subject, tokenID: "old")
            let new = Principal(issuer: alice.issuer, subject: alice.subject, tokenID: "new")
            let sessions = try #require(shared.sessions(for: old, capabilities: .none))
            _ = sessions.session(with: try harness.backend("one"), on: harness.shard)
            #expect(seen.withLock { $0 }?()?.tokenID == "old")
            _ = shared.sessions(for: new, capabilities: .none)
            #expect(seen.withLock { $0 }?()?.tokenID == "new")
        }
        await shared.close()
    }

    @Test("Sets are bounded; the oldest unused one makes room, and after the end there is none")
    func bounds() async throws {
        var settings = SharingSettings()
        settings.perPrincipal = 2
        let clock = Mutex(NIODeadline.uptimeNanoseconds(1_000_000_000_000))
        let shared = SharedSessions(settings: settings, now: { clock.withLock { $0 } })
        _ = shared.sessions(for: alice, capabilities: .none)
        let second = try #require(shared.sessions(for: alice, capabilities: declared(#"{"sampling":{}}"#)))
        #expect(shared.sessions(for: alice, capabilities: declared(#"{"roots":{}}"#)) == nil)
        #expect(shared.sessions(for: bob, capabilities: .none) != nil)
        clock.withLock { $0 = $0 + .seconds(30) }
        #expect(shared.sessions(for: alice, capabilities: declared(#"{"sampling":{}}"#)) === second)
        #expect(shared.sessions(for: alice, capabilities: declared(#"{"roots":{}}"#)) != nil)
        #expect(shared.counts.sets == 3)
        await shared.close()
        #expect(shared.sessions(for: alice, capabilities: .none) == nil)
        #expect(shared.counts.sets == 0)
    }

    @Test("What nobody uses ends after a while")
    func idle() async throws {
        let clock = Mutex(NIODeadline.uptimeNanoseconds(1_000_000_000_000))
        let shared = SharedSessions(now: { clock.withLock { $0 } })
        _ = shared.sessions(for: alice, capabilities: .none)
        shared.sweep(now: clock.withLock { $0 } + .minutes(9))
        #expect(shared.counts.sets == 1)
        shared.sweep(now: clock.withLock { $0 } + .minutes(10))
        #expect(shared.counts.sets == 0)
        await shared.close()
    }
}
