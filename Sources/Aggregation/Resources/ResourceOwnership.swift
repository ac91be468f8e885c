// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// Decides which backend owns each resource URI and each template.
///
/// URIs appear in results, links and notifications, so they are never rewritten; of several backends that list one URI,
/// the first by name owns it.
struct ResourceOwnership {
    private(set) var items: [ListItem] = []
    private(set) var owners: [ExactText: String] = [:]
    /// What was listed and usable, the losers included, with its backend.
    private(set) var claims: [(uri: String, backend: String)] = []

    /// - Parameter catalogs: sorted by backend.
    init(of kind: ListKind, in catalogs: [BackendCatalog], log: inout WarningLog) {
        for catalog in catalogs {
            for item in ItemReader.items(kind, of: catalog, log: &log) {
                let uri = item.identity
                var defect = FreeText.defect(of: uri.text, limit: FreeText.maximumURILength)
                // Clients with a type for URIs take no other text for one (RFC 3986 section 3.1).
                if defect == nil, kind == .resources { defect = Self.uriDefect(of: uri.text) }
                if let defect {
                    log.add(
                        .unusableName, backend: catalog.backend, item: uri.text,
                        "\(kind.noun) dropped: it cannot be listed, \(defect)")
                    continue
                }
                claims.append((uri.text, catalog.backend))
                if let owner = owners[uri] {
                    log.add(
                        .shadowedResource, backend: catalog.backend, item: uri.text,
                        "\(kind.noun) dropped: backend \"\(printable(owner))\" lists it too and comes first by name")
                    continue
                }
                owners[uri] = catalog.backend
                items.append(ListItem(key: uri.text, backend: catalog.backend, item: item.item))
            }
        }
    }

    private static func uriDefect(of uri: String) -> String? {
        guard let scheme = ResourceRouter.scheme(of: uri) else { return "it is no URI because it has no scheme" }
        guard scheme == "http" || scheme == "https" else { return nil }
        let host = uri.dropFirst(scheme.count + 1).drop { $0 == "/" }.prefix { !"/?#:".contains($0) }
        return host.isEmpty || uri.dropFirst(scheme.count).hasPrefix(":///") ? "it has no host" : nil
    }
}
