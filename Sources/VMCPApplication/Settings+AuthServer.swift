// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import AuthServer
import Authentication
import Foundation
import Logging
import Observability
import OutboundHTTP
import Storage
import VMCPConfiguration

extension EmbeddedAuthServer {
    /// Resolves every secret, opens the store and builds the server; closes the store again when that fails.
    static func make(
        _ config: AuthServerRunConfig, name: String, defaultScopes: [String], environment: [String: String],
        http: any OutboundHTTPClient, denials: TokenDenials, logger: Logger
    ) async throws(StartupError) -> EmbeddedAuthServer {
        let settings = try AuthServerSettings(config, name: name, environment: environment)
        let keys = try KeyMaterialSettings(config)
        let (storage, sealer) = try await open(config.storage, logger: logger)
        do throws(AuthServerStartError) {
            return try await EmbeddedAuthServer(
                settings: settings,
                parts: Parts(
                    storage: storage, sealer: sealer, keys: keys, http: http, denials: denials,
                    defaultScopes: defaultScopes, logger: logger))
        } catch {
            try? await storage.close()
            throw StartupError("\(error)")
        }
    }

    private static func open(
        _ storage: AuthServerRunConfig.Storage, logger: Logger
    ) async throws(StartupError) -> (any Storage, Sealer) {
        do {
            switch storage {
            case .memory:
                logger.warning("Sign-ins are kept in memory; everyone must sign in again after a restart")
                return (MemoryStorage(now: { Date() }), try Sealer(keys: [SealingKey()]))
            case .sqlite(let settings):
                // A new key cannot open what an old one sealed: it is made only before there is a database.
                let file = SealingKeyFile(path: settings.encryptionKeyFile ?? settings.path + ".key", logger: logger)
                let isNew =
                    settings.encryptionKeyFile == nil && !FileManager.default.fileExists(atPath: settings.path)
                let sealer = try Sealer(keys: [isNew ? try file.loadOrCreate() : try file.load()])
                return (try await SQLiteStorage(path: settings.path, now: { Date() }, logger: logger), sealer)
            case .redis:
                throw StartupError("authServer storage.type: redis is not available in this version")
            }
        } catch let error as StartupError {
            throw error
        } catch SealingKeyFileError.missing(let path) {
            throw StartupError(
                "authServer storage: the encryption key file \(path) is missing; restore it beside the database that it "
                    + "belongs to, or move the database away to begin anew (everyone will have to sign in again)")
        } catch {
            throw StartupError("authServer storage: \(error)")
        }
    }
}

extension KeyMaterialSettings {
    fileprivate init(_ config: AuthServerRunConfig) throws(StartupError) {
        self.init(
            signingKeys: config.signingKeys.map { keys in
                SigningKeyFiles(
                    active: KeyFile(path: keys.activeFile), fallbacks: keys.fallbackFiles.map { KeyFile(path: $0) })
            }, hmacSecretPaths: config.hmacSecretFiles)
    }
}

extension AuthServerSettings {
    fileprivate init(
        _ config: AuthServerRunConfig, name: String, environment: [String: String]
    ) throws(StartupError) {
        var upstreams: [UpstreamSettings] = []
        for upstream in config.upstreams { upstreams.append(try UpstreamSettings(upstream, environment: environment)) }
        self.init(
            serverName: name, issuer: config.issuer, authorizationEndpointBase: config.authorizationEndpointBaseURL,
            allowedAudiences: config.allowedAudiences, upstreams: upstreams)
        scopesSupported = config.scopesSupported
        baselineClientScopes = config.baselineClientScopes
        accessTokenLifespan = config.lifespans.accessToken
        refreshTokenLifespan = config.lifespans.refreshToken
        codeLifespan = config.lifespans.authorizationCode
        delegationTokenLifespan = config.lifespans.delegation
        allowsConfidentialRegistration = config.allowsConfidentialClientRegistration
        forceConfidentialRedirectURIs = config.forcedConfidentialRedirectURIs
        metadataDocuments =
            config.cimd.isEnabled
            ? MetadataDocuments(cacheSize: config.cimd.cacheMaximumSize, fallbackTTL: config.cimd.cacheFallbackLifetime)
            : nil
        trustedIssuers = config.trustedIssuers.map { TrustedIssuer($0) }
        for client in config.delegateClients {
            delegateClients.append(
                DelegateClient(
                    id: client.clientID,
                    secret: try client.clientSecret.resolved(environment, of: "delegate client \"\(client.clientID)\""),
                    scopes: client.scopes, audiences: client.audiences))
        }
        harden(config.hardening)
    }

    private mutating func harden(_ hardening: AuthServerRunConfig.Hardening) {
        isRegistrationOpen = hardening.registration == .open
        consent =
            switch hardening.consent {
            case .remember: .remember
            case .always: .always
            case .off: .off
            }
        consentTTL = hardening.consentLifetime
        trustedRedirectOrigins = hardening.trustedRedirectOrigins
        privateUseRedirectSchemes = hardening.privateUseRedirectSchemes
        hasStrictRedirectURIs = hardening.hasStrictRedirectURIs
        pushedRequests = Requirement(hardening.par)
        dpop = Requirement(hardening.dpop)
        dpopNonce =
            switch hardening.dpopNonce {
            case .off: .off
            case .token: .token
            case .all: .all
            }
        refreshGrace = hardening.refreshGrace
        sessionMaxLifetime = hardening.sessionMaximumLifetime
        accessTokenType = hardening.accessTokenType.rawValue
        skipsBrowserChecks = hardening.skipsBrowserChecks
    }
}

