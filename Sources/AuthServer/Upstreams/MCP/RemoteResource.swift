// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes

/// What we use of a remote MCP server's protected resource metadata (RFC 9728 section 2).
struct RemoteResource: Sendable, Hashable {
    static let maximumServers = 16

    /// As the document spells it: the value of `resource` in our requests (RFC 8707).
    let identifier: String
    /// Issuers, in the order of the document; never empty.
    let authorizationServers: [String]
    let scopes: [String]?

    /// - Throws: `.otherResource` for a document that speaks of somebody else, which could send people to sign in
    ///   for a token that is good elsewhere.
    init(reading document: JSONSlice, of resource: CanonicalResource) throws(UpstreamStartError.Problem) {
        guard let claimed = document["resource"]?.string, let canonical = CanonicalResource(claimed) else {
            throw .member(.resource, "resource")
        }
        guard canonical.covers(resource) else { throw .otherResource }
        guard let servers = try UpstreamDocument.strings("authorization_servers", of: document, .resource),
            !servers.isEmpty, servers.count <= Self.maximumServers
        else { throw .member(.resource, "authorization_servers") }
        let scopes = try UpstreamDocument.strings("scopes_supported", of: document, .resource)
        identifier = claimed
        authorizationServers = servers
        self.scopes = scopes.flatMap { AuthenticationChallenge.scopes(in: $0.joined(separator: " ")) }
    }
}

extension CanonicalResource {
    /// Whether a token for this resource is one for `other`: the same, or a path above it on the same origin, which is
    /// how many servers name themselves.
    func covers(_ other: CanonicalResource) -> Bool {
        guard origin.utf8.elementsEqual(other.origin.utf8) else { return false }
        if query.isEmpty, other.path.utf8.starts(with: (path + "/").utf8) { return true }
        return path.utf8.elementsEqual(other.path.utf8) && (query.isEmpty || query.utf8.elementsEqual(other.query.utf8))
    }
}
