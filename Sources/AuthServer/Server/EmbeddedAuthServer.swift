// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import Foundation
package import Logging
package import Observability
package import OutboundHTTP
package import Storage

/// The OAuth 2.1 authorization server inside the gateway's process.
///
/// It signs people in through their own identity providers and issues the access tokens that the gateway accepts. The
/// gateway learns its public keys in process, and reads through it the upstream tokens of whoever makes a request.
package final class EmbeddedAuthServer: Sendable {
    /// What the resource server verifies tokens with; no way leads from here to a private key.
    package let publicKeys: any PublicKeyProvider
    /// Where proofs are noted that were used once, here and at the resource.
    package let proofReplays: any ProofReplayCache
    /// What the resource server demands of proofs.
    package var dpopNonces: DPoPNonces { keys.hmac.keys.dpopNonces }
    package let settings: AuthServerSettings

    private let router: AuthServerRouter
    private let storage: any Storage
    private let keys: KeyMaterial
    private let upstreams: Upstreams
    private let sessions: StoredUpstreamSessions
    private let revocation: FamilyRevocation
    private let logger: Logger

    /// How often key files are looked at.
    private static let keyInterval = Duration.seconds(5)
    /// How often revocations are completed that something interrupted.
    private static let revocationInterval = Duration.seconds(60)

    /// What the server needs besides its settings.
    package struct Parts: Sendable {
        package var storage: any Storage
        package var sealer: Sealer
        package var keys: KeyMaterialSettings
        package var http: any OutboundHTTPClient
        package var denials: TokenDenials
        /// Scopes that the gateway demands of every token: what a client gets that asks for none.
        package var defaultScopes: [String]
        package var random: any RandomSource = SystemRandomSource()
        package var now: @Sendable () -> Date = { Date() }
        package var logger: Logger

        package init(
            storage: any Storage, sealer: Sealer, keys: KeyMaterialSettings, http: any OutboundHTTPClient,
            denials: TokenDenials, defaultScopes: [String], logger: Logger
        ) {
            self.storage = storage
            self.sealer = sealer
            self.keys = keys
            self.http = http
            self.denials = denials
            self.defaultScopes = defaultScopes
            self.logger = logger
        }
    }

    /// Loads keys and revocations, finds the upstreams, and puts everything together. The store is the caller's to close
    /// when this fails.
    package init(settings: AuthServerSettings, parts: Parts) async throws(AuthServerStartError) {
        let now = parts.now
        let logger = parts.logger
        let audit = AuditLog(logger: logger)
        let records = RecordStore(storage: parts.storage, sealer: parts.sealer)
        keys = try await KeyMaterial.load(parts.keys, records: records, random: parts.random, logger: logger)
        do throws(UpstreamStartError) {
            upstreams = try Upstreams(settings.upstreams, records: records, http: parts.http, now: now, logger: logger)
            try await upstreams.start()
        } catch {
            throw .upstream(error)
        }
        sessions = StoredUpstreamSessions(
            records: records, providers: upstreams.providers, sessionLifetime: settings.sessionMaxLifetime, now: now,
            audit: audit, logger: logger)
        let denials = Denials(records: records, sink: parts.denials)
        let rules = TokenRules(settings)
        revocation = FamilyRevocation(
            records: records, denials: denials, upstreams: sessions, rules: rules, logger: logger, now: now)
        do throws(StorageError) {
            try await denials.load()
            try await revocation.resume()
        } catch {
            throw .storage(error)
        }
        let shared = Shared(
            settings: settings, parts: parts, records: records, keys: keys, upstreams: upstreams, sessions: sessions,
            denials: denials, rules: rules, revocation: revocation, audit: audit)
        router = AuthServerRouter(
            settings: settings, endpoints: shared.endpoints(),
            pipeline: EndpointPipeline(limiter: RateLimiter(now: now), rendering: shared.rendering))
        publicKeys = keys.signing.publicKeys
        proofReplays = shared.replays
        storage = parts.storage
        self.settings = settings
        self.logger = logger
        if settings.skipsBrowserChecks {
            logger.warning("Consent and browser checks are off (insecure_skip_browser_checks); for tests only")
        }
    }

    /// Whether a path belongs to the authorization server.
    package func owns(_ path: String) -> Bool { router.owns(path) }

    /// `nil` when the path is somebody else's.
    package func respond(to request: AuthRequest) async -> AuthResponse? { await router.respond(to: request) }

    /// A usable upstream token of the login behind a principal, renewed when due.
    package func accessToken(
        provider: String, of principal: Principal
    ) async throws(UpstreamTokenError) -> Secret {
        guard principal.issuer == settings.issuer, let tsid = principal.tsid else { throw .missing }
        return try await sessions.accessToken(provider: provider, tsid: tsid, userID: principal.subject)
    }

    /// Renews an upstream token that a backend refused.
    ///
    /// - Returns: whether there is another one now.
    package func renew(
        _ refused: Secret, provider: String, of principal: Principal
    ) async throws(UpstreamTokenError) -> Bool {
        guard principal.issuer == settings.issuer, let tsid = principal.tsid else { throw .missing }
        return try await sessions.renew(refused, provider: provider, tsid: tsid, userID: principal.subject)
    }

    /// Notes that an operation of a remote MCP server demands more scope than the login has there; the person's next
    /// sign-in asks for it.
    ///
    /// - Returns: `nil` when the provider is none that can be asked for more.
    package func demand(
        _ scopes: [String], operation: String, provider name: String, of principal: Principal
    ) async throws(UpstreamTokenError) -> ScopeDemandOutcome? {
        guard principal.issuer == settings.issuer, let tsid = principal.tsid,
            let upstream = upstreams.provider(name) as? MCPUpstream,
            let binding = try await sessions.binding(provider: name, tsid: tsid, userID: principal.subject)
        else { return nil }
        return try await upstream.demand(
            scopes, operation: operation, binding: binding, login: tsid, userID: principal.subject)
    }

    /// Ends the login behind a principal: their tokens and refresh tokens are refused from now on, so that the client
    /// signs in again.
    package func endLogin(of principal: Principal) async {
        guard principal.issuer == settings.issuer, let tsid = principal.tsid else { return }
        do throws(OAuthError) {
            try await revocation.endLogin(tsid: tsid)
        } catch {
            logger.warning("A login could not be ended", metadata: ["reason": "\(error.code.rawValue)"])
        }
    }

    /// Follows key files, keeps upstream documents fresh and completes revocations, until cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.upstreams.run() }
            group.addTask { [keys] in
                while (try? await Task.sleep(for: Self.keyInterval)) != nil {
                    keys.signing.refresh()
                    keys.hmac.refresh()
                }
            }
            group.addTask { [revocation, logger] in
                while (try? await Task.sleep(for: Self.revocationInterval)) != nil {
                    do throws(StorageError) {
                        try await revocation.resume()
                    } catch {
                        logger.warning("Revocations could not be completed", metadata: ["reason": "\(error)"])
                    }
                }
            }
        }
    }

    /// Closes the store. Called once, after the last request.
    package func close() async throws(StorageError) { try await storage.close() }
}

