// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import OutboundHTTP

/// What the resource server is told about the tokens that it accepts.
package struct TokenAuthenticatorSettings: Sendable {
    /// Where the keys come from that are not this process's own.
    package enum KeySource: Sendable, Hashable {
        /// Only the keys of this process; nothing is fetched.
        case none
        /// The issuer's metadata names the key set.
        case discovery
        case url(String)
    }

    /// The `typ` headers that this process's own tokens may have. Tokens of others may also say `JWT` or nothing,
    /// because most issuers predate RFC 9068.
    package enum LocalTokenType: Sendable, Hashable {
        case accessToken
        case accessTokenOrJWT
    }

    package struct DPoP: Sendable {
        package var isRequired: Bool
        /// Asked for each proof, because the secret behind nonces may change.
        package var nonces: @Sendable () -> DPoPNoncePolicy

        package init(isRequired: Bool = false, nonces: DPoPNoncePolicy = .ignored) {
            self.init(isRequired: isRequired) { nonces }
        }

        package init(isRequired: Bool, nonces: @escaping @Sendable () -> DPoPNoncePolicy) {
            self.isRequired = isRequired
            self.nonces = nonces
        }
    }

    /// Compared exactly with `iss`; a trailing slash is a difference.
    package var issuer: String
    /// Must be among `aud`: as text, or as the same resource in canonical form.
    package var audience: String
    /// The URL of the MCP endpoint as clients know it; names the metadata document and the target of proofs.
    package var resource: String?
    package var keySource: KeySource = .discovery
    /// For tokens that are no JWTs.
    package var introspection: IntrospectionSettings?
    package var scopes = ScopeRules()
    package var localTokenType: LocalTokenType = .accessToken
    /// How long after `exp` a token is still accepted.
    package var expiryLeeway: TimeInterval = 0
    /// How far `nbf` and `iat` may lie ahead of our clock.
    package var clockSkew: TimeInterval = 60
    /// For the fetches of metadata, keys and introspection.
    package var addresses: AddressPolicy = .strict
    /// nil while DPoP is off: then the scheme is unknown and bound tokens are refused.
    package var dpop: DPoP?

    /// How long a verified token is believed without a look at its signature and key, or at introspection.
    package var verifiedTokenLifetime: TimeInterval = 300
    package var verifiedTokenCount = 10_000
    package var verifiedTokenBytes = 32 << 20

    package init(issuer: String, audience: String, resource: String? = nil) {
        self.issuer = issuer
        self.audience = audience
        self.resource = resource
    }
}
