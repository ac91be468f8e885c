// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import JSONTypes
import MCPTypes
import NIOCore

/// Reads everything that a backend lists, page by page.
///
/// A backend is not trusted to end: pages, items and bytes are bounded, and a cursor that comes back ends the reading
/// with an error instead of a loop.
struct CatalogReader {
    typealias Fetch = @Sendable (MCPMethod, JSONSlice?) async throws(BackendError) -> JSONSlice

    private let fetch: Fetch

    init(fetch: @escaping Fetch) { self.fetch = fetch }

    init(session: BackendSession, shard: Shard) {
        fetch = { method, params throws(BackendError) in
            let options = BackendSession.CallOptions(shard: shard, isRepeatable: true, isProbe: true)
            return try await session.call(method, params: params, options: options)
        }
    }

    static let maximumPages = 1000
    static let maximumItems = 100_000
    static let maximumBytes = 256 << 20

    /// Replaces the lists of `kinds` in `catalog`; only what the backend declared is asked for.
    func read(
        _ kinds: Set<CapabilityKind>, of handshake: Handshake, into catalog: inout BackendCatalog
    ) async throws(BackendError) {
        let isModern = handshake.revision.era == .modern
        func note(_ kind: ListKind, _ hints: CacheHints) {
            // Legacy backends say nothing, so their lists are good for the moment only.
            catalog.freshness[kind] = isModern ? ListFreshness(hints: hints, read: .now) : nil
        }
        if kinds.contains(.tools) {
            let reading = handshake.capabilities.tools ? try await list(.toolsList, "tools") : .nothing
            catalog.tools = TaskSupport(of: handshake).items(reading.items)
            note(.tools, reading.hints)
        }
        if kinds.contains(.resources) {
            let has = handshake.capabilities.resources
            let resources = has ? try await list(.resourcesList, "resources") : .nothing
            catalog.resources = resources.items
            note(.resources, resources.hints)
            let templates = has ? try await listTolerantly(.resourceTemplatesList, "resourceTemplates") : .nothing
            catalog.resourceTemplates = templates.items
            note(.resourceTemplates, templates.hints)
        }
        if kinds.contains(.prompts) {
            let reading = handshake.capabilities.prompts ? try await list(.promptsList, "prompts") : .nothing
            catalog.prompts = reading.items
            note(.prompts, reading.hints)
        }
    }

    /// A list, all of its pages.
    struct Reading: Sendable {
        var items: [JSONSlice] = []
        var hints: CacheHints

        /// A list that the backend does not have, nor will have before it says that it has changed.
        static let nothing = Reading(hints: CacheHints(milliseconds: 60_000, scope: .public))
    }

    /// Servers with resources but without templates may not know the method.
    private func listTolerantly(_ method: MCPMethod, _ member: String) async throws(BackendError) -> Reading {
        do throws(BackendError) {
            return try await list(method, member)
        } catch {
            if case .answered(let answer) = error, answer.code == .methodNotFound { return .nothing }
            throw error
        }
    }

    func list(_ method: MCPMethod, _ member: String) async throws(BackendError) -> Reading {
        var items: [JSONSlice] = []
        var hints: CacheHints?
        var seen: Set<String> = []
        var cursor: JSONSlice?
        var bytes = 0
        for _ in 0..<Self.maximumPages {
            let params = cursor.map { JSONSlice(["cursor": .slice($0)]) }
            let result = try await fetch(method, params)
            guard let list = result.member(member), list.kind == .array else {
                throw .invalidResponse("\(method.name) answered without \"\(member)\"")
            }
            bytes += list.bytes.readableBytes
            items.append(contentsOf: list.elements)
            let own = CacheHints(of: result)
            hints = hints?.combined(with: own) ?? own
            guard items.count <= Self.maximumItems, bytes <= Self.maximumBytes else {
                throw .invalidResponse("\(method.name) lists more than the gateway takes")
            }
            // An empty string is a cursor like any other; only an absent one ends the list.
            guard let next = result["nextCursor"], let text = next.string else {
                return Reading(items: items, hints: hints ?? .none)
            }
            guard seen.insert(text).inserted else { throw .invalidResponse("\(method.name) repeats a cursor") }
            cursor = next
        }
        throw .invalidResponse("\(method.name) does not end")
    }
}
