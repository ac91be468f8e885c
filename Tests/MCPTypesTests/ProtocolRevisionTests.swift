// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import Testing

@Suite struct ProtocolRevisionTests {
    @Test(
        "Each revision has its era and its rules",
        arguments: [
            ("2024-11-05", ProtocolRevision.Era.legacy, false, false, false),
            ("2025-03-26", .legacy, true, false, false),
            ("2025-06-18", .legacy, false, true, false),
            ("2025-11-25", .legacy, false, true, true),
            ("2026-07-28", .modern, false, true, false),
        ])
    func rules(_ date: String, _ era: ProtocolRevision.Era, _ batches: Bool, _ header: Bool, _ priming: Bool) throws {
        let revision = try #require(ProtocolRevision(rawValue: date))
        #expect(revision.era == era)
        #expect(revision.allowsBatches == batches)
        #expect(revision.hasVersionHeader == header)
        #expect(revision.hasPrimingEvent == priming)
    }

    @Test("Dates that are no revision are none", arguments: ["", "1999-01-01", "2025-11-26", "draft", "2025-11-25 "])
    func unknown(_ date: String) {
        #expect(ProtocolRevision(rawValue: date) == nil)
    }

    @Test("Revisions order by date, and the newest Legacy one is offered")
    func order() {
        #expect(ProtocolRevision.allCases == ProtocolRevision.allCases.sorted())
        #expect(ProtocolRevision.legacy.map(\.rawValue) == ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"])
        #expect(ProtocolRevision.latestLegacy == ProtocolRevision.legacy.first)
    }
}
