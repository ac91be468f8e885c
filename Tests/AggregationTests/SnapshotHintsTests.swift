// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import Testing

@testable import Aggregation

@Suite("How long a merged list may be kept")
struct SnapshotHintsTests {
    private static let now = ContinuousClock.now

    private func catalog(_ name: String, _ milliseconds: Int?, _ scope: CacheHints.Scope = .public) -> BackendCatalog {
        var catalog = BackendCatalog(backend: name)
        if let milliseconds {
            catalog.freshness[.tools] = ListFreshness(
                hints: CacheHints(milliseconds: milliseconds, scope: scope), read: Self.now)
        }
        return catalog
    }

    private func hints(_ catalogs: [BackendCatalog], after age: Duration = .zero) -> CacheHints {
        CapabilitySnapshot(catalogs: catalogs, settings: AggregationSettings()).hints(.tools, at: Self.now + age)
    }

    @Test("GB-49: the shortest time and the narrowest scope of all backends count")
    func combined() {
        #expect(hints([catalog("a", 5000), catalog("b", 3000)]) == CacheHints(milliseconds: 3000, scope: .public))
        #expect(
            hints([catalog("a", 5000, .private), catalog("b", 3000)])
                == CacheHints(milliseconds: 3000, scope: .private))
    }

    @Test("What a backend says nothing of must not be kept, nor what there is nothing of")
    func nothing() {
        #expect(hints([catalog("a", 5000), catalog("b", nil)]) == .none)
        #expect(hints([]) == .none)
        #expect(
            CapabilitySnapshot(catalogs: [catalog("a", 5000)], settings: AggregationSettings()).hints(.prompts)
                == .none)
    }

    @Test("A list that has been here for a while is good for the rest of its time")
    func aged() {
        #expect(hints([catalog("a", 5000)], after: .seconds(2)).milliseconds == 3000)
        #expect(hints([catalog("a", 5000)], after: .seconds(9)).milliseconds == 0)
    }
}
