// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Testing

@testable import Aggregation

@Suite("Snapshots")
struct SnapshotTests {
    static let catalog = BackendCatalog.of("b", tools: ["t"], resources: ["r:1"], templates: ["r:{x}"], prompts: ["p"])

    @Test("say which lists a client would see changed")
    func changedKinds() {
        let old = CapabilitySnapshot(catalogs: [Self.catalog], settings: .init())
        #expect(old.changedKinds(from: old) == [])
        #expect(
            CapabilitySnapshot(catalogs: [Self.catalog], settings: .init(pageSize: 1)).changedKinds(from: old) == [])
        var other = Self.catalog
        other.tools = [tool("t", #","description":"new""#)]
        #expect(CapabilitySnapshot(catalogs: [other], settings: .init()).changedKinds(from: old) == [.tools])
        other.prompts = []
        other.resources.append(resource("r:2"))
        other.resourceTemplates.append(template("r:2{x}"))
        #expect(
            CapabilitySnapshot(catalogs: [other], settings: .init()).changedKinds(from: old) == Set(ListKind.allCases))
    }

    @Test("a hidden tool that appears changes no list")
    func hiddenChange() {
        let settings = AggregationSettings(workloads: ["b": .init(filter: ["t"])])
        let old = CapabilitySnapshot(catalogs: [Self.catalog], settings: settings)
        var more = Self.catalog
        more.tools.append(tool("hidden"))
        #expect(CapabilitySnapshot(catalogs: [more], settings: settings).changedKinds(from: old) == [])
    }

    @Test("an unnamed lookup finds nothing")
    func nothing() {
        let snapshot = CapabilitySnapshot(catalogs: [Self.catalog], settings: .init())
        for name in ["", ".", "b.", "b_", String(repeating: ".", count: 1000)] {
            #expect(snapshot.tool(named: name) == nil)
            #expect(snapshot.routableTool(named: name) == nil)
            #expect(snapshot.prompt(named: name) == nil)
        }
    }

    static let strategies: [AggregationSettings.Strategy] = [
        .prefix, .manual, .priority(order: []), .priority(order: ["b1", "a_b"]),
        .priority(order: ["a", "a", "b", "c"]),
    ]

    @Test(
        "GB-36: whatever is listed, names are unique and lead back, and order does not matter",
        arguments: 0..<150 as Range<UInt64>)
    func anyCatalogs(_ seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let catalogs = randomCatalogs(using: &random)
        let settings = randomSettings(using: &random)
        let snapshot = CapabilitySnapshot(catalogs: catalogs, settings: settings)
        let shuffled = CapabilitySnapshot(catalogs: catalogs.shuffled(using: &random), settings: settings)
        #expect(shuffled.warnings == snapshot.warnings)
        #expect(shuffled.changedKinds(from: snapshot) == [])
        for kind in ListKind.allCases {
            let pages = try snapshot.pages(kind)
            #expect(try shuffled.pages(kind) == pages)
            let names = pages.flatMap { $0.identities(kind) }
            #expect(names == snapshot.names(kind))
            #expect(names == Set(names).sorted())
        }
        for name in snapshot.names(.tools) {
            let route = try #require(snapshot.tool(named: name))
            #expect(route.advertisedName == name)
            #expect(route.item["name"]?.string == name)
            #expect(route.renamed == (route.originalName != name))
            #expect(name.utf8.count <= max(16, settings.maximumToolNameLength))
            let source = try #require(catalogs.first { $0.backend == route.backend })
            #expect(source.tools.contains { $0["name"] == route.originalNameJSON })
            #expect(shuffled.tool(named: name)?.backend == route.backend)
            #expect(shuffled.tool(named: name)?.originalName == route.originalName)
            if !name.contains(".") {
                #expect(snapshot.routableTool(named: "\(route.backend).\(route.originalName)") != nil)
            }
        }
        for name in snapshot.names(.prompts) {
            let route = try #require(snapshot.prompt(named: name))
            let source = try #require(catalogs.first { $0.backend == route.backend })
            #expect(source.prompts.contains { $0["name"] == route.originalNameJSON })
        }
        for item in snapshot.items(.resources) {
            #expect(snapshot.resource(uri: item.key)?.backend == item.backend)
        }
        for item in snapshot.items(.resourceTemplates) {
            #expect(snapshot.template(item.key)?.backend == item.backend)
        }
    }

