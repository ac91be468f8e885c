// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Observability
import Synchronization

@testable import AuthServer

/// Upstream logins of which only the end is of interest.
final class TokensUpstreams: UpstreamSessions {
    private let state = Mutex((deleted: [String](), fails: false))

    var deleted: [String] { state.withLock { $0.deleted } }
    func setFails(_ fails: Bool) { state.withLock { $0.fails = fails } }

    func delete(tsid: String) async throws(OAuthError) {
        let fails = state.withLock { state in
            if !state.fails { state.deleted.append(tsid) }
            return state.fails
        }
        if fails { throw .storage }
    }

    func store(
        _ login: UpstreamLogin, provider: String, tsid: String, user: ResolvedUser, clientID: String
    ) async throws(OAuthError) {}
    func skip(provider: String, tsid: String, reason: String) async throws(OAuthError) {}
    func isSatisfied(provider: String, tsid: String) async throws(OAuthError) -> Bool { true }
    func owner(tsid: String, provider: String) async throws(OAuthError) -> String? { nil }
    func accessToken(provider: String, tsid: String, userID: String) async throws(UpstreamTokenError) -> Secret {
        throw .missing
    }
}

final class TokensDirectory: ClientDirectory {
    private let state = Mutex((clients: [String: OAuthClient](), proven: [String](), isDown: false))

    func add(_ client: OAuthClient) { state.withLock { $0.clients[client.id] = client } }
    func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }
    var proven: [String] { state.withLock { $0.proven } }

    func client(_ id: String) async throws(ClientLookupError) -> OAuthClient {
        let (client, isDown) = state.withLock { ($0.clients[id], $0.isDown) }
        guard !isDown else { throw .unavailable }
        guard let client else { throw .unknown }
        return client
    }

    func proveUse(of client: OAuthClient) async { state.withLock { $0.proven.append(client.id) } }
}

struct TokensRendering: AnswerRendering {
    func consent(_ page: ConsentPage) -> AuthResponse { AuthResponse(status: 200) }
    func page(_ page: ErrorPage) -> AuthResponse { AuthResponse(status: page.status) }
    func direct(_ error: OAuthError, to request: AuthRequest) -> AuthResponse { json(error, to: request) }

    func json(_ error: OAuthError, to request: AuthRequest) -> AuthResponse {
        let body: JSONObject = [
            "error": .string(error.code.rawValue), "error_description": .string(error.description),
        ]
        let retry = error.retryAfter.map { [("Retry-After", "\($0)")] } ?? []
        return AuthResponse(status: error.status, headers: retry, body: body.encoded)
    }
}
