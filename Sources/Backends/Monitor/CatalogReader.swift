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
    let session: BackendSession
    let shard: Shard

    static let maximumPages = 1000
    static let maximumItems = 100_000
    static let maximumBytes = 256 << 20

    /// Replaces the lists of `kinds` in `catalog`; only what the backend declared is asked for.
    func read(
        _ kinds: Set<CapabilityKind>, of handshake: Handshake, into catalog: inout BackendCatalog
    ) async throws(BackendError) {
        if kinds.contains(.tools) {
            catalog.tools = handshake.capabilities.tools ? try await list(.toolsList, "tools") : []
        }
        if kinds.contains(.resources) {
            let has = handshake.capabilities.resources
            catalog.resources = has ? try await list(.resourcesList, "resources") : []
            catalog.resourceTemplates = has ? try await listTolerantly(.resourceTemplatesList, "resourceTemplates") : []
        }
        if kinds.contains(.prompts) {
            catalog.prompts = handshake.capabilities.prompts ? try await list(.promptsList, "prompts") : []
        }
    }

    /// Servers with resources but without templates may not know the method.
    private func listTolerantly(_ method: MCPMethod, _ member: String) async throws(BackendError) -> [JSONSlice] {
        do throws(BackendError) {
            return try await list(method, member)
        } catch {
            if case .answered(let answer) = error, answer.code == .methodNotFound { return [] }
            throw error
        }
    }

    private func list(_ method: MCPMethod, _ member: String) async throws(BackendError) -> [JSONSlice] {
        var items: [JSONSlice] = []
        var seen: Set<String> = []
        var cursor: JSONSlice?
        var bytes = 0
        for _ in 0..<Self.maximumPages {
            let params = cursor.map { JSONSlice(["cursor": .slice($0)]) }
            let options = BackendSession.CallOptions(shard: shard, isRepeatable: true, isProbe: true)
            let result = try await session.call(method, params: params, options: options)
            guard let list = result.member(member), list.kind == .array else {
                throw .invalidResponse("\(method.name) answered without \"\(member)\"")
            }
            bytes += list.bytes.readableBytes
            items.append(contentsOf: list.elements)
            guard items.count <= Self.maximumItems, bytes <= Self.maximumBytes else {
                throw .invalidResponse("\(method.name) lists more than the gateway takes")
            }
            // An empty string is a cursor like any other; only an absent one ends the list.
            guard let next = result["nextCursor"], let text = next.string else { return items }
            guard seen.insert(text).inserted else { throw .invalidResponse("\(method.name) repeats a cursor") }
            cursor = next
        }
        throw .invalidResponse("\(method.name) does not end")
    }
}
