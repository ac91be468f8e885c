// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import CEL
package import Observability
package import OutboundHTTP

/// What the authorization server is told by the configuration, with every secret resolved.
package struct AuthServerSettings: Sendable {
    package enum Requirement: String, Sendable { case off, optional, required }
    package enum ConsentMode: String, Sendable { case remember, always, off }
    package enum NonceDemand: String, Sendable { case off, token, all }

    /// Shown to people.
    package var serverName: String
    /// Without a trailing slash; compared as text.
    package var issuer: String
    /// Where browsers are sent; the issuer unless configured.
    package var authorizationEndpointBase: String
    package var scopesSupported: [String] = ["openid", "profile", "email", "offline_access"]
    package var baselineClientScopes: [String] = []
    /// Resources that tokens are issued for; the first is the default when it is the only one.
    package var allowedAudiences: [String]

    package var accessTokenLifespan: Duration = .seconds(3600)
    package var refreshTokenLifespan: Duration = .seconds(168 * 3600)
    package var codeLifespan: Duration = .seconds(600)
    package var delegationTokenLifespan: Duration = .seconds(900)
    package var sessionMaxLifetime: Duration = .seconds(720 * 3600)
    package var refreshGrace: Duration = .seconds(30)
    /// The `typ` header of access tokens: `at+jwt` or `JWT`.
    package var accessTokenType = "at+jwt"

    package var isRegistrationOpen = true
    package var allowsConfidentialRegistration = false
    package var forceConfidentialRedirectURIs: [String] = []
    package var privateUseRedirectSchemes: [String] = ["cursor", "vscode", "vscode-insiders"]
    package var hasStrictRedirectURIs = false
    package var trustedRedirectOrigins: [String] = []

    package var consent: ConsentMode = .remember
    package var consentTTL: Duration = .seconds(720 * 3600)
    /// A test aid for flows without cookies.
    package var skipsBrowserChecks = false

    package var pushedRequests: Requirement = .optional
    package var dpop: Requirement = .optional
    package var dpopNonce: NonceDemand = .token

    /// `nil` turns client ID metadata documents off.
    package var metadataDocuments: MetadataDocuments? = MetadataDocuments()
    package var trustedIssuers: [TrustedIssuer] = []
    package var delegateClients: [DelegateClient] = []
    package var upstreams: [UpstreamSettings]

    package init(
        serverName: String, issuer: String, authorizationEndpointBase: String? = nil, allowedAudiences: [String],
        upstreams: [UpstreamSettings]
    ) {
        self.serverName = serverName
        self.issuer = issuer
        self.authorizationEndpointBase = authorizationEndpointBase ?? issuer
        self.allowedAudiences = allowedAudiences
        self.upstreams = upstreams
    }

    package struct MetadataDocuments: Sendable, Hashable {
        package var cacheSize = 256
        package var fallbackTTL: Duration = .seconds(300)

        package init(cacheSize: Int = 256, fallbackTTL: Duration = .seconds(300)) {
            self.cacheSize = cacheSize
            self.fallbackTTL = fallbackTTL
        }
    }

    /// Whether the issuer is a plain-HTTP loopback address: a developer's own machine.
    package var isDevelopment: Bool { issuer.hasPrefix("http://") }
    package var authorizationEndpoint: String { authorizationEndpointBase + "/oauth/authorize" }
    package var tokenEndpoint: String { issuer + "/oauth/token" }
    package var registrationEndpoint: String { issuer + "/oauth/register" }
    package var revocationEndpoint: String { issuer + "/oauth/revoke" }
    package var pushedRequestEndpoint: String { issuer + "/oauth/par" }
    package var jwksURI: String { issuer + "/.well-known/jwks.json" }
    package var offersJWTBearer: Bool { trustedIssuers.contains { $0.jwtBearer != nil } }
}

/// A confidential client of the operator's that may only exchange tokens (RFC 8693).
package struct DelegateClient: Sendable {
    package var id: String
    package var secret: Secret
    package var scopes: [String]
    package var audiences: [String]

    package init(id: String, secret: Secret, scopes: [String], audiences: [String]) {
        self.id = id
        self.secret = secret
        self.scopes = scopes
        self.audiences = audiences
    }
}

