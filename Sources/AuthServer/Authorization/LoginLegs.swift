// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Authentication
internal import Crypto
package import Foundation
package import Storage

/// Sends browsers to upstreams, and takes them back.
package struct LoginLegs: Sendable {
    package enum Return: Sendable {
        case login(PendingAuthorization)
        /// Unknown, expired, or somebody else took it.
        case gone
        /// The browser is not the one in which the leg began; the row is still there.
        case otherBrowser
    }

    private let upstreams: [any UpstreamProvider]
    private let records: RecordStore
    private let cookies: BrowserCookies
    /// Whether a leg is tied to its browser; only a test aid does without.
    private let bindsBrowser: Bool
    private let random: any RandomSource
    private let now: @Sendable () -> Date

    package init(
        upstreams: [any UpstreamProvider], records: RecordStore, cookies: BrowserCookies, bindsBrowser: Bool,
        random: any RandomSource, now: @escaping @Sendable () -> Date
    ) {
        self.upstreams = upstreams
        self.records = records
        self.cookies = cookies
        self.bindsBrowser = bindsBrowser
        self.random = random
        self.now = now
    }

    package func upstream(_ name: String) -> (any UpstreamProvider)? {
        upstreams.first { $0.name == name }
    }

    package var names: [String] { upstreams.map(\.name) }

    /// A login at its beginning.
    package func login(_ grant: AuthorizationGrant, consent: ConsentReference?) -> Login {
        Login(
            grant: grant, tsid: RandomHandle.base32(from: random),
            chain: LoginChain(upstreams.map { ($0.name, $0.isOptional) }), consent: consent)
    }

    /// Starts the leg whose turn it is, with state, verifier, nonce and cookie of its own.
    package func start(_ login: Login, status: Int) async throws(LoginFailure) -> AuthResponse {
        guard case .visit(let leg) = login.chain.step, let upstream = upstream(leg.provider) else {
            throw .upstream(.notConfigured)
        }
        let state = RandomHandle.base32(from: random)
        let nonce = RandomHandle.base32(from: random)
        let verifier = RandomHandle.base64URL(from: random)
        let binding = bindsBrowser ? RandomHandle.base64URL(from: random) : nil
        let visit: UpstreamVisit
        do {
            visit = try await upstream.begin(
                UpstreamLeg(
                    state: state, codeChallenge: CodeChallenge.of(verifier: verifier), nonce: nonce,
                    userID: login.chain.user?.id))
        } catch {
            throw .upstream(error)
        }
        let pending = PendingAuthorization(
            login: login, provider: leg.provider, codeVerifier: verifier, nonce: nonce,
            browserBinding: binding.map(RecordStore.id(ofHandle:)), upstreamBinding: visit.binding)
        try await LoginFailure.creating(
            pending, RecordStore.id(ofHandle: state), in: records,
            until: now().addingTimeInterval(TimeInterval(BrowserCookies.waitSeconds)))
        var headers = [(name: "Location", value: visit.url)]
        if let binding {
            let name = cookies.binding(ofState: state)
            headers.append(cookies.set(name, binding, seconds: BrowserCookies.waitSeconds, .lax))
        }
        return AuthResponse(status: status, headers: headers)
    }

    /// Takes the pending login of a `state`, if the browser has the leg's cookie: of any number of callers one gets it.
    package func take(state: String, _ request: AuthRequest) async throws(StorageError) -> Return {
        let id = RecordStore.id(ofHandle: state)
        guard let stored = try await records.load(PendingAuthorization.self, id) else { return .gone }
        guard isBound(stored.record, state, request) else { return .otherBrowser }
        let key = records.key(PendingAuthorization.self, id)
        let outcome = try await records.storage.commit(
            StorageChanges(conditions: [.version(key, stored.version)], writes: [.delete(key)]))
        return outcome == .committed ? .login(stored.record) : .gone
    }

    private func isBound(_ pending: PendingAuthorization, _ state: String, _ request: AuthRequest) -> Bool {
        guard let binding = pending.browserBinding else { return !bindsBrowser }
        guard let value = request.cookie(cookies.binding(ofState: state)) else { return false }
        // Digests: how far they agree says nothing about the value.
        return RecordStore.id(ofHandle: value) == binding
    }

    /// Makes the browser forget the leg.
    package func clearing(state: String, _ answer: AuthResponse) -> AuthResponse {
        guard bindsBrowser else { return answer }
        var answer = answer
        answer.headers.append(cookies.clear(cookies.binding(ofState: state), .lax))
        return answer
    }
}

/// RFC 7636 §4.2, method S256.
enum CodeChallenge {
    static func of(verifier: String) -> String {
        Base64URL.encode(SHA256.hash(data: Array(verifier.utf8)))
    }
}
