// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import Aggregation

@Suite("Prompts")
struct PromptTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let catalogs: [BackendCatalog]
        var settings = AggregationSettings()
        let listed: [String]
        var warnings: Set<AggregationWarning.Kind> = []
    }

    static let git = BackendCatalog.of("git", prompts: ["review", "plan"])
    static let wiki = BackendCatalog.of("wiki", prompts: ["review"])

    @Test(
        "are named by the configuration only",
        arguments: [
            Row(
                testDescription: "A27 always prefixed", catalogs: [git, wiki],
                listed: ["git_plan -> git/plan", "git_review -> git/review", "wiki_review -> wiki/review"]),
            Row(
                testDescription: "A27 also under manual", catalogs: [wiki], settings: .init(strategy: .manual),
                listed: ["wiki_review -> wiki/review"]),
            Row(
                testDescription: "A27 also with onlyOnConflict", catalogs: [wiki],
                settings: .init(onlyOnConflict: true),
                listed: ["wiki_review -> wiki/review"]),
            Row(
                testDescription: "A28 priority-listed are bare, others prefixed", catalogs: [git, wiki],
                settings: .init(strategy: .priority(order: ["wiki"])),
                listed: ["git_plan -> git/plan", "git_review -> git/review", "review -> wiki/review"]),
            Row(
                testDescription: "A29 a bare name equals another's prefixed name",
                catalogs: [.of("wiki", prompts: ["git_plan", "x"]), git],
                settings: .init(strategy: .priority(order: ["wiki"])),
                listed: ["git_review -> git/review", "x -> wiki/x"], warnings: [.ambiguousPrompt]),
            Row(
                testDescription: "A29 two prefixed names are equal",
                catalogs: [.of("a", prompts: ["b_c"]), .of("a_b", prompts: ["c", "d"])],
                listed: ["a_b_d -> a_b/d"], warnings: [.ambiguousPrompt]),
            Row(
                testDescription: "A30 all listed: the best rank only", catalogs: [git, wiki],
                settings: .init(strategy: .priority(order: ["wiki", "git"])),
                listed: ["plan -> git/plan", "review -> wiki/review"], warnings: [.outranked]),
            Row(
                testDescription: "A30 a backend listed twice has its first place", catalogs: [git, wiki],
                settings: .init(strategy: .priority(order: ["git", "wiki", "git"])),
                listed: ["plan -> git/plan", "review -> git/review"], warnings: [.outranked]),
            Row(
                testDescription: "A31 custom format", catalogs: [wiki], settings: .init(prefixFormat: "{workload}: "),
                listed: ["wiki: review -> wiki/review"]),
            Row(
                testDescription: "visibility settings concern tools only", catalogs: [wiki],
                settings: .init(
                    workloads: ["wiki": .init(excludeAll: true)], excludeAllTools: true, defaultVisibility: .deny),
                listed: ["wiki_review -> wiki/review"]),
        ])
    func rows(_ row: Row) {
        let snapshot = CapabilitySnapshot(catalogs: row.catalogs, settings: row.settings)
        #expect(snapshot.promptRoutes == row.listed)
        #expect(snapshot.warningKinds == row.warnings)
        let reversed = CapabilitySnapshot(catalogs: row.catalogs.reversed(), settings: row.settings)
        #expect(reversed.promptRoutes == row.listed)
    }

    @Test("only the name changes in a prompt, and the route has the backend's own")
    func lossless() throws {
        let text = #"{"title":"t","arguments":[{"name":"n","title":"x"}],"name":"p","icons":[{"src":"i","x":1.0}]}"#
        let snapshot = CapabilitySnapshot(catalogs: [.init(backend: "b", prompts: [json(text)])], settings: .init())
        #expect(
            String(buffer: try snapshot.page(.prompts, cursor: nil))
                == #"{"prompts":[\#(text.replacing(#""p""#, with: #""b_p""#))]}"#)
        let route = try #require(snapshot.prompt(named: "b_p"))
        #expect(route == PromptRoute(backend: "b", originalName: "p", originalNameJSON: json(#""p""#), renamed: true))
        #expect(snapshot.prompt(named: "p") == nil)
    }
}
