// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Aggregation

/// Appendix A of the behaviour reference: `git` (search, commit) and `wiki` (search, edit) under each strategy.
@Suite("The resolution matrix")
struct ResolutionMatrixTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let settings: AggregationSettings
        let advertised: [String]
        var searchOwner: String?
        var routable = 4
    }

    static let rows = [
        Row(
            testDescription: "prefix default", settings: .init(),
            advertised: ["git_commit", "git_search", "wiki_edit", "wiki_search"]),
        Row(
            testDescription: "prefix {workload}.", settings: .init(prefixFormat: "{workload}."),
            advertised: ["git.commit", "git.search", "wiki.edit", "wiki.search"]),
        Row(
            testDescription: "priority [wiki]", settings: .init(strategy: .priority(order: ["wiki"])),
            advertised: ["commit", "edit", "search"], searchOwner: "wiki", routable: 3),
        Row(
            testDescription: "priority [git, wiki]", settings: .init(strategy: .priority(order: ["git", "wiki"])),
            advertised: ["commit", "edit", "search"], searchOwner: "git", routable: 3),
        Row(
            testDescription: "priority [other]", settings: .init(strategy: .priority(order: ["other"])),
            advertised: ["commit", "edit", "git_search", "wiki_search"]),
        Row(
            testDescription: "manual, only git.search overridden",
            settings: .init(
                strategy: .manual, workloads: ["git": .init(overrides: ["search": .init(name: "git_find")])]),
            advertised: ["commit", "edit", "git_find", "search"], searchOwner: "wiki"),
        Row(
            testDescription: "manual, no overrides (the reference fails; here the name is dropped)",
            settings: .init(strategy: .manual), advertised: ["commit", "edit"], routable: 2),
        Row(
            testDescription: "prefix with a filter", settings: .init(workloads: ["git": .init(filter: ["search"])]),
            advertised: ["git_search", "wiki_edit", "wiki_search"]),
        Row(testDescription: "prefix and excludeAllTools", settings: .init(excludeAllTools: true), advertised: []),
        Row(
            testDescription: "priority [git], deny by default, tools for git",
            settings: .init(
                strategy: .priority(order: ["git"]), workloads: ["git": .init()], defaultVisibility: .deny),
            advertised: ["commit", "search"], searchOwner: "git", routable: 3),
    ]

    @Test("each strategy advertises what the matrix says", arguments: rows)
    func matrix(_ row: Row) {
        let snapshot = CapabilitySnapshot(catalogs: [ToolRowTests.git, ToolRowTests.wiki], settings: row.settings)
        #expect(snapshot.names(.tools) == row.advertised)
        #expect(snapshot.tool(named: "search")?.backend == row.searchOwner)
        let all = ["git.search", "git.commit", "wiki.search", "wiki.edit"]
        #expect(all.count { snapshot.routableTool(named: $0) != nil } == row.routable)
    }
}
