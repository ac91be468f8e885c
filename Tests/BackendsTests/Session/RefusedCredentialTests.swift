// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import OutgoingAuth
import Synchronization
import TestSupport
import Testing

@testable import Backends

/// A backend does not take the credential that a request carried.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RefusedCredentialTests {
    /// A token that can be renewed, or not, and that keeps what it was told.
    private final class Login: BackendCredential {
        private let state: Mutex<(number: Int, remedy: CredentialRemedy, refusals: [CredentialRefusal])>

        init(_ remedy: CredentialRemedy) { state = Mutex((1, remedy, [])) }

        var refusals: [CredentialRefusal] { state.withLock { $0.refusals } }

        func fields() async throws(CredentialProblem) -> [CredentialField] {
            [CredentialField(name: "Authorization", value: "Bearer token-\(state.withLock { $0.number })")]
        }

        func refused(_ refusal: CredentialRefusal) async -> CredentialRemedy {
            state.withLock { state in
                state.refusals.append(refusal)
                if state.remedy == .retry { state.number += 1 }
                return state.remedy
            }
        }
    }

    enum Era: String, Sendable, CaseIterable { case legacy, modern }

    /// Runs `body` with a session at a backend that answers as `script` says, in that era.
    private func run(
        _ era: Era, _ login: Login, _ script: @escaping ScriptedBackend.Script,
        _ body: (BackendHarness, BackendSession, @Sendable () -> [ScriptedRequest]) async throws -> Void
    ) async throws {
        let (url, requests, stop): (String, @Sendable () -> [ScriptedRequest], () async -> Void)
        switch era {
        case .legacy:
            let backend = try await ScriptedBackend.start(configure: { _ in }, script)
            (url, requests, stop) = (backend.url, { backend.requests }, { await backend.stop() })
        case .modern:
            let backend = try await ScriptedModernBackend.start(configure: { _ in }, script)
            (url, requests, stop) = (backend.url, { backend.http.requests }, { await backend.stop() })
        }
        try await BackendHarness.run(url) { harness in
            let session = harness.session(
                credential: login, preference: era == .modern ? .modernFirst : .legacyFirst)
            do {
                try await body(harness, session, requests)
            } catch {
                await session.close()
                throw error
            }
            await session.close()
        }
        await stop()
    }

    private static func calls(_ requests: [ScriptedRequest]) -> [String] {
        requests.filter { $0.verb == "tools/call" }.map { $0.header("Authorization") ?? "" }
    }

    /// Takes no token but the second.
    private static let firstIsStale: ScriptedBackend.Script = { request, reply in
        guard request.verb == "tools/call", request.header("Authorization") == "Bearer token-1" else { return false }
        reply.respond(401, [("WWW-Authenticate", #"Bearer error="invalid_token""#)], body: "no")
        return true
    }

    @Test("BC-30: a 401 renews the token, and the call, which did not run, is made once more", arguments: Era.allCases)
    func renewed(era: Era) async throws {
        let login = Login(.retry)
        try await run(era, login, Self.firstIsStale) { harness, session, requests in
            #expect(await harness.call(session).text == "echo")
            #expect(Self.calls(requests()) == ["Bearer token-1", "Bearer token-2"])
            let refusal = try #require(login.refusals.first)
            #expect(refusal.status == 401)
            #expect(refusal.operation == "tools/call echo")
            #expect(refusal.sent == [CredentialField(name: "Authorization", value: "Bearer token-1")])
        }
    }

    @Test("BC-30: a backend that takes no token at all is asked twice, and not a third time", arguments: Era.allCases)
    func onlyOnce(era: Era) async throws {
        let login = Login(.retry)
        let refuse: ScriptedBackend.Script = { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.respond(401)
            return true
        }
        try await run(era, login, refuse) { harness, session, requests in
            let error = await harness.call(session).error
            #expect(error == .unauthorized(status: 401))
            #expect(Self.calls(requests()) == ["Bearer token-1", "Bearer token-2"])
            #expect(login.refusals.count == 1)
        }
    }

    @Test("BC-30: a handshake that is refused is made once more, too")
    func handshake() async throws {
        let login = Login(.retry)
        let refuse: ScriptedBackend.Script = { request, reply in
            guard request.header("Authorization") == "Bearer token-1" else { return false }
            reply.respond(401)
            return true
        }
        try await run(.legacy, login, refuse) { harness, session, requests in
            #expect(await harness.call(session).text == "echo")
            #expect(Self.calls(requests()) == ["Bearer token-2"])
        }
    }

    @Test("Without a remedy the refusal is what it was", arguments: Era.allCases)
    func noRemedy(era: Era) async throws {
        let login = Login(.none)
        try await run(era, login, Self.firstIsStale) { harness, session, requests in
            #expect(await harness.call(session).error == .unauthorized(status: 401))
            #expect(Self.calls(requests()).count == 1)
        }
    }

    @Test(
        "AU-33: a demand for more scope is told with its scopes, whatever the body says, and the caller what to do",
        arguments: Era.allCases)
    func moreScope(era: Era) async throws {
        let problem = CredentialProblem.needsMoreScope(provider: "notes")
        let login = Login(.report(problem))
        let demand: ScriptedBackend.Script = { request, reply in
            guard request.verb == "tools/call", let id = request.id else { return false }
            let body = #"{"jsonrpc":"2.0","id":\#(id),"error":{"code":-32000,"message":"more"}}"#
            reply.respond(
                403,
                [
                    ("Content-Type", "application/json"),
                    ("WWW-Authenticate", #"Basic realm="x", Bearer error="insufficient_scope", scope="read write""#),
                ], body: body)
            return true
        }
        try await run(era, login, demand) { harness, session, requests in
            let error = await harness.call(session).error
            #expect(error == .noCredential(problem))
            #expect(error?.requestError(backend: "b").message.contains("sign in again") == true)
            #expect(login.refusals.map(\.scopes) == [["read", "write"]])
            #expect(Self.calls(requests()).count == 1)
        }
    }

    @Test("AU-33: a 403 for another reason demands nothing", arguments: Era.allCases)
    func otherForbidden(era: Era) async throws {
        let login = Login(.none)
        let refuse: ScriptedBackend.Script = { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.respond(403, [("WWW-Authenticate", #"Bearer error="invalid_token", scope="read""#)])
            return true
        }
        try await run(era, login, refuse) { harness, session, requests in
            #expect(await harness.call(session).error == .unauthorized(status: 403))
            #expect(login.refusals.map(\.scopes) == [nil])
            #expect(Self.calls(requests()).count == 1)
        }
    }
}
