// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import Logging
internal import Storage

/// Brings a login from one leg to the next, and from the last one to a code.
///
/// `LoginChain` decides; what is done here are the effects. A login that ends without a code leaves no tokens behind.
package struct LoginProgress: Sendable {
    package enum Outcome: Sendable {
        case nextLeg(AuthResponse)
        case code(String, scopes: [String])
        case refused(OAuthError)
        /// The redirect URI is not the client's any more: nothing may be sent there.
        case homeless(OAuthError)
    }

    private let legs: LoginLegs
    private let sessions: any UpstreamSessions
    private let accounts: any Accounts
    private let consents: RememberedConsents
    private let clients: any ClientDirectory
    private let codes: any CodeIssuing
    private let audit: AuditLog
    private let logger: Logger
    private let now: @Sendable () -> Date

    package init(
        legs: LoginLegs, sessions: any UpstreamSessions, accounts: any Accounts, consents: RememberedConsents,
        clients: any ClientDirectory, codes: any CodeIssuing, audit: AuditLog, logger: Logger,
        now: @escaping @Sendable () -> Date
    ) {
        self.legs = legs
        self.sessions = sessions
        self.accounts = accounts
        self.consents = consents
        self.clients = clients
        self.codes = codes
        self.audit = audit
        self.logger = logger
        self.now = now
    }

    /// Ends the leg of a pending row that this caller alone has, and goes on from there.
    package func advance(
        _ pending: PendingAuthorization, _ answer: UpstreamAnswer, clientAddress: String
    ) async -> Outcome {
        var run = Run(login: pending.login, provider: pending.provider, clientAddress: clientAddress)
        do throws(LoginStop) {
            try await endLeg(pending, answer, &run)
            return try await goOn(&run)
        } catch {
            await forget(run)
            let outcome: AuditEvent.Outcome = error.isDenied ? .denied : .failure
            record(error.isAtCode ? .code : .login, outcome, error.reason, run)
            return error.isHomeless ? .homeless(error.error) : .refused(error.error)
        }
    }

    private struct Run {
        var login: Login
        var provider: String
        let clientAddress: String
    }

    // MARK: The leg that the browser comes from

    private func endLeg(
        _ pending: PendingAuthorization, _ answer: UpstreamAnswer, _ run: inout Run
    ) async throws(LoginStop) {
        guard let upstream = legs.upstream(pending.provider),
            run.login.chain.canContinue(at: pending.provider, configured: legs.names)
        else { throw .failed("chain") }
        do throws(LegFailure) {
            let signedIn = try await exchange(pending, answer, upstream)
            try await keep(signedIn, &run)
            record(.login, .success, nil, run)
        } catch {
            guard case .upstream(let reason, _) = error else { throw error.stop }
            if reason == LegFailureReason.scope,
                await upstream.asksForLess(than: pending.upstreamBinding, userID: run.login.chain.user?.id)
            {
                record(.login, .failure, "tried again: \(reason)", run)
                return
            }
            guard run.login.chain.skip(run.provider) else { throw error.stop }
            try await skip(reason, run)
        }
    }

    private func exchange(
        _ pending: PendingAuthorization, _ answer: UpstreamAnswer, _ upstream: any UpstreamProvider
    ) async throws(LegFailure) -> UpstreamLogin {
        // RFC 9207 §2.4: an answer of another server than the one that was asked is an attack, on optional legs too.
        let isFromUpstream = try await asking { () async throws(UpstreamError) in
            try await upstream.accepts(issuer: answer.issuer, binding: pending.upstreamBinding)
        }
        guard isFromUpstream else { throw .stop(.failed("issuer")) }
        if let error = answer.error {
            let reason = LegFailureReason.of(code: error)
            throw .upstream(reason: reason, .denied(reason))
        }
        return try await asking { () async throws(UpstreamError) in
            try await upstream.exchange(
                code: answer.code ?? "", codeVerifier: pending.codeVerifier, nonce: pending.nonce,
                binding: pending.upstreamBinding)
        }
    }

    private func asking<Answer>(
        _ body: () async throws(UpstreamError) -> Answer
    ) async throws(LegFailure) -> Answer {
        do {
            return try await body()
        } catch {
            throw .upstream(error)
        }
    }

    private func keep(_ signedIn: UpstreamLogin, _ run: inout Run) async throws(LegFailure) {
        do throws(OAuthError) {
            if run.login.chain.isAtFirstLeg {
                let user = try await accounts.resolve(signedIn, provider: run.provider)
                try await checkConsent(run.login.consent, user, signedIn.isSynthetic)
                try await store(signedIn, user, run)
                run.login.chain.identify(user, at: now())
            } else if let user = run.login.chain.user {
                try await store(signedIn, user, run)
                run.login.chain.finish(run.provider)
            }
        } catch {
            throw .stop(error.code == .accessDenied ? .denied("other_user") : .failed(error))
        }
    }

    private func store(_ signedIn: UpstreamLogin, _ user: ResolvedUser, _ run: Run) async throws(OAuthError) {
        try await sessions.store(
            signedIn, provider: run.provider, tsid: run.login.tsid, user: user, clientID: run.login.grant.clientID)
    }

    private func checkConsent(
        _ reference: ConsentReference?, _ user: ResolvedUser, _ isSynthetic: Bool
    ) async throws(OAuthError) {
        guard let reference else { return }
        let isTheirs: Bool
        do {
            isTheirs = try await consents.confirm(reference, user: user.id, isSynthetic: isSynthetic)
        } catch {
            throw .storage
        }
        guard isTheirs else { throw OAuthError(.accessDenied, "Somebody else gave the consent") }
    }

    // MARK: The rest of the chain

    private func goOn(_ run: inout Run) async throws(LoginStop) -> Outcome {
        // Each turn ends a leg or returns.
        while true {
            switch run.login.chain.step {
            case .broken: throw .failed("chain")
            case .complete(let user, let authenticatedAt): return try await finish(run, user, authenticatedAt)
            case .visit(let leg):
                run.provider = leg.provider
                if let answer = try await visit(&run) { return .nextLeg(answer) }
            }
        }
    }

    /// - Returns: `nil` when the leg needs no visit, or goes without one.
    private func visit(_ run: inout Run) async throws(LoginStop) -> AuthResponse? {
        do throws(OAuthError) {
            if try await sessions.isSatisfied(provider: run.provider, tsid: run.login.tsid) {
                run.login.chain.finish(run.provider)
                return nil
            }
        } catch {
            throw .failed(error)
        }
        do throws(LoginFailure) {
            return try await legs.start(run.login, status: 302)
        } catch {
            guard case .upstream(let cause) = error, run.login.chain.skip(run.provider) else {
                throw .failed(error.oauthError)
            }
            try await skip(LegFailureReason.of(cause), run)
            return nil
        }
    }

    private func skip(_ reason: String, _ run: Run) async throws(LoginStop) {
        do {
            try await sessions.skip(provider: run.provider, tsid: run.login.tsid, reason: reason)
        } catch {
            throw .failed(error)
        }
        record(.login, .failure, "skipped: \(reason)", run)
    }

    // MARK: The code

    private func finish(
        _ run: Run, _ user: ResolvedUser, _ authenticatedAt: Date
    ) async throws(LoginStop) -> Outcome {
        // The legs after the first took time, in which the row may have changed hands.
        if let first = run.login.chain.firstOfSeveral, try await owner(run, first) != user.id {
            throw .failed("owner", isAtCode: true)
        }
        var grant = run.login.grant
        let client = try await client(grant)
        grant.scopes = grant.scopes.filter(client.scopes.contains)
        let authorization = CompletedAuthorization(
            grant: grant, user: user, tsid: run.login.tsid, authenticatedAt: authenticatedAt)
        let code: String
        do {
            code = try await codes.issueCode(for: authorization)
        } catch {
            throw .failed(error, isAtCode: true)
        }
        record(.code, .success, nil, run)
        return .code(code, scopes: grant.scopes)
    }

    private func owner(_ run: Run, _ provider: String) async throws(LoginStop) -> String? {
        do {
            return try await sessions.owner(tsid: run.login.tsid, provider: provider)
        } catch {
            throw .failed(error, isAtCode: true)
        }
    }

    /// The client as it is now: it may have changed, or gone, since the person was asked.
    private func client(_ grant: AuthorizationGrant) async throws(LoginStop) -> OAuthClient {
        let client: OAuthClient
        do {
            client = try await clients.client(grant.clientID)
        } catch {
            throw error == .unknown ? .homeless("client") : .failed(.storage, isAtCode: true)
        }
        guard RedirectURIRules.match(requested: grant.redirectURI, client: client) == .matched(grant.redirectURI)
        else { throw .homeless("redirect_uri") }
        return client
    }

    // MARK: Traces

    private func forget(_ run: Run) async {
        do {
            try await sessions.delete(tsid: run.login.tsid)
        } catch {
            logger.warning(
                "Tokens of a login that failed are still in the store; nothing can use them and they expire",
                metadata: ["reason": "\(error.code.rawValue)"])
        }
    }

    private func record(
        _ action: AuditEvent.Action, _ outcome: AuditEvent.Outcome, _ reason: String?, _ run: Run
    ) {
        audit.record(
            AuditEvent(
                action, outcome, reason: reason, clientID: run.login.grant.clientID,
                userID: run.login.chain.user?.id, provider: run.provider, clientAddress: run.clientAddress))
    }
}