    @Test(
        "GB-35 with the prefix strategy a name never moves to another backend's tool of another name",
        arguments: 0..<50 as Range<UInt64>)
    func namesStay(_ seed: UInt64) throws {
        var random = SeededGenerator(state: seed &+ 1_000_000)
        let catalogs = randomCatalogs(using: &random).filter { !$0.backend.contains("_") }
        let all = CapabilitySnapshot(catalogs: catalogs, settings: .init())
        for (index, catalog) in catalogs.enumerated() {
            var fewer = catalogs
            fewer.remove(at: index)
            let rest = CapabilitySnapshot(catalogs: fewer, settings: .init())
            #expect(rest.toolRoutes == all.toolRoutes.filter { !$0.contains("-> \(catalog.backend)/") })
        }
    }

    private func randomCatalogs(using random: inout SeededGenerator) -> [BackendCatalog] {
        ["a", "b", "a_b", "b1", "a.b"].shuffled(using: &random).prefix(Int.random(in: 0...5, using: &random)).map {
            backend in
            func some(_ make: (Int) -> JSONSlice) -> [JSONSlice] {
                (0..<Int.random(in: 0...12, using: &random)).map { _ in make(Int.random(in: 0..<16, using: &random)) }
            }
            let names = ["b_c", "c", "a_b_c", "x", "bad name", "b.c", String(repeating: "l", count: 70)]
            func name(_ index: Int) -> String { index < names.count ? names[index] : "t\(index)" }
            var catalog = BackendCatalog(backend: backend)
            catalog.tools = some { $0 == 15 ? json(#"{"no":1}"#) : tool(name($0)) }
            catalog.prompts = some { prompt(name($0)) }
            catalog.resources = some { resource("s\($0 % 3):\($0)") }
            catalog.resourceTemplates = some { template("s\($0 % 3):{v\($0)}") }
            return catalog
        }
    }

    private func randomSettings(using random: inout SeededGenerator) -> AggregationSettings {
        var settings = AggregationSettings(
            strategy: Self.strategies.randomElement(using: &random) ?? .prefix,
            prefixFormat: ["{workload}_", "{workload}.", "", "s_", "{workload}: "].randomElement(using: &random) ?? "",
            onlyOnConflict: Bool.random(using: &random),
            maximumToolNameLength: [16, 20, 64].randomElement(using: &random) ?? 64,
            pageSize: Int.random(in: 1...8, using: &random))
        for backend in ["a", "a_b"] where Bool.random(using: &random) {
            settings.workloads[backend] = WorkloadToolSettings(
                filter: Bool.random(using: &random) ? [] : ["x", "c", "renamed"],
                overrides: ["c": .init(name: ["renamed", "x", "b_c"].randomElement(using: &random)), "t9": .init()],
                excludeAll: Int.random(in: 0..<8, using: &random) == 0)
        }
        return settings
    }
}

@Suite("Ten thousand tools")
struct LargeSnapshotTests {
    static let catalogs = (0..<20).map { backend in
        BackendCatalog(
            backend: "backend\(backend)",
            tools: (0..<500).map { index in
                tool("tool_\(index)", #","description":"\#(String(repeating: "d", count: 400))""#)
            })
    }

    @Test("D16 are listed once each on ten prepared pages, and quickly")
    func build() throws {
        let catalogs = Self.catalogs
        let clock = ContinuousClock()
        let start = clock.now
        let snapshot = CapabilitySnapshot(catalogs: catalogs, settings: .init())
        let elapsed = clock.now - start
        #if DEBUG
        #expect(elapsed < .seconds(60))
        #else
        #expect(elapsed < .seconds(1))
        #endif
        let pages = try snapshot.pages(.tools)
        #expect(pages.count == 10)
        let names = pages.flatMap { $0.identities(.tools) }
        #expect(names.count == 10_000)
        #expect(Set(names).count == 10_000)
        #expect(snapshot.describe(snapshot.tool(named: "backend7_tool_77")) == "backend7/tool_77")
    }
}