/// An external issuer whose tokens are accepted as subject tokens or assertions.
package struct TrustedIssuer: Sendable {
    package var issuer: String
    package var expectedAudience: String?
    package var jwksURL: String?
    package var addresses: AddressPolicy
    package var actorClaim = "azp"
    package var allowedActors: [String] = []
    /// Says of the verified claims whether their actor is accepted, too.
    package var actorMatcher: CELExpression?
    package var allowedDelegateClients: [String] = []
    package var allowsMayAct = false
    package var jwtBearer: JWTBearer?

    package struct JWTBearer: Sendable {
        package var maximumAssertionAge: Duration
        /// Subject → the resources that it may get tokens for.
        package var subjectBindings: [String: [String]]
        /// Empty means the token endpoint.
        package var acceptedAudiences: [String]

        package init(maximumAssertionAge: Duration, subjectBindings: [String: [String]], acceptedAudiences: [String]) {
            self.maximumAssertionAge = maximumAssertionAge
            self.subjectBindings = subjectBindings
            self.acceptedAudiences = acceptedAudiences
        }
    }

    package init(issuer: String, expectedAudience: String?, jwksURL: String?, addresses: AddressPolicy) {
        self.issuer = issuer
        self.expectedAudience = expectedAudience
        self.jwksURL = jwksURL
        self.addresses = addresses
    }
}

/// An upstream of the chain; the first one decides who the user is.
package struct UpstreamSettings: Sendable {
    package var name: String
    package var isOptional = false
    package var kind: Kind
    package var clientID: String
    package var clientSecret: Secret?
    package var redirectURI: String
    package var scopes: [String]
    package var additionalParameters: [(name: String, value: String)] = []
    package var addresses: AddressPolicy

    package enum Kind: Sendable {
        case oidc(issuer: String, subjectClaim: String)
        case oauth2(OAuth2)
        case mcp(RemoteServer)
    }

    /// A remote MCP server that names its own authorization server.
    package struct RemoteServer: Sendable {
        package var resource: String
        /// What the configured client belongs to; `nil` for whatever the resource names.
        package var issuer: String?

        package init(resource: String, issuer: String?) {
            self.resource = resource
            self.issuer = issuer
        }
    }

    package struct OAuth2: Sendable {
        package var authorizationEndpoint: String?
        package var tokenEndpoint: String?
        package var userInfo: UserInfo?
        package var tokenMapping: TokenMapping?
        package var identityFromToken: IdentityFromToken?
        /// Registers us at the upstream instead of a configured client.
        package var registration: Registration?

        package init(authorizationEndpoint: String?, tokenEndpoint: String?) {
            self.authorizationEndpoint = authorizationEndpoint
            self.tokenEndpoint = tokenEndpoint
        }
    }

    package struct UserInfo: Sendable {
        package var endpoint: String
        /// Whether the endpoint may be plain HTTP on another machine even where the upstream's others may not.
        package var allowsHTTP = false
        package var method = "GET"
        package var headers: [(name: String, value: String)] = []
        package var subjectFields = ["sub"]
        package var nameFields = ["name"]
        package var emailFields = ["email"]

        package init(endpoint: String) { self.endpoint = endpoint }
    }

    /// Dot paths into the token response.
    package struct TokenMapping: Sendable {
        package var accessTokenPath: String
        package var scopePath = "scope"
        package var refreshTokenPath = "refresh_token"
        package var expiresInPath = "expires_in"

        package init(accessTokenPath: String) { self.accessTokenPath = accessTokenPath }
    }

    package struct IdentityFromToken: Sendable {
        package var subjectPath: String
        package var namePath: String?
        package var emailPath: String?

        package init(subjectPath: String) { self.subjectPath = subjectPath }
    }

    package struct Registration: Sendable {
        package var discoveryURL: String?
        package var registrationEndpoint: String?
        package var initialAccessToken: Secret?
        package var softwareID: String?
        package var softwareStatement: String?

        package init(discoveryURL: String?, registrationEndpoint: String?) {
            self.discoveryURL = discoveryURL
            self.registrationEndpoint = registrationEndpoint
        }
    }

    package init(
        name: String, kind: Kind, clientID: String, clientSecret: Secret?, redirectURI: String, scopes: [String],
        addresses: AddressPolicy
    ) {
        self.name = name
        self.kind = kind
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.redirectURI = redirectURI
        self.scopes = scopes
        self.addresses = addresses
    }
}
