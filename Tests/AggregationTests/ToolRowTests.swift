// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Testing

@testable import Aggregation

/// One row of the aggregation table of the behaviour reference, section 11.1.
struct ToolRow: Sendable, CustomTestStringConvertible {
    let id: String
    let catalogs: [BackendCatalog]
    let settings: AggregationSettings
    /// `name -> backend/original`, in list order.
    let listed: [String]
    /// Names that only composites reach, as `name -> backend/original`.
    var hidden: [String] = []
    var absent: [String] = []
    var warnings: Set<AggregationWarning.Kind> = []

    var testDescription: String { id }
}

/// Prompts, resources, x-mcp-header and lossless items (A15, A16, A25–A31, A47–A50) have suites of their own.
///
/// Rows that are not about aggregation and are proven elsewhere: A10 (configuration), A33 (every backend fails), A35
/// and A36 (pagination of a backend), A37–A40 (health filter and parallel queries), A41–A45 (cache), A52 and A53
/// (registry). A4 is proven as far as it reaches here: the route carries the backend's own name.
@Suite("Rows of the aggregation table: tools")
struct ToolRowTests {
    static let git = BackendCatalog.of("git", tools: ["search", "commit"])
    static let wiki = BackendCatalog.of("wiki", tools: ["search", "edit"])
    static let both = [git, wiki]

    static func workloads(_ git: WorkloadToolSettings, _ wiki: WorkloadToolSettings? = nil) -> [String:
        WorkloadToolSettings]
    {
        var result = ["git": git]
        result["wiki"] = wiki
        return result
    }

    static func renaming(_ names: [String: String]) -> WorkloadToolSettings {
        WorkloadToolSettings(overrides: names.mapValues { ToolOverride(name: $0) })
    }

    static let prefixRows = [
        ToolRow(
            id: "A1 prefix, two backends with the same tool", catalogs: both, settings: .init(),
            listed: [
                "git_commit -> git/commit", "git_search -> git/search", "wiki_edit -> wiki/edit",
                "wiki_search -> wiki/search",
            ],
            absent: ["search", "commit", "edit"]),
        ToolRow(
            id: "A2 prefix, single backend", catalogs: [git], settings: .init(),
            listed: ["git_commit -> git/commit", "git_search -> git/search"]),
        ToolRow(
            id: "A3 format with a dot", catalogs: [git], settings: .init(prefixFormat: "{workload}."),
            listed: ["git.commit -> git/commit", "git.search -> git/search"]),
        ToolRow(
            id: "A3 format without a separator", catalogs: [git], settings: .init(prefixFormat: "{workload}"),
            listed: ["gitcommit -> git/commit", "gitsearch -> git/search"]),
        ToolRow(
            id: "A3 static format", catalogs: [git], settings: .init(prefixFormat: "team_"),
            listed: ["team_commit -> git/commit", "team_search -> git/search"]),
        ToolRow(
            id: "A3 format that repeats the placeholder", catalogs: [git],
            settings: .init(prefixFormat: "{workload}-{workload}-"),
            listed: ["git-git-commit -> git/commit", "git-git-search -> git/search"]),
        ToolRow(
            id: "GB-38 empty format", catalogs: [git], settings: .init(prefixFormat: ""),
            listed: ["commit -> git/commit", "search -> git/search"]),
        ToolRow(
            id: "A3 format with characters that names cannot have", catalogs: [git],
            settings: .init(prefixFormat: "{workload}: é"),
            listed: ["git___commit -> git/commit", "git___search -> git/search"], warnings: [.adjustedPrefix]),
        ToolRow(
            id: "A5, GB-36 composed names collide",
            catalogs: [.of("a_b", tools: ["c"]), .of("a", tools: ["b_c", "z"])], settings: .init(),
            listed: ["a_b_c -> a/b_c", "a_z -> a/z"], warnings: [.nameCollision]),
        ToolRow(
            id: "12.2.12 onlyOnConflict", catalogs: both, settings: .init(onlyOnConflict: true),
            listed: [
                "commit -> git/commit", "edit -> wiki/edit", "git_search -> git/search", "wiki_search -> wiki/search",
            ],
            absent: ["search"]),
        ToolRow(
            id: "12.2.12 onlyOnConflict, a bare name does not take a prefixed one",
            catalogs: both + [.of("aaa", tools: ["wiki_search"])], settings: .init(onlyOnConflict: true),
            listed: [
                "commit -> git/commit", "edit -> wiki/edit", "git_search -> git/search", "wiki_search -> wiki/search",
            ],
            warnings: [.nameCollision]),
        ToolRow(
            id: "A32, GB-35 a backend is away, the other's names stay", catalogs: [wiki], settings: .init(),
            listed: ["wiki_edit -> wiki/edit", "wiki_search -> wiki/search"]),
        ToolRow(
            id: "A54, A46 discovery order shuffled", catalogs: [wiki, git], settings: .init(),
            listed: [
                "git_commit -> git/commit", "git_search -> git/search", "wiki_edit -> wiki/edit",
                "wiki_search -> wiki/search",
            ]),
        ToolRow(id: "A34 no backends", catalogs: [], settings: .init(), listed: []),
    ]