extension AuthServerSettings.Requirement {
    fileprivate init(_ requirement: AuthServerRunConfig.Hardening.Requirement) {
        switch requirement {
        case .off: self = .off
        case .optional: self = .optional
        case .required: self = .required
        }
    }
}

extension SecretReference {
    fileprivate func resolved(_ environment: [String: String], of owner: String) throws(StartupError) -> Secret {
        do throws(SecretError) {
            return try resolve(environment: environment)
        } catch {
            throw StartupError("authServer \(owner): \(error)")
        }
    }
}

extension TrustedIssuer {
    fileprivate init(_ issuer: AuthServerRunConfig.TrustedIssuer) {
        self.init(
            issuer: issuer.issuerURL, expectedAudience: issuer.expectedAudience, jwksURL: issuer.jwksURL?.text,
            addresses: AddressPolicy(
                allowsPrivateAddresses: issuer.allowsPrivateAddresses, allowsLoopback: issuer.allowsPrivateAddresses,
                allowsHTTP: issuer.allowsHTTP))
        actorClaim = issuer.actorClaim
        allowedActors = issuer.allowedActors
        actorMatcher = issuer.actorMatcher
        allowedDelegateClients =
            switch issuer.allowedDelegateClients {
            case .any: ["*"]
            case .listed(let clients): clients
            }
        allowsMayAct = issuer.allowsMayAct
        jwtBearer = issuer.jwtBearerGrant.map { grant in
            JWTBearer(
                maximumAssertionAge: grant.maximumAssertionAge,
                subjectBindings: Dictionary(
                    grant.subjectBindings.map { ($0.subject, $0.allowedResources) },
                    uniquingKeysWith: { first, _ in first }),
                acceptedAudiences: grant.acceptedAudiences)
        }
    }
}

extension UpstreamSettings {
    fileprivate init(
        _ upstream: AuthServerRunConfig.Upstream, environment: [String: String]
    ) throws(StartupError) {
        let client = upstream.client
        let owner = "upstream \"\(upstream.name)\""
        let secret = try client.clientSecret.map { reference throws(StartupError) in
            try reference.resolved(environment, of: owner)
        }
        let kind: Kind
        switch upstream.provider {
        case .oidc(let oidc): kind = .oidc(issuer: oidc.issuerURL.text, subjectClaim: oidc.subjectClaim)
        case .oauth2(let oauth2): kind = .oauth2(try OAuth2(oauth2, environment: environment, owner: owner))
        case .mcp(let mcp): kind = .mcp(RemoteServer(resource: mcp.resource.text, issuer: mcp.issuer?.text))
        }
        self.init(
            name: upstream.name, kind: kind, clientID: client.clientID, clientSecret: secret,
            redirectURI: client.redirectURI, scopes: client.scopes,
            addresses: AddressPolicy(
                allowsPrivateAddresses: client.allowsPrivateAddresses, allowsLoopback: true,
                allowsHTTP: client.allowsHTTP))
        isOptional = upstream.isOptional
        additionalParameters = client.additionalAuthorizationParameters.sorted { $0.key < $1.key }
            .map { ($0.key, $0.value) }
    }
}

extension UpstreamSettings.OAuth2 {
    fileprivate init(
        _ oauth2: AuthServerRunConfig.UpstreamOAuth2, environment: [String: String], owner: String
    ) throws(StartupError) {
        self.init(
            authorizationEndpoint: oauth2.authorizationEndpoint?.text, tokenEndpoint: oauth2.tokenEndpoint?.text)
        if let info = oauth2.userInfo {
            var userInfo = UpstreamSettings.UserInfo(endpoint: info.endpoint.text)
            userInfo.allowsHTTP = info.allowsHTTP
            userInfo.method = info.method.rawValue
            userInfo.headers = info.additionalHeaders.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            userInfo.subjectFields = info.fields.subject
            userInfo.nameFields = info.fields.name
            userInfo.emailFields = info.fields.email
            self.userInfo = userInfo
        }
        if let mapping = oauth2.tokenResponseMapping {
            var tokenMapping = UpstreamSettings.TokenMapping(accessTokenPath: mapping.accessTokenPath)
            tokenMapping.scopePath = mapping.scopePath
            tokenMapping.refreshTokenPath = mapping.refreshTokenPath
            tokenMapping.expiresInPath = mapping.expiresInPath
            self.tokenMapping = tokenMapping
        }
        if let identity = oauth2.identityFromToken {
            var identityFromToken = UpstreamSettings.IdentityFromToken(subjectPath: identity.subjectPath)
            identityFromToken.namePath = identity.namePath
            identityFromToken.emailPath = identity.emailPath
            self.identityFromToken = identityFromToken
        }
        if let register = oauth2.registration {
            var registration = UpstreamSettings.Registration(
                discoveryURL: register.discoveryURL?.text, registrationEndpoint: register.registrationEndpoint?.text)
            registration.initialAccessToken = try register.initialAccessToken.map { token throws(StartupError) in
                try token.resolved(environment, of: "\(owner): initial access token")
            }
            registration.softwareID = register.softwareID
            registration.softwareStatement = register.softwareStatement
            self.registration = registration
        }
    }
}
