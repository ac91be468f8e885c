// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import NIOCore
import OutboundHTTP

/// Finds the key set of an issuer through its metadata (OpenID Connect Discovery section 4, RFC 8414 section 3).
struct KeyDiscovery: Sendable {
    static let maximumBytes = 256 << 10
    static let timeout = Duration.seconds(5)

    let issuer: String
    let http: any OutboundHTTPClient
    let policy: AddressPolicy

    /// Where the metadata may be, likeliest first: appended to the issuer as OpenID Connect has it, then inserted
    /// before its path as RFC 8414 does.
    static func candidates(issuer: String) -> [String] {
        guard let resource = CanonicalResource(issuer), resource.query.isEmpty else { return [] }
        let base = issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer
        let appended = base + "/.well-known/openid-configuration"
        let authorizationServer = resource.origin + "/.well-known/oauth-authorization-server" + resource.path
        if resource.path.isEmpty { return [appended, authorizationServer] }
        return [appended, authorizationServer, resource.origin + "/.well-known/openid-configuration" + resource.path]
    }

    /// The `jwks_uri` of the first document that is the issuer's own.
    ///
    /// A document for another issuer is never used, but does not hide a right one behind it. When the server itself
    /// cannot be reached, the other places on it are not tried.
    func keySetURL() async throws(RemoteKeySetError) -> String {
        var problem: RemoteKeySetError?
        for url in Self.candidates(issuer: issuer) {
            let response: OutboundResponse
            do throws(OutboundError) {
                response = try await http.send(
                    OutboundRequest(
                        url: url, headers: [("Accept", "application/json")], maximumBytes: Self.maximumBytes,
                        timeout: Self.timeout),
                    policy: policy)
            } catch {
                throw .unreachable(error)
            }
            do throws(RemoteKeySetError) {
                return try keySetURL(in: response)
            } catch {
                // The most telling one: a document that was there.
                if problem == nil || !error.isStatus { problem = error }
            }
        }
        throw problem ?? .unreachable(.invalidURL)
    }

    private func keySetURL(in response: OutboundResponse) throws(RemoteKeySetError) -> String {
        guard response.status == 200 else { throw .status(response.status) }
        let limits = JSONLimits(depth: 16, stringBytes: Self.maximumBytes, values: 10_000)
        guard let document = try? JSONSlice(validating: ByteBuffer(bytes: response.body), limits: limits),
            document.kind == .object, document.duplicateKey() == nil
        else { throw .invalidMetadata }
        guard let issuer = document["issuer"]?.string, issuer.utf8.elementsEqual(self.issuer.utf8) else {
            throw .issuerMismatch
        }
        guard let url = document["jwks_uri"]?.string, !url.isEmpty else { throw .missingKeySetURL }
        return url
    }
}

extension RemoteKeySetError {
    fileprivate var isStatus: Bool {
        if case .status = self { true } else { false }
    }
}
