// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// A client of the authorization server, wherever it is known from.
package struct OAuthClient: Sendable, Hashable, Codable {
    package enum Origin: String, Sendable, Hashable, Codable {
        /// Registered itself (RFC 7591); anyone can.
        case registration
        /// Its identifier is the URL of its metadata document.
        case metadataDocument
        /// In the operator's configuration.
        case configuration
    }

    package enum AuthenticationMethod: String, Sendable, Hashable, Codable {
        case none
        case clientSecretBasic = "client_secret_basic"
        case clientSecretPost = "client_secret_post"
    }

    package var id: String
    package var origin: Origin
    /// As the client calls itself; shown only after cleaning.
    package var name: String
    package var redirectURIs: [String]
    package var grantTypes: [String]
    package var scopes: [String]
    /// RFC 8707 resources in the spelling of `allowed_audiences` that it may ask tokens for.
    package var audiences: [String]
    /// SHA-256 of the secret; `nil` for a public client.
    package var secretDigest: [UInt8]?
    /// The one method that it may use; `nil` lets a confidential client choose between basic and post.
    package var authenticationMethod: AuthenticationMethod?
    /// `native` or `web`, if it said.
    package var applicationType: String?
    package var requiresDPoP: Bool
    package var requiresPushedRequests: Bool
    package var createdAt: Date
    /// Whether it ever completed a token request.
    package var isProven: Bool
    /// Changes when anything does that a person's consent was about: name and redirect URIs, or the whole document.
    package var fingerprint: String

    package init(
        id: String, origin: Origin, name: String, redirectURIs: [String], grantTypes: [String], scopes: [String],
        audiences: [String], secretDigest: [UInt8]? = nil, authenticationMethod: AuthenticationMethod?,
        applicationType: String? = nil, requiresDPoP: Bool = false, requiresPushedRequests: Bool = false,
        createdAt: Date, isProven: Bool = false, fingerprint: String
    ) {
        self.id = id
        self.origin = origin
        self.name = name
        self.redirectURIs = redirectURIs
        self.grantTypes = grantTypes
        self.scopes = scopes
        self.audiences = audiences
        self.secretDigest = secretDigest
        self.authenticationMethod = authenticationMethod
        self.applicationType = applicationType
        self.requiresDPoP = requiresDPoP
        self.requiresPushedRequests = requiresPushedRequests
        self.createdAt = createdAt
        self.isProven = isProven
        self.fingerprint = fingerprint
    }

    package var isPublic: Bool { secretDigest == nil }
}

/// Finds clients: registered ones, configured ones and those whose identifier is a URL.
package protocol ClientDirectory: Sendable {
    /// - Throws: `.unknown` for every reason that is the client's, `.unavailable` when our store does not answer.
    func client(_ id: String) async throws(ClientLookupError) -> OAuthClient
    /// Called after a successful token request: a registration that is used lives longer.
    func proveUse(of client: OAuthClient) async
}

package enum ClientLookupError: Error, Sendable, Hashable {
    case unknown
    case unavailable
}
