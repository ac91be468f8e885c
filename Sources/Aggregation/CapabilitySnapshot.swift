// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
package import MCPTypes
package import NIOCore
import Synchronization

/// What many backends offer, as one MCP server: the lists that clients see and the routes behind them.
///
/// Made once from the backends' lists and the settings, and never changed. Making it cannot fail: an item, name or
/// setting that cannot be used costs that item, and a warning says so. The result depends on the content of the
/// catalogs only, not on their order. Copying it is one retain.
package struct CapabilitySnapshot: Sendable {
    private let contents: Contents

    package init(catalogs: [BackendCatalog], settings: AggregationSettings) {
        contents = Contents(catalogs: catalogs, settings: settings)
    }

    package var warnings: [AggregationWarning] { contents.warnings }

    /// The whole result object for a list request, `{"tools":[…],"nextCursor":"…"}`.
    ///
    /// A nil cursor asks for the first page. A cursor stays valid when the list has changed since: the page continues
    /// behind the last key delivered.
    package func page(_ kind: ListKind, cursor: String?) throws(InvalidCursor) -> ByteBuffer {
        try contents[kind].page(after: cursor)
    }

    /// The page for clients of a dialect; a cursor means the same in all of them.
    package func page(
        _ kind: ListKind, cursor: String?, dialect: ListDialect
    ) throws(InvalidCursor) -> ByteBuffer {
        try contents.pages(kind, dialect).page(after: cursor)
    }

    /// How long the list may be kept from `now` on: as long as the backend allows that wants it the shortest, and by all
    /// callers only if every backend says so. That lists may differ between callers is not known here.
    package func hints(_ kind: ListKind, at now: ContinuousClock.Instant = .now) -> CacheHints {
        contents.freshness[kind].map { fresh in
            fresh.dropFirst().reduce(fresh[0].remaining(at: now)) { $0.combined(with: $1.remaining(at: now)) }
        } ?? .none
    }

    /// The route of a tool that clients may call.
    package func tool(named name: String) -> ToolRoute? {
        guard let route = contents.tools[ExactText(name)], route.isAdvertised else { return nil }
        return route
    }

    /// The route of a tool that composites may call: hidden tools too, and `backend.original` for any tool with a name.
    ///
    /// An advertised or hidden name goes before the dotted form; of several readings of the dots, the one with the
    /// shortest backend name counts.
    package func routableTool(named name: String) -> ToolRoute? {
        if let route = contents.tools[ExactText(name)] { return route }
        let dots = name.utf8.indices.lazy.filter { name.utf8[$0] == UInt8(ascii: ".") }
        for dot in dots.prefix(Self.maximumDots) {
            let backend = ExactText(String(name[..<dot]))
            let original = ExactText(String(name[name.utf8.index(after: dot)...]))
            if let route = contents.toolsByBackend[backend]?[original] { return route }
        }
        return nil
    }

    package func prompt(named name: String) -> PromptRoute? {
        contents.prompts[ExactText(name)]
    }

    /// The owner of a URI: the backend that lists it, else the one with the best matching template, else the only one
    /// that lists anything with its scheme.
    ///
    /// Of several matching templates the one with the most literal text wins, then the first backend by name.
    package func resource(uri: String) -> ResourceRoute? {
        contents.resources.route(uri: uri)
    }

    /// The owner of a template, by its exact text; completion requests name templates so.
    package func template(_ uriTemplate: String) -> ResourceRoute? {
        contents.resources.route(template: uriTemplate)
    }

    package var counts: CapabilityCounts {
        CapabilityCounts(
            tools: items(.tools).count, resources: items(.resources).count,
            resourceTemplates: items(.resourceTemplates).count, prompts: items(.prompts).count)
    }

    /// The listed names or URIs, in list order.
    package func names(_ kind: ListKind) -> [String] {
        items(kind).map(\.key)
    }

    /// The listed items with their owners, in list order; what a policy filters and a caller adds to.
    package func items(_ kind: ListKind) -> [ListItem] {
        contents[kind].items
    }

    /// The lists that a client would see differently after `old` was replaced by this snapshot.
    package func changedKinds(from old: CapabilitySnapshot) -> Set<ListKind> {
        guard contents !== old.contents else { return [] }
        return Set(
            ListKind.allCases.filter { kind in
                !items(kind).elementsEqual(old.items(kind)) { $0.item == $1.item }
            })
    }

    private static let maximumDots = 32
}

