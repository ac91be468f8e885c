// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
package import NIOCore

/// The document that tells clients where to get a token for this server (RFC 9728 section 2).
package struct ProtectedResourceMetadata: Sendable, Hashable {
    package static let wellKnownPath = "/.well-known/oauth-protected-resource"

    /// As the operator spells it: strict clients compare it with the URL that they were given.
    package let resource: String
    package var authorizationServers: [String]
    package var scopes: [String]
    package var name: String?
    /// Empty while DPoP is off.
    package var dpopAlgorithms: [SigningAlgorithm]
    package var requiresDPoP: Bool
    private let canonical: CanonicalResource

    /// `nil` when `resource` is no http(s) URL that could name a resource.
    package init?(
        resource: String, authorizationServers: [String], scopes: [String] = [], name: String? = nil,
        dpopAlgorithms: [SigningAlgorithm] = [], requiresDPoP: Bool = false
    ) {
        guard let canonical = CanonicalResource(resource) else { return nil }
        self.resource = resource
        self.canonical = canonical
        self.authorizationServers = authorizationServers
        self.scopes = scopes
        self.name = name
        self.dpopAlgorithms = dpopAlgorithms
        self.requiresDPoP = requiresDPoP
    }

    /// The absolute URL of the document, with the well-known part between host and path (RFC 9728 section 3.1).
    package var url: String { canonical.origin + Self.wellKnownPath + canonical.path + canonical.query }

    /// Every path that serves the document: at the root, and with the resource's path. Any other suffix is not found.
    package var paths: [String] {
        canonical.path.isEmpty ? [Self.wellKnownPath] : [Self.wellKnownPath, Self.wellKnownPath + canonical.path]
    }

    /// Whether a request for this path, as sent and without its query, gets the document.
    package func isServed(at path: String) -> Bool {
        let path = path.hasSuffix("/") ? path.dropLast() : path[...]
        return paths.contains { $0.utf8.elementsEqual(path.utf8) }
    }

    package func document() -> ByteBuffer {
        var object: JSONObject = [
            "resource": .string(resource),
            "authorization_servers": .array(authorizationServers.map { .string($0) }),
            "bearer_methods_supported": ["header"],
        ]
        let scopes = ScopeRules.advertised(scopes)
        if !scopes.isEmpty { object.append("scopes_supported", .array(scopes.map { .string($0) })) }
        if let name { object.append("resource_name", .string(name)) }
        if !dpopAlgorithms.isEmpty {
            object.append(
                "dpop_signing_alg_values_supported", .array(dpopAlgorithms.map { .string($0.rawValue) }))
            if requiresDPoP { object.append("dpop_bound_access_tokens_required", true) }
        }
        var buffer = ByteBuffer()
        buffer.writeJSON(.object(object))
        return buffer
    }

    /// On every answer at `paths`. The document is public, so any origin may read it, without credentials.
    package static let headers: [(name: String, value: String)] =
        corsHeaders + [
            ("Content-Type", "application/json"),
            ("Cache-Control", "public, max-age=3600"),
            ("X-Content-Type-Options", "nosniff"),
        ]

    /// Also the whole answer to OPTIONS, with status 204.
    package static let corsHeaders: [(name: String, value: String)] = [
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", "GET, OPTIONS"),
        ("Access-Control-Allow-Headers", "Content-Type, Authorization, DPoP, MCP-Protocol-Version"),
        ("Access-Control-Expose-Headers", "DPoP-Nonce, WWW-Authenticate, Retry-After"),
        ("Access-Control-Max-Age", "86400"),
    ]
}