    static let priorityRows = [
        ToolRow(
            id: "A6 the first listed wins", catalogs: both,
            settings: .init(strategy: .priority(order: ["wiki", "git"])),
            listed: ["commit -> git/commit", "edit -> wiki/edit", "search -> wiki/search"],
            absent: ["git_search"], warnings: [.outranked]),
        ToolRow(
            id: "A7 listed beats unlisted", catalogs: both, settings: .init(strategy: .priority(order: ["wiki"])),
            listed: ["commit -> git/commit", "edit -> wiki/edit", "search -> wiki/search"], warnings: [.outranked]),
        ToolRow(
            id: "A8 both unlisted", catalogs: both, settings: .init(strategy: .priority(order: ["other"])),
            listed: [
                "commit -> git/commit", "edit -> wiki/edit", "git_search -> git/search", "wiki_search -> wiki/search",
            ],
            absent: ["search"]),
        ToolRow(
            id: "12.2.13 both unlisted, configured format", catalogs: both,
            settings: .init(strategy: .priority(order: ["other"]), prefixFormat: "{workload}."),
            listed: [
                "commit -> git/commit", "edit -> wiki/edit", "git.search -> git/search", "wiki.search -> wiki/search",
            ]),
        ToolRow(
            id: "A8 both unlisted, and an unlisted backend has a tool of the prefixed name",
            catalogs: both + [.of("aaa", tools: ["git_search"])],
            settings: .init(strategy: .priority(order: ["other"])),
            listed: [
                "commit -> git/commit", "edit -> wiki/edit", "git_search -> git/search", "wiki_search -> wiki/search",
            ],
            warnings: [.nameCollision]),
        ToolRow(
            id: "A8 both unlisted, and a listed backend has a tool of the prefixed name",
            catalogs: both + [.of("other", tools: ["git_search"])],
            settings: .init(strategy: .priority(order: ["other"])),
            listed: [
                "commit -> git/commit", "edit -> wiki/edit", "git_search -> other/git_search",
                "wiki_search -> wiki/search",
            ],
            warnings: [.nameCollision]),
        ToolRow(
            id: "A9 a unique tool of an unlisted backend", catalogs: [git],
            settings: .init(strategy: .priority(order: ["wiki"])),
            listed: ["commit -> git/commit", "search -> git/search"]),
        ToolRow(
            id: "1.6 a backend listed twice has its first place", catalogs: both,
            settings: .init(strategy: .priority(order: ["git", "wiki", "git"])),
            listed: ["commit -> git/commit", "edit -> wiki/edit", "search -> git/search"], warnings: [.outranked]),
    ]

    static let manualRows = [
        ToolRow(
            id: "A11, 12.2.9 an unresolved conflict costs only that name", catalogs: both,
            settings: .init(strategy: .manual),
            listed: ["commit -> git/commit", "edit -> wiki/edit"], absent: ["search", "git_search", "git.search"],
            warnings: [.unresolvedConflict]),
        ToolRow(
            id: "A12 all overridden", catalogs: both,
            settings: .init(
                strategy: .manual, workloads: workloads(renaming(["search": "find"]), renaming(["search": "lookup"]))),
            listed: ["commit -> git/commit", "edit -> wiki/edit", "find -> git/search", "lookup -> wiki/search"],
            absent: ["search"]),
        ToolRow(
            id: "A13 collision after override", catalogs: both,
            settings: .init(
                strategy: .manual, workloads: workloads(renaming(["search": "find"]), renaming(["edit": "find"]))),
            listed: ["commit -> git/commit", "search -> wiki/search"], warnings: [.unresolvedConflict]),
        ToolRow(
            id: "A13 two description-only overrides leave the conflict", catalogs: both,
            settings: .init(
                strategy: .manual,
                workloads: workloads(
                    .init(overrides: ["search": .init(description: "a")]),
                    .init(overrides: ["search": .init(description: "b")]))),
            listed: ["commit -> git/commit", "edit -> wiki/edit"], warnings: [.unresolvedConflict]),
    ]

