// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import JSONTypes
package import Logging
package import OutboundHTTP
import Synchronization

/// Decides who makes a request by its access token: the resource server of OAuth 2.1.
///
/// JWTs are verified here, with this process's own keys or the issuer's; other tokens are asked about at the issuer.
/// What was accepted is remembered for a while, and still checked against `TokenDenials` on every request.
package final class TokenAuthenticator: Sendable {
    let settings: TokenAuthenticatorSettings
    let challenges: AuthenticationChallenges
    let replays: (any ProofReplayCache)?
    let now: @Sendable () -> Date
    let logger: Logger
    /// Where requests for the resource go, for the `htu` of proofs; nil without a `resource`.
    let origin: String?
    private let acceptsDPoP: Bool
    private let demandsDPoP: Bool
    private let rules: ClaimRules
    private let localKeys: (any PublicKeyProvider)?
    private let remoteKeys: RemoteKeySet?
    private let introspector: TokenIntrospector?
    private let denials: TokenDenials?
    private let cache: VerifiedTokenCache

    /// - Parameters:
    ///   - localKeys: of the authorization server in this process; asked first, and never over the network.
    ///   - replays: needed for DPoP; without it every proof is refused.
    package init(
        settings: TokenAuthenticatorSettings, localKeys: (any PublicKeyProvider)? = nil,
        http: any OutboundHTTPClient, denials: TokenDenials? = nil, replays: (any ProofReplayCache)? = nil,
        now: @escaping @Sendable () -> Date = { Date() }, logger: Logger
    ) {
        self.settings = settings
        acceptsDPoP = settings.dpop != nil
        demandsDPoP = settings.dpop?.isRequired ?? false
        self.localKeys = localKeys
        self.denials = denials
        self.replays = replays
        self.now = now
        self.logger = logger
        let resource = settings.resource.flatMap { CanonicalResource($0) }
        origin = resource?.origin
        rules = ClaimRules(settings)
        challenges = AuthenticationChallenges(
            realm: settings.issuer,
            resourceMetadata: settings.resource.flatMap {
                ProtectedResourceMetadata(resource: $0, authorizationServers: [settings.issuer])?.url
            },
            scopes: settings.scopes.required, offersDPoP: settings.dpop != nil)
        cache = VerifiedTokenCache(
            maximumCount: settings.verifiedTokenCount, maximumBytes: settings.verifiedTokenBytes)
        remoteKeys =
            switch settings.keySource {
            case .none: nil
            case .discovery:
                RemoteKeySet(
                    issuer: settings.issuer, http: http, policy: settings.addresses, now: now, logger: logger)
            case .url(let url):
                RemoteKeySet(
                    issuer: settings.issuer, keySetURL: url, http: http, policy: settings.addresses, now: now,
                    logger: logger)
            }
        introspector = settings.introspection.map {
            TokenIntrospector(settings: $0, http: http, policy: settings.addresses, now: now, logger: logger)
        }
    }

    /// The metadata document of this resource; nil when no `resource` is set.
    package var metadata: ProtectedResourceMetadata? {
        settings.resource.flatMap {
            ProtectedResourceMetadata(
                resource: $0, authorizationServers: [settings.issuer], scopes: settings.scopes.required,
                dpopAlgorithms: settings.dpop == nil ? [] : SigningAlgorithm.dpop,
                requiresDPoP: settings.dpop?.isRequired ?? false)
        }
    }

    // MARK: Requests

    /// The answer when no waiting is needed: a token that was verified lately, or a refusal that takes no look at it.
    /// `nil` means: call `authenticate`.
    package func cached(_ request: BearerRequest) -> AuthenticationOutcome? {
        do throws(BearerCredentials.Problem) {
            let credentials = try BearerCredentials(request, acceptsDPoP: acceptsDPoP)
            guard credentials.scheme == .bearer else { return nil }
            switch remembered(cache.key(of: credentials.token)) {
            case nil: return nil
            case .success(let token): return token.thumbprint == nil ? outcome(of: token) : nil
            case .failure(let error): return .refused(refusal(for: error))
            }
        } catch {
            return .refused(refusal(for: error))
        }
    }

    package func authenticate(_ request: BearerRequest) async -> AuthenticationOutcome {
        let credentials: BearerCredentials
        do throws(BearerCredentials.Problem) {
            credentials = try BearerCredentials(request, acceptsDPoP: acceptsDPoP)
            try credentials.validate()
        } catch {
            return .refused(refusal(for: error))
        }
        do throws(TokenError) {
            let token = try await verified(credentials)
            switch (credentials.scheme, token.thumbprint) {
            case (.bearer, nil):
                return outcome(of: token)
            case (.bearer, .some): throw TokenError.bound
            case (.dpop, nil): throw TokenError.unbound
            case (.dpop, .some(let thumbprint)):
                if let refusal = await proofRefusal(request, token: credentials.token, thumbprint: thumbprint) {
                    return .refused(refusal)
                }
                return outcome(of: token)
            }
        } catch {
            return .refused(refusal(for: error))
        }
    }

    /// The answer to a request whose operation needs more scopes than its token has: 403 with everything it needs.
    package func challenge(scopes: [String]) -> AuthenticationRefusal {
        challenges.insufficientScope(ScopeRules.advertised(settings.scopes.required + scopes))
    }

    /// Whether the principal's token covers `scopes`, broader scopes included.
    package func covers(_ scopes: [String], by principal: Principal) -> Bool {
        settings.scopes.includes(ScopeRules.advertised(scopes), in: principal.scopes)
    }

    /// Whether the token that a principal came with has expired or been revoked since.
    package func hasEnded(_ principal: Principal) -> Bool {
        if let expiry = principal.tokenExpiry, expiry.addingTimeInterval(settings.expiryLeeway) < now() { return true }
        return isDenied(principal)
    }

    /// How many tokens are remembered.
    var rememberedCount: Int { cache.count }

    private func outcome(of token: VerifiedToken) -> AuthenticationOutcome {
        if token.thumbprint == nil, demandsDPoP {
            return .refused(refusal(for: .bindingRequired))
        }
        guard token.hasRequiredScopes else { return .refused(challenge(scopes: [])) }
        return .principal(token.principal)
    }

    private func refusal(for problem: BearerCredentials.Problem) -> AuthenticationRefusal {
        switch problem {
        case .missing: challenges.unauthenticated()
        case .severalHeaders: challenges.invalidRequest("Send exactly one Authorization header.")
        case .tokenInQuery:
            challenges.invalidRequest("Send the access token in the Authorization header, not in the URL.")
        case .malformed: challenges.invalidRequest("The Authorization header is malformed.")
        }
    }

    private func refusal(for error: TokenError) -> AuthenticationRefusal {
        error == .unavailable ? challenges.unavailable() : challenges.invalidToken(error.description)
    }

    // MARK: Tokens

    /// Another number when keys came or went, here or at the issuer: both parts only grow.
    private var keyGeneration: UInt64 { localGeneration &+ (remoteKeys?.generation ?? 0) }
    private var localGeneration: UInt64 { localKeys?.generation ?? 0 }

    private func remembered(_ key: TokenKey) -> Result<VerifiedToken, TokenError>? {
        let generation = denials?.generation ?? 0
        guard let token = cache.find(key, now: now().timeIntervalSince1970, keyGeneration: keyGeneration) else {
            return nil
        }
        guard token.denialsSeen < generation else { return .success(token) }
        guard !isDenied(token.principal) else {
            cache.remove(key)
            return .failure(.revoked)
        }
        token.markNotDenied(asOf: generation)
        return .success(token)
    }

    private func isDenied(_ principal: Principal) -> Bool {
        denials?.isDenied(tsid: principal.tsid, jti: principal.tokenID) ?? false
    }

    private func verified(_ credentials: BearerCredentials) async throws(TokenError) -> VerifiedToken {
        guard credentials.token.utf8.count <= CompactJWS.maximumBytes else { throw .malformed }
        let key = cache.key(of: credentials.token)
        if let remembered = remembered(key) { return try remembered.get() }
        let accepted: ClaimRules.Accepted
        var keyGeneration = keyGeneration
        if credentials.isJWT {
            (accepted, keyGeneration) = try await verify(String(credentials.token))
        } else {
            guard let introspector else { throw .opaque }
            let claims = try await introspector.claims(of: credentials.token, key: key)
            accepted = try rules.check(claims, from: .introspection, now: now())
        }
        let denialsSeen = denials?.generation ?? 0
        guard !isDenied(accepted.principal) else { throw .revoked }
        let now = now().timeIntervalSince1970
        let end = accepted.expiry.map { $0.timeIntervalSince1970 + settings.expiryLeeway } ?? .infinity
        let believedUntil = min(end, now + settings.verifiedTokenLifetime)
        let token = VerifiedToken(
            principal: accepted.principal, thumbprint: accepted.thumbprint,
            hasRequiredScopes: settings.scopes.allows(accepted.principal.scopes), believedUntil: believedUntil,
            denialsSeen: denialsSeen)
        cache.store(token, for: key, keyGeneration: keyGeneration)
        return token
    }

    /// - Returns: what the token says, and the generation of the keys that say so.
    private func verify(_ text: String) async throws(TokenError) -> (ClaimRules.Accepted, UInt64) {
        guard let jws = try? CompactJWS(parsing: text) else { throw .malformed }
        guard let algorithm = jws.algorithm else { throw .unsupportedAlgorithm }
        guard let id = jws.keyID, !id.isEmpty else { throw .missingKeyID }
        let (generation, localGeneration) = (keyGeneration, localGeneration)
        let local = localKeys?.publicKeys().filter { $0.id == id } ?? []
        if !local.isEmpty {
            try Self.check(jws, algorithm, signedBy: local)
            guard jws.hasType("at+jwt") || (settings.localTokenType == .accessTokenOrJWT && jws.hasType("JWT")) else {
                throw .wrongType
            }
            return (try rules.check(jws.payload, from: .local, now: now()), generation)
        }
        guard let remoteKeys else { throw .unknownKey }
        guard jws.type == nil || jws.hasType("at+jwt") || jws.hasType("JWT") else { throw .wrongType }
        // Before anything is fetched: the tokens of others are not our business.
        guard let issuer = jws.payload["iss"]?.string, issuer.utf8.elementsEqual(settings.issuer.utf8) else {
            throw .wrongIssuer
        }
        let found: (keys: [PublicKey], generation: UInt64)
        do throws(RemoteKeySetError) {
            found = try await remoteKeys.lookUp(id: id, algorithm: algorithm)
        } catch {
            throw .unavailable
        }
        guard !found.keys.isEmpty else { throw .unknownKey }
        try Self.check(jws, algorithm, signedBy: found.keys)
        return (try rules.check(jws.payload, from: .external, now: now()), localGeneration &+ found.generation)
    }

    private static func check(
        _ jws: CompactJWS, _ algorithm: SigningAlgorithm, signedBy keys: [PublicKey]
    ) throws(TokenError) {
        // The key decides which algorithm is good, never the token (RFC 8725 section 3.1).
        guard keys.contains(where: { $0.allows(algorithm) }) else { throw .unsupportedAlgorithm }
        guard keys.contains(where: { jws.isSigned(by: $0) }) else { throw .wrongSignature }
    }
}
