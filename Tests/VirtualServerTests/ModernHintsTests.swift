// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import Backends
import JSONTypes
import MCPTypes
import TestSupport
import Testing

@testable import VirtualServer

@Suite struct ModernHintsTests {
    @Test("4.10: a Legacy backend's lists are good for the moment and for whoever asked")
    func legacy() async throws {
        let backend = try await ScriptedBackend.start()
        try await ServerHarness.run(["one": backend.url]) { harness in
            for kind in ListKind.allCases {
                #expect(await harness.server.hints(of: kind, for: harness.client().caller) == .none)
            }
        }
        await backend.stop()
    }

    @Test("GB-50: what may depend on who asks is nobody else's, whatever the backend says of it")
    func personal() async throws {
        let backend = try await ScriptedBackend.start()
        let result = JSONSlice(["contents": [], "ttlMs": 500, "cacheScope": "public"])
        try await ServerHarness.run(["one": backend.url]) { harness in
            let plain = harness.client().caller
            #expect(harness.server.hints(ofRead: result, for: plain) == CacheHints(milliseconds: 500, scope: .public))
            let forwarding = harness.client(headers: [("x-tenant", "a")]).caller
            #expect(
                harness.server.hints(ofRead: result, for: forwarding) == CacheHints(milliseconds: 500, scope: .private))
        }
        try await ServerHarness.run(["one": backend.url], personal: ["one"]) { harness in
            let caller = harness.client().caller
            #expect(harness.server.hints(ofRead: result, for: caller) == CacheHints(milliseconds: 500, scope: .private))
            #expect(await harness.server.hints(of: .tools, for: caller).scope == .private)
        }
        await backend.stop()
    }
}