    static let visibilityRows = [
        ToolRow(
            id: "A18, A23 filter", catalogs: both, settings: .init(workloads: workloads(.init(filter: ["search"]))),
            listed: ["git_search -> git/search", "wiki_edit -> wiki/edit", "wiki_search -> wiki/search"],
            hidden: ["git_commit -> git/commit", "git.commit -> git/commit"]),
        ToolRow(
            id: "A19 filter by overridden name", catalogs: [git],
            settings: .init(
                workloads: workloads(.init(filter: ["find"], overrides: ["search": .init(name: "find")]))),
            listed: ["git_find -> git/search"], hidden: ["git_commit -> git/commit"]),
        ToolRow(
            id: "A19, 12.2.11 filter by original name, which is accepted here", catalogs: [git],
            settings: .init(
                workloads: workloads(.init(filter: ["search"], overrides: ["search": .init(name: "find")]))),
            listed: ["git_find -> git/search"]),
        ToolRow(
            id: "12.2.11 an entry that is an overridden name selects no other tool", catalogs: [git],
            settings: .init(
                workloads: workloads(
                    .init(
                        filter: ["commit"], overrides: ["search": .init(name: "commit"), "commit": .init(name: "save")])
                )),
            listed: ["git_commit -> git/search"], hidden: ["git_save -> git/commit"]),
        ToolRow(
            id: "A18 filter entry without a tool", catalogs: [git],
            settings: .init(workloads: workloads(.init(filter: ["search", "serach"]))),
            listed: ["git_search -> git/search"], warnings: [.unknownTool]),
        ToolRow(
            id: "A20 excludeAll on one workload", catalogs: both,
            settings: .init(workloads: workloads(.init(excludeAll: true))),
            listed: ["wiki_edit -> wiki/edit", "wiki_search -> wiki/search"], hidden: ["git_search -> git/search"]),
        ToolRow(
            id: "A21 excludeAllTools", catalogs: both, settings: .init(excludeAllTools: true), listed: [],
            hidden: [
                "git_commit -> git/commit", "git_search -> git/search", "wiki_edit -> wiki/edit",
                "wiki_search -> wiki/search",
            ]),
        ToolRow(
            id: "A22 deny by default", catalogs: both,
            settings: .init(workloads: workloads(.init()), defaultVisibility: .deny),
            listed: ["git_commit -> git/commit", "git_search -> git/search"], hidden: ["wiki_edit -> wiki/edit"]),
        ToolRow(
            id: "A24 entry for an unknown workload", catalogs: [git],
            settings: .init(workloads: ["gti": .init(filter: ["search"])]),
            listed: ["git_commit -> git/commit", "git_search -> git/search"], warnings: [.unknownWorkload]),
        ToolRow(
            id: "A55 a backend that lists tools only",
            catalogs: [.of("git", tools: ["x"]), .of("w", resources: ["a://b"])],
            settings: .init(), listed: ["git_x -> git/x"]),
    ]

