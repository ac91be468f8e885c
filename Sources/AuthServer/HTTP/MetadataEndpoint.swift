// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
internal import JSONTypes

/// The documents that anyone may read and keep for an hour: both forms of the metadata, and the public keys.
package struct MetadataEndpoint: AuthEndpoint {
    package enum Document: Sendable, Hashable, CaseIterable {
        case oauth
        case openID
        case keys
    }

    private let document: Document
    private let metadata: AuthServerMetadata
    private let keys: any PublicKeyProvider

    package init(_ document: Document, settings: AuthServerSettings, keys: any PublicKeyProvider) {
        self.document = document
        self.metadata = AuthServerMetadata(settings: settings)
        self.keys = keys
    }

    package var rules: EndpointRules {
        EndpointRules(
            methods: ["GET", "HEAD"], content: .query, limitClass: .metadata, allowsCrossOrigin: true,
            refusesRepeated: false)
    }

    package func respond(to request: EndpointRequest) async -> AuthResponse {
        switch document {
        case .oauth: return Self.answer(metadata.document)
        case .openID:
            let algorithms = Self.distinct(keys.publicKeys()).compactMap { $0.algorithm?.rawValue }
            var seen: Set<String> = []
            return Self.answer(metadata.openIDDocument(algorithms: algorithms.filter { seen.insert($0).inserted }))
        case .keys:
            let keys = Self.distinct(keys.publicKeys())
            guard !keys.isEmpty else {
                let body: JSONObject = [
                    "error": "server_error", "error_description": "The server has no signing keys",
                ]
                return AuthResponse(
                    status: 500, headers: [("Content-Type", "application/json")], body: body.encoded)
            }
            return Self.answer(["keys": .array(keys.map { .object($0.jwk) })])
        }
    }

    /// A verifier finds keys by name, so each name stands for one key: the first.
    private static func distinct(_ keys: [PublicKey]) -> [PublicKey] {
        var seen: Set<String> = []
        return keys.filter { seen.insert($0.id).inserted }
    }

    private static func answer(_ document: JSONObject) -> AuthResponse {
        AuthResponse(
            status: 200,
            headers: [("Content-Type", "application/json"), ("Cache-Control", "public, max-age=3600")],
            body: document.encoded)
    }
}
