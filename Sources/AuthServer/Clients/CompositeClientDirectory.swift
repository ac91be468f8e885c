// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// All clients: the operator's, those with a metadata document, and those that registered.
package struct CompositeClientDirectory: ClientDirectory {
    private let registry: ClientRegistry
    private let documents: MetadataDocumentDirectory?

    /// - Parameter documents: `nil` while metadata documents are off; URLs are then ordinary unknown identifiers.
    package init(registry: ClientRegistry, documents: MetadataDocumentDirectory?) {
        self.registry = registry
        self.documents = documents
    }

    package func client(_ id: String) async throws(ClientLookupError) -> OAuthClient {
        if let configured = registry.configuredClient(id) { return configured }
        if let documents, MetadataDocumentURL.isClaimed(id) { return try await documents.client(id) }
        return try await registry.client(id)
    }

    package func proveUse(of client: OAuthClient) async {
        await registry.proveUse(of: client)
    }
}