    static let overrideRows = [
        ToolRow(
            id: "A14 rename", catalogs: [git], settings: .init(workloads: workloads(renaming(["search": "find"]))),
            listed: ["git_commit -> git/commit", "git_find -> git/search"], absent: ["git_search", "search"]),
        ToolRow(
            id: "A17, 12.2.10 an empty override costs nothing else", catalogs: [git],
            settings: .init(
                workloads: workloads(.init(overrides: ["search": .init(), "commit": .init(name: "save")]))),
            listed: ["git_save -> git/commit", "git_search -> git/search"], warnings: [.rejectedOverride]),
        ToolRow(
            id: "A17, 12.2.10 an empty tool name", catalogs: [git],
            settings: .init(
                workloads: workloads(.init(overrides: ["": .init(name: "x"), "commit": .init(name: "save")]))),
            listed: ["git_save -> git/commit", "git_search -> git/search"], warnings: [.rejectedOverride]),
        ToolRow(
            id: "A17, 12.2.10 an unusable new name", catalogs: [git],
            settings: .init(workloads: workloads(renaming(["search": "fi nd", "commit": "save"]))),
            listed: ["git_save -> git/commit", "git_search -> git/search"], warnings: [.rejectedOverride]),
        ToolRow(
            id: "1.5 two overrides to one name: the first tool by name has it", catalogs: [git],
            settings: .init(workloads: workloads(renaming(["search": "x", "commit": "x"]))),
            listed: ["git_search -> git/search", "git_x -> git/commit"], warnings: [.rejectedOverride]),
        ToolRow(
            id: "1.5 an override to a sibling's own name", catalogs: [git],
            settings: .init(workloads: workloads(renaming(["commit": "search"]))),
            listed: ["git_commit -> git/commit", "git_search -> git/search"], warnings: [.rejectedOverride]),
        ToolRow(
            id: "1.5 overrides may swap names", catalogs: [git],
            settings: .init(workloads: workloads(renaming(["commit": "search", "search": "commit"]))),
            listed: ["git_commit -> git/search", "git_search -> git/commit"]),
        ToolRow(
            id: "1.5 taking back one override can take back the next", catalogs: [.of("git", tools: ["a", "b", "c"])],
            settings: .init(workloads: workloads(renaming(["a": "c", "b": "a"]))),
            listed: ["git_a -> git/a", "git_b -> git/b", "git_c -> git/c"], warnings: [.rejectedOverride]),
        ToolRow(
            id: "1.5 an override for a tool that is not there", catalogs: [git],
            settings: .init(workloads: workloads(renaming(["serach": "find"]))),
            listed: ["git_commit -> git/commit", "git_search -> git/search"], warnings: [.unknownTool]),
        ToolRow(
            id: "1.5 an override gives an unusable name a usable one", catalogs: [.of("git", tools: ["zoek 🔎"])],
            settings: .init(workloads: workloads(renaming(["zoek 🔎": "zoek"]))), listed: ["git_zoek -> git/zoek 🔎"]),
    ]

    @Test(
        "lists and routes tools as the row says, GB-38 (no prefix) among them",
        arguments: prefixRows + priorityRows + manualRows + visibilityRows + overrideRows)
    func row(_ row: ToolRow) {
        let snapshot = CapabilitySnapshot(catalogs: row.catalogs, settings: row.settings)
        #expect(snapshot.toolRoutes == row.listed)
        for entry in row.hidden {
            let name = String(entry.prefix { $0 != " " })
            #expect(snapshot.tool(named: name) == nil, "\(name) is for composites only")
            #expect("\(name) -> \(snapshot.describe(snapshot.routableTool(named: name)))" == entry)
        }
        for name in row.absent {
            #expect(snapshot.tool(named: name) == nil)
        }
        #expect(snapshot.warningKinds == row.warnings)

        let shuffled = CapabilitySnapshot(catalogs: row.catalogs.reversed(), settings: row.settings)
        #expect(shuffled.toolRoutes == row.listed)
        #expect(shuffled.warnings == snapshot.warnings)
    }

    @Test("A23 a dropped claimant is not reachable by its dotted name either, and the winner is")
    func dottedLosers() {
        let settings = AggregationSettings(strategy: .priority(order: ["wiki"]))
        let snapshot = CapabilitySnapshot(catalogs: Self.both, settings: settings)
        #expect(snapshot.routableTool(named: "git.search") == nil)
        #expect(snapshot.routableTool(named: "wiki.search")?.advertisedName == "search")
    }

    @Test("2.4 the dotted form reads dots in backend and tool names, shortest backend first")
    func dottedForm() {
        let catalogs = [BackendCatalog.of("a", tools: ["b.c"]), .of("a.b", tools: ["c", "d"])]
        let snapshot = CapabilitySnapshot(catalogs: catalogs, settings: .init())
        #expect(snapshot.describe(snapshot.routableTool(named: "a.b.c")) == "a/b.c")
        #expect(snapshot.describe(snapshot.routableTool(named: "a.b.d")) == "a.b/d")
        #expect(snapshot.routableTool(named: "a.d") == nil)
        #expect(snapshot.routableTool(named: ".c") == nil)
        #expect(snapshot.tool(named: "a.b.d") == nil, "only composites may use the dotted form")
    }

    @Test("A51 every listed item knows its backend")
    func owners() {
        let snapshot = CapabilitySnapshot(catalogs: Self.both, settings: .init())
        #expect(snapshot.items(.tools).map(\.backend) == ["git", "git", "wiki", "wiki"])
        #expect(snapshot.counts == CapabilityCounts(tools: 4))
    }
}
