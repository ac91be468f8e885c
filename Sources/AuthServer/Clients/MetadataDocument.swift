// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import JSONTypes
internal import NIOCore

/// A client ID metadata document (draft-ietf-oauth-client-id-metadata-document), checked.
package struct MetadataDocument: Sendable, Hashable {
    package let name: String
    package let redirectURIs: [String]
    package let grantTypes: [String]
    package let scopes: [String]
    package let applicationType: String?
    package let requiresDPoP: Bool
    package let requiresPushedRequests: Bool
    package let fingerprint: String

    package enum Failure: Error, Sendable, Hashable {
        /// Not JSON, not an object, nested too deep, or a member occurs twice.
        case malformed
        case wrongClientID
        case missingName
        /// A member of the wrong type, or a value that we cannot serve.
        case unsupported(String)
        case invalidRedirectURI
        /// Documents are public: no secret can be in one.
        case containsSecret
    }

    package static let maximumBytes = 10 * 1024
    private static let limits = JSONLimits(depth: 16, stringBytes: maximumBytes, values: 1000)

    /// - Parameter url: the client identifier, which the document must repeat byte by byte.
    package init(parsing body: [UInt8], url: String, policy: ClientPolicy) throws(Failure) {
        guard body.count <= Self.maximumBytes,
            let document = try? JSONSlice(validating: ByteBuffer(bytes: body), limits: Self.limits),
            document.kind == .object, document.duplicateKey() == nil
        else { throw .malformed }
        guard let id = document["client_id"]?.string, id.utf8.elementsEqual(url.utf8) else { throw .wrongClientID }
        guard !document.members.contains(where: { $0.key.string?.hasPrefix("client_secret") ?? true }) else {
            throw .containsSecret
        }
        let fields = ClientMetadataFields(document)
        do {
            guard let name = try fields.string("client_name"), !name.isEmpty,
                name.utf8.count <= ClientMetadataFields.maximumNameBytes
            else { throw Failure.missingName }
            self.name = name
            guard try fields.string("token_endpoint_auth_method") ?? "none" == "none" else {
                throw Failure.unsupported("token_endpoint_auth_method")
            }
            grantTypes = try Self.grantTypes(fields)
            if let types = try fields.strings("response_types"), !types.contains("code") {
                throw Failure.unsupported("response_types")
            }
            redirectURIs = try Self.redirectURIs(fields)
            scopes = try Self.scopes(fields, policy)
            applicationType = try fields.string("application_type")
            requiresDPoP = try fields.bool("dpop_bound_access_tokens") ?? false
            requiresPushedRequests = try fields.bool("require_pushed_authorization_requests") ?? false
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .unsupported((error as? ClientMetadataFields.WrongType)?.member ?? "")
        }
        fingerprint = OAuthClient.fingerprint(document: body)
    }

    private static func grantTypes(_ fields: ClientMetadataFields) throws -> [String] {
        let supported = [GrantType.authorizationCode, GrantType.refreshToken]
        guard let requested = try fields.strings("grant_types") else { return supported }
        guard requested.contains(GrantType.authorizationCode) else { throw Failure.unsupported("grant_types") }
        return supported.filter(requested.contains)
    }

    private static func redirectURIs(_ fields: ClientMetadataFields) throws -> [String] {
        guard let uris = try fields.strings("redirect_uris"), !uris.isEmpty else { throw Failure.invalidRedirectURI }
        for uri in uris {
            do {
                try RedirectURIRules.validate(uri, policy: .metadataDocument)
            } catch {
                throw Failure.invalidRedirectURI
            }
        }
        return uris
    }

    private static func scopes(_ fields: ClientMetadataFields, _ policy: ClientPolicy) throws -> [String] {
        do {
            return try policy.scopes(requested: try fields.scopes() ?? [])
        } catch {
            throw Failure.unsupported("scope")
        }
    }
}