extension CapabilitySnapshot {
    private final class Contents: Sendable {
        let warnings: [AggregationWarning]
        /// Of every backend; a kind is missing where a backend says nothing.
        let freshness: [ListKind: [ListFreshness]]
        /// All tools with a name, hidden ones included.
        let tools: [ExactText: ToolRoute]
        let toolsByBackend: [ExactText: [ExactText: ToolRoute]]
        let prompts: [ExactText: PromptRoute]
        let resources: ResourceRouter
        private let toolPages: ListPages
        private let resourcePages: ListPages
        private let templatePages: ListPages
        private let promptPages: ListPages
        /// The tools in the dialects that somebody has asked for.
        private let spokenTools = Mutex<[ListDialect: ListPages]>([:])

        init(catalogs: [BackendCatalog], settings: AggregationSettings) {
            var log = WarningLog()
            let catalogs = BackendCatalog.ordered(catalogs, log: &log)
            freshness = Self.freshness(of: catalogs)
            let routes = ToolAggregation.routes(catalogs: catalogs, settings: settings, log: &log)
            let promptNames = PromptNaming(settings: settings).assign(catalogs, log: &log)
            let owned = ResourceOwnership(of: .resources, in: catalogs, log: &log)
            let ownedTemplates = ResourceOwnership(of: .resourceTemplates, in: catalogs, log: &log)
            resources = ResourceRouter(resources: owned, templates: ownedTemplates, log: &log)

            tools = Dictionary(
                routes.map { (ExactText($0.advertisedName), $0) }, uniquingKeysWith: { first, _ in first })
            var byBackend: [ExactText: [ExactText: ToolRoute]] = [:]
            for route in routes {
                byBackend[ExactText(route.backend), default: [:]][ExactText(route.originalName)] = route
            }
            toolsByBackend = byBackend
            prompts = Dictionary(
                promptNames.map { (ExactText($0.name), $0.route) }, uniquingKeysWith: { first, _ in first })

            let listed = routes.filter(\.isAdvertised)
                .map { ListItem(key: $0.advertisedName, backend: $0.backend, item: $0.item) }
            let size = settings.pageSize
            toolPages = ListPages(kind: .tools, items: listed, pageSize: size)
            resourcePages = ListPages(kind: .resources, items: owned.items, pageSize: size)
            templatePages = ListPages(kind: .resourceTemplates, items: ownedTemplates.items, pageSize: size)
            promptPages = ListPages(kind: .prompts, items: promptNames.map(\.item), pageSize: size)
            warnings = log.finished()
        }

        /// There are as many dialects as revisions differ, so what is kept is bounded.
        func pages(_ kind: ListKind, _ dialect: ListDialect) -> ListPages {
            guard kind == .tools else { return self[kind] }
            return spokenTools.withLock { spoken in
                if let pages = spoken[dialect] { return pages }
                let pages = toolPages.spoken(in: dialect) ?? toolPages
                spoken[dialect] = pages
                return pages
            }
        }

        private static func freshness(of catalogs: [BackendCatalog]) -> [ListKind: [ListFreshness]] {
            var result: [ListKind: [ListFreshness]] = [:]
            for kind in ListKind.allCases where !catalogs.isEmpty {
                let known = catalogs.compactMap { $0.freshness[kind] }
                if known.count == catalogs.count { result[kind] = known }
            }
            return result
        }

        subscript(kind: ListKind) -> ListPages {
            switch kind {
            case .tools: toolPages
            case .resources: resourcePages
            case .resourceTemplates: templatePages
            case .prompts: promptPages
            }
        }
    }
}