/// What the endpoints are made of.
private struct Shared {
    let settings: AuthServerSettings
    let parts: EmbeddedAuthServer.Parts
    let records: RecordStore
    let keys: KeyMaterial
    let upstreams: Upstreams
    let sessions: StoredUpstreamSessions
    let denials: Denials
    let rules: TokenRules
    let revocation: FamilyRevocation
    let audit: AuditLog

    var rendering: HTTPAnswerRendering {
        HTTPAnswerRendering(issuer: settings.issuer, serverName: settings.serverName, random: parts.random)
    }
    var replays: StoredProofReplays { StoredProofReplays(storage: parts.storage) }

    func endpoints() -> [AuthRoute: any AuthEndpoint] {
        let rendering = self.rendering
        let now = parts.now
        let registry = ClientRegistry(
            records: records, configured: settings.delegateClients, policy: ClientPolicy(settings), now: now,
            logger: parts.logger)
        let clients = CompositeClientDirectory(
            registry: registry,
            documents: MetadataDocumentDirectory(settings, http: parts.http, now: now, logger: parts.logger))
        let authenticator = ClientAuthenticator(directory: clients, issuer: settings.issuer)
        let authenticate: ClientAuthentication = { request throws(OAuthError) in
            try await authenticator.authenticate(request)
        }
        let gate = DPoPGate(
            mode: settings.dpop, nonce: settings.dpopNonce, secrets: keys.hmac, replays: replays, audit: audit, now: now
        )
        let tokens = OpaqueTokens(secrets: keys.hmac, random: parts.random)
        let minter = AccessTokenMinter(
            issuer: settings.issuer, type: settings.accessTokenType, signer: JWTSigner(keys: keys.signing),
            random: parts.random, now: now)
        let signIn = SignInGrantParts(
            records: records, tokens: tokens, minter: minter, revocation: revocation, rules: rules, audit: audit,
            now: now)
        let grants: [any TokenGrant] = [AuthorizationCodeGrant(signIn), RefreshTokenGrant(signIn)]
        let delegation = DelegationGrants(
            settings, keys: keys.signing.publicKeys, minter: minter, records: records, denials: parts.denials,
            http: parts.http, audit: audit, now: now, logger: parts.logger)
        let flow = AuthorizationEndpoints(
            settings, defaultScopes: parts.defaultScopes,
            AuthorizationEndpoints.Parts(
                records: records, clients: clients, authenticator: authenticator, proofs: gate,
                upstreams: upstreams.providers, sessions: sessions,
                accounts: StoredAccounts(records: records, now: now, logger: parts.logger),
                codes: CodeStore(
                    records: records, tokens: tokens, rules: rules, random: parts.random, now: now),
                rendering: rendering, random: parts.random, now: now, audit: audit, logger: parts.logger))
        let publicKeys = keys.signing.publicKeys
        return [
            .authorize: flow.authorize, .consent: flow.consent, .callback: flow.callback,
            .pushedRequest: flow.pushed,
            .token: TokenEndpoint(
                url: settings.tokenEndpoint, grants: grants + delegation.grants, authenticate: authenticate,
                directory: clients, dpop: gate, rendering: rendering, audit: audit),
            .revoke: RevocationEndpoint(
                issuer: settings.issuer, records: records, tokens: tokens, keys: publicKeys, revocation: revocation,
                denials: denials, rules: rules, authenticate: authenticate, rendering: rendering, audit: audit,
                now: now),
            .register: RegistrationEndpoint(
                settings: settings, registry: registry, rendering: rendering, audit: audit, now: now),
            .metadata: MetadataEndpoint(.oauth, settings: settings, keys: publicKeys),
            .openIDMetadata: MetadataEndpoint(.openID, settings: settings, keys: publicKeys),
            .keys: MetadataEndpoint(.keys, settings: settings, keys: publicKeys),
        ]
    }
}
