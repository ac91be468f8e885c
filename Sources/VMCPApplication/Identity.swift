// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import AuthServer
import Authentication
import Backends
import Foundation
import Gateway
import Logging
import NIOCore
import Observability
import OutboundHTTP
import OutgoingAuth
import Storage
import VMCPConfiguration
import VirtualServer

/// Everything that has to do with who makes a request: how clients prove it, who signs them in, and what backends are
/// shown of it.
struct Identity: Sendable {
    let authenticator: Authenticator
    /// What clients learn of this resource; `nil` while nobody authenticates, or nobody said what the resource is.
    let metadata: ProtectedResourceMetadata?
    /// Mode B only.
    let authServer: EmbeddedAuthServer?
    private let http: GuardedHTTPClient?

    private init(
        authenticator: Authenticator, metadata: ProtectedResourceMetadata? = nil,
        authServer: EmbeddedAuthServer? = nil, http: GuardedHTTPClient? = nil
    ) {
        self.authenticator = authenticator
        self.metadata = metadata
        self.authServer = authServer
        self.http = http
    }

    /// Builds what the configuration asks for. Whatever was opened is closed again when a later part fails.
    static func make(
        _ configuration: Configuration, options: ServeOptions, group: any EventLoopGroup, logger: Logger
    ) async throws(StartupError) -> Identity {
        let oidc: Configuration.OIDC
        switch configuration.incomingAuth.method {
        case .anonymous: return Identity(authenticator: .anonymous)
        case .local: return Identity(authenticator: .local(environment: options.environment))
        case .oidc(let settings): oidc = settings
        }
        let http = GuardedHTTPClient(group: group, logger: logger)
        do throws(StartupError) {
            let denials = TokenDenials()
            var authServer: EmbeddedAuthServer?
            if let settings = configuration.authServer?.runConfig {
                authServer = try await EmbeddedAuthServer.make(
                    settings, name: configuration.name, defaultScopes: oidc.scopes, environment: options.environment,
                    http: http, denials: denials, logger: logger)
            }
            let tokens = TokenAuthenticator(
                settings: TokenAuthenticatorSettings(oidc, authServer: authServer), localKeys: authServer?.publicKeys,
                http: http, denials: denials, replays: authServer?.proofReplays, logger: logger)
            return Identity(
                authenticator: .tokens(tokens), metadata: tokens.metadata, authServer: authServer, http: http)
        } catch {
            await http.close()
            throw error
        }
    }

    /// The authorization server's routes, for the gateway's listener.
    func mountedRoutes(proxies: [AddressRange]) -> MountedRoutes? {
        guard let authServer else { return nil }
        let trusted = TrustedProxies(proxies.map { range in { @Sendable in range.contains($0) } })
        return MountedRoutes(
            claims: { authServer.owns(String($0)) },
            register: { authServer.registerHandlers(on: $0, proxies: trusted) })
    }

    /// What backends are shown: the caller's own upstream tokens, where the configuration says so.
    func credentials(_ outgoing: Configuration.OutgoingAuth) -> CredentialSource {
        guard let authServer else { return .none }
        let first = authServer.settings.upstreams.first?.name
        return CredentialSource { backend, principal in
            guard case .upstreamInject(let settings) = outgoing.strategy(for: backend.name) else { return nil }
            let name = settings.providerName.isEmpty ? AuthServerRunConfig.defaultUpstreamName : settings.providerName
            let injection = UpstreamInjection(
                provider: name,
                remedy: { await authServer.remedy(for: $0, token: $1, provider: $2, of: $3) }
            ) { provider, principal throws(CredentialProblem) in
                do throws(UpstreamTokenError) {
                    return try await authServer.accessToken(provider: provider, of: principal)
                } catch {
                    switch error {
                    case .missing: throw .notSignedIn(provider: provider)
                    case .expired:
                        // The first provider is the sign-in itself: without it the client has to begin anew.
                        if provider == first { await authServer.endLogin(of: principal) }
                        throw .signInExpired(provider: provider)
                    case .unavailable: throw .unavailable(provider: provider)
                    }
                }
            }
            return injection.credential(of: principal)
        }
    }

    /// Names under which clients reach this server besides those that are configured.
    var publicHosts: [String] {
        let urls = [authServer?.settings.issuer, authServer?.settings.authorizationEndpointBase, metadata?.resource]
        return urls.compactMap { $0.flatMap { URLComponents(string: $0)?.host } }
    }

    func close(logger: Logger) async {
        if let authServer {
            do throws(StorageError) {
                try await authServer.close()
            } catch {
                logger.warning("The authorization server's store did not close", metadata: ["reason": "\(error)"])
            }
        }
        await http?.close()
    }
}

extension EmbeddedAuthServer {
    /// A refused token is renewed; for one that lacks scopes, the person signs in again, which asks for them.
    fileprivate func remedy(
        for refusal: CredentialRefusal, token: Secret?, provider: String, of principal: Principal
    ) async -> CredentialRemedy {
        do throws(UpstreamTokenError) {
            if refusal.status == 401 {
                let refused: Secret
                if let token {
                    refused = token
                } else {
                    // A handshake, which carried what there is.
                    refused = try await accessToken(provider: provider, of: principal)
                }
                return try await renew(refused, provider: provider, of: principal) ? .retry : .none
            }
            guard let scopes = refusal.scopes else { return .none }
            switch try await demand(scopes, operation: refusal.operation, provider: provider, of: principal) {
            case nil: return .none
            case .exhausted: return .report(.scopeNotGranted(provider: provider))
            case .signInAgain:
                // The client is the only one who can send the person to the provider, and does so when its own tokens
                // are refused.
                await endLogin(of: principal)
                return .report(.needsMoreScope(provider: provider))
            }
        } catch {
            switch error {
            case .missing: return .none
            case .expired: return .report(.signInExpired(provider: provider))
            case .unavailable: return .report(.unavailable(provider: provider))
            }
        }
    }
}

extension TokenAuthenticatorSettings {
    /// - Parameter authServer: the one in this process, whose keys need no fetching.
    fileprivate init(_ oidc: Configuration.OIDC, authServer: EmbeddedAuthServer?) {
        self.init(issuer: oidc.issuer, audience: oidc.audience, resource: oidc.resource)
        if let url = oidc.jwksURL {
            keySource = .url(url.text)
        } else {
            keySource = authServer == nil ? .discovery : .none
        }
        introspection = oidc.introspectionURL.map {
            IntrospectionSettings(
                url: $0.text, clientID: oidc.clientID ?? "", clientSecret: oidc.clientSecret)
        }
        scopes = ScopeRules(required: oidc.scopes)
        addresses = AddressPolicy(
            allowsPrivateAddresses: oidc.allowsPrivateAddresses, allowsLoopback: true, allowsHTTP: oidc.allowsHTTP,
            caBundlePath: oidc.caBundlePath)
        guard let authServer else { return }
        if authServer.settings.accessTokenType == "JWT" { localTokenType = .accessTokenOrJWT }
        if authServer.settings.dpop != .off {
            let demandsNonces = authServer.settings.dpopNonce == .all
            dpop = DPoP(isRequired: authServer.settings.dpop == .required) {
                demandsNonces ? .demanded(authServer.dpopNonces) : .ignored
            }
        }
    }
}
