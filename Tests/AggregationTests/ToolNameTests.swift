// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Aggregation

@Suite("Tool names fit clients")
struct ToolNameTests {
    private func names(_ catalogs: [BackendCatalog], limit: Int) -> [String] {
        CapabilitySnapshot(catalogs: catalogs, settings: .init(maximumToolNameLength: limit)).names(.tools)
    }

    @Test("GB-37 every listed name has 1 to 64 usable characters")
    func charset() {
        let long = (1...100).map { String(repeating: "n", count: $0) }
        let snapshot = CapabilitySnapshot(catalogs: [.of("backend", tools: long)], settings: .init())
        #expect(snapshot.counts.tools == 100)
        for name in snapshot.names(.tools) {
            #expect((1...64).contains(name.utf8.count))
            #expect(name.wholeMatch(of: /[A-Za-z0-9_.\-]{1,64}/) != nil)
        }
        #expect(snapshot.warningKinds == [.shortenedName])
    }

    @Test("a name at the limit stays, one byte more is shortened")
    func boundary() throws {
        let fits = String(repeating: "a", count: 62)
        let names = names([.of("b", tools: [fits, fits + "a"])], limit: 64)
        #expect(names.contains("b_" + fits))
        let shortened = try #require(names.first { $0 != "b_" + fits })
        #expect(shortened.utf8.count == 64)
        #expect(shortened.hasPrefix("b_" + String(repeating: "a", count: 53) + "_"))
    }

    @Test("the hash never changes, so names survive upgrades and differ between machines in nothing")
    func stableHash() {
        #expect(StableHash.suffix(of: "") == Self.knownSuffixes[0])
        #expect(StableHash.suffix(of: "github_create_pull_request") == Self.knownSuffixes[1])
        #expect(ToolName.fitted("github_create_pull_request", limit: 20) == "github_crea_" + Self.knownSuffixes[1])
    }

    static let knownSuffixes = ["57ib6yf2", "wg62skc4"]

    @Test("GB-35 a shortened name does not depend on what else is listed")
    func independent() {
        let long = String(repeating: "a", count: 80)
        let alone = names([.of("b", tools: [long])], limit: 64)
        let among = names([.of("a", tools: [long]), .of("b", tools: [long, long + "x"])], limit: 64)
        #expect(among.contains(alone[0]))
        #expect(Set(among).count == 3)
    }

    @Test("a tool that is really called like a shortened name keeps it")
    func collisionWithShortened() {
        let long = "b_" + String(repeating: "a", count: 80)
        let fitted = ToolName.fitted(long, limit: 64)
        let catalog = BackendCatalog.of("b", tools: [String(long.dropFirst(2)), String(fitted.dropFirst(2))])
        let snapshot = CapabilitySnapshot(catalogs: [catalog], settings: .init())
        #expect(snapshot.toolRoutes == ["\(fitted) -> b/\(fitted.dropFirst(2))"])
        #expect(snapshot.warningKinds == [.nameCollision])
    }

    @Test(
        "0 turns the limit off, and a tiny limit counts as 16",
        arguments: [(0, 82), (1, 16), (15, 16), (16, 16), (40, 40)])
    func limits(_ limit: Int, _ length: Int) {
        #expect(
            names([.of("b", tools: [String(repeating: "a", count: 80)])], limit: limit).map(\.utf8.count) == [length])
    }

    @Test(
        "the limit applies under every strategy",
        arguments: [.manual, .priority(order: ["b"]), .prefix] as [AggregationSettings.Strategy])
    func strategies(_ strategy: AggregationSettings.Strategy) {
        let settings = AggregationSettings(strategy: strategy, maximumToolNameLength: 20)
        let name = String(repeating: "a", count: 30)
        let snapshot = CapabilitySnapshot(catalogs: [.of("b", tools: [name])], settings: settings)
        #expect(snapshot.names(.tools).map(\.utf8.count) == [20])
        #expect(snapshot.routableTool(named: "b.\(name)")?.originalName == name)
    }

    @Test("a slash and a dot are usable")
    func tolerated() {
        #expect(names([.of("b", tools: ["a/b", "a.b", "A-1"])], limit: 64) == ["b_A-1", "b_a.b", "b_a/b"])
    }

    @Test("look-alikes that Unicode calls equal are not found")
    func canonicalEquivalence() {
        let snapshot = CapabilitySnapshot(
            catalogs: [.of("b", tools: ["K"], resources: ["x:\u{E9}"])], settings: .init())
        #expect(snapshot.tool(named: "b_K") != nil)
        #expect("b_\u{212A}" == "b_K", "Swift strings compare so; names must not")
        #expect(snapshot.tool(named: "b_\u{212A}") == nil)
        let settings = AggregationSettings()
        let spellings = BackendCatalog.of("b", resources: ["x:\u{E9}", "x:e\u{301}"])
        #expect(CapabilitySnapshot(catalogs: [spellings], settings: settings).counts.resources == 2)
    }
}
