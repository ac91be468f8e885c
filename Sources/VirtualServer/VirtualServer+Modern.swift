// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Aggregation
import Backends
package import JSONTypes
package import MCPTypes

/// What only Modern clients ask for.
extension VirtualServer {
    /// Every revision that is served here, newest first; all of them at one endpoint.
    package static let servedRevisions = ProtocolRevision.modern + ProtocolRevision.legacy

    /// The result of `server/discover`, from memory: no backend is asked, and none can make it fail
    /// (2026-07-28, Discovery).
    package func discoverResult() async -> JSONSlice {
        await capabilities.settle(within: Self.startGrace)
        var object: JSONObject = [
            "supportedVersions": .array(Self.servedRevisions.map { .string($0.rawValue) }),
            "capabilities": [
                "logging": [:], "completions": [:],
                "prompts": ["listChanged": true],
                "resources": ["subscribe": true, "listChanged": true],
                "tools": ["listChanged": true],
                "extensions": .object([TasksExtension.identifier: [:]]),
            ],
        ]
        if let instructions = capabilities.instructions(limit: Self.maximumInstructions) {
            object["instructions"] = .string(instructions)
        }
        return JSONSlice(.object(object))
    }

    // MARK: Cache hints

    /// How long, and for whom, a list is good: the same for all of its pages (2026-07-28, Caching).
    ///
    /// A list that depends on who asks is nobody else's.
    package func hints(of kind: ListKind, for caller: Caller) async -> CacheHints {
        let hints = await listed(for: caller).hints(kind)
        return hasPersonalLists ? CacheHints(milliseconds: hints.milliseconds, scope: .private) : hints
    }

    /// How long, and for whom, a resource is good: as its backend says, unless that might have looked at who asked.
    package func hints(ofRead result: JSONSlice, for caller: Caller) -> CacheHints {
        let hints = CacheHints(of: result)
        guard hasPersonalLists || !caller.headers.fields.isEmpty else { return hints }
        return CacheHints(milliseconds: hints.milliseconds, scope: .private)
    }

    // MARK: Routes

    /// The tool that `name` leads to, for what must be known of it before it is called.
    package func tool(named name: String, for caller: Caller) async -> ToolRoute? {
        if let route = await routed(for: caller).tool(named: name) { return route }
        await capabilities.settle(within: Self.startGrace)
        return await routed(for: caller).tool(named: name)
    }

    /// The name of the backend that has a resource.
    package func owner(ofResource uri: String, for caller: Caller) async -> String? {
        if let route = await routed(for: caller).resource(uri: uri) { return route.backend }
        if let backend = caller.sessions.backend(ofLink: uri) { return backend }
        await capabilities.settle(within: Self.startGrace)
        return await routed(for: caller).resource(uri: uri)?.backend
    }
}
