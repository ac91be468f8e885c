// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Aggregation

@Suite("Resources and templates")
struct ResourceTests {
    @Test("A25, A26, GB-41 the first backend by name owns a URI, whatever the strategy and order")
    func ownership() {
        let catalogs = [
            BackendCatalog.of("wiki", resources: ["a:1", "a:2"], templates: ["a:{x}"]),
            .of("git", resources: ["a:1", "a:0"], templates: ["a:{x}"]),
        ]
        for settings in [
            AggregationSettings(), .init(strategy: .priority(order: ["wiki"])), .init(excludeAllTools: true),
        ] {
            for catalogs in [catalogs, catalogs.reversed()] {
                let snapshot = CapabilitySnapshot(catalogs: catalogs, settings: settings)
                #expect(
                    snapshot.items(.resources).map { "\($0.key) \($0.backend)" } == ["a:0 git", "a:1 git", "a:2 wiki"])
                #expect(snapshot.items(.resourceTemplates).map(\.backend) == ["git"])
                #expect(snapshot.resource(uri: "a:1") == ResourceRoute(backend: "git"))
                #expect(snapshot.resource(uri: "a:2") == ResourceRoute(backend: "wiki"))
                #expect(snapshot.template("a:{x}") == ResourceRoute(backend: "git"))
                #expect(snapshot.template("a:{y}") == nil)
                #expect(snapshot.warnings.map(\.kind) == [.shadowedResource, .shadowedResource])
                #expect(snapshot.warnings.allSatisfy { $0.backend == "wiki" })
            }
        }
    }

    @Test("A20 hiding tools hides no resources")
    func visibility() {
        let settings = AggregationSettings(workloads: ["b": .init(excludeAll: true)], defaultVisibility: .deny)
        let snapshot = CapabilitySnapshot(catalogs: [.of("b", tools: ["t"], resources: ["a:1"])], settings: settings)
        #expect(snapshot.counts == CapabilityCounts(resources: 1))
    }

    struct ReadRow: Sendable, CustomTestStringConvertible {
        let uri: String
        let backend: String?
        let why: String
        var testDescription: String { "\(uri.prefix(40)): \(why)" }
    }

    static let catalogs = [
        BackendCatalog.of(
            "a", resources: ["test://static/text", "shared://one"], templates: ["test://items/{id}", "gone://{"]),
        .of(
            "b", resources: ["shared://two"],
            templates: ["test://items/{id}/data", "test://{+rest}", "only-b://x{/path}"]),
        .of("c", templates: ["test://items/fixed-{id}", "dyn{scheme}://x", "Notes:{n}"]),
        .of("d", resources: ["no-scheme", ":odd", "1bad:x"]),
    ]

    @Test(
        "GB-42, GB-43 a URI is routed by exact text, then template, then scheme",
        arguments: [
            ReadRow(uri: "test://static/text", backend: "a", why: "listed, though a template of b matches"),
            ReadRow(uri: "test://items/7", backend: "a", why: "more literal text than {+rest}"),
            ReadRow(uri: "test://items/fixed-7", backend: "c", why: "more literal text than {id}"),
            ReadRow(uri: "test://items/7/data", backend: "b", why: "{id} does not match across slashes"),
            ReadRow(uri: "test://other/thing", backend: "b", why: "{+rest}"),
            ReadRow(uri: "only-b://unlisted", backend: "b", why: "the only backend with the scheme"),
            ReadRow(uri: "ONLY-B://unlisted", backend: "b", why: "schemes ignore case"),
            ReadRow(uri: "notes:", backend: "c", why: "the scheme of a template, in any case"),
            ReadRow(uri: "gone://x", backend: "a", why: "the scheme of an invalid template"),
            ReadRow(uri: "shared://three", backend: nil, why: "two backends have the scheme"),
            ReadRow(uri: "dyn://other", backend: nil, why: "a template with an expression in its scheme claims none"),
            ReadRow(uri: "unknown://x", backend: nil, why: "nobody has the scheme"),
            ReadRow(uri: "no-scheme", backend: nil, why: "no client could list what is no URI"),
            ReadRow(uri: "no-scheme/x", backend: nil, why: "no scheme, no claim"),
            ReadRow(uri: "1bad:y", backend: nil, why: "a scheme begins with a letter"),
            ReadRow(uri: "", backend: nil, why: "empty"),
            ReadRow(uri: "test://" + String(repeating: "x", count: 9000), backend: nil, why: "too long to be matched"),
        ])
    func read(_ row: ReadRow) {
        for catalogs in [Self.catalogs, Self.catalogs.reversed()] {
            let snapshot = CapabilitySnapshot(catalogs: catalogs, settings: .init())
            #expect(snapshot.resource(uri: row.uri)?.backend == row.backend)
        }
    }

    @Test("ties between templates go to the first backend by name")
    func ties() {
        let catalogs = [BackendCatalog.of("b", templates: ["x:{aa}"]), .of("a", templates: ["x:{bb}"])]
        #expect(CapabilitySnapshot(catalogs: catalogs, settings: .init()).resource(uri: "x:1")?.backend == "a")
    }

    @Test("an invalid template is listed and warned about")
    func invalidTemplate() {
        let snapshot = CapabilitySnapshot(catalogs: [.of("a", templates: ["x:{", "x:{a}"])], settings: .init())
        #expect(snapshot.names(.resourceTemplates) == ["x:{", "x:{a}"])
        #expect(snapshot.warnings.map(\.kind) == [.invalidTemplate])
        #expect(snapshot.template("x:{")?.backend == "a")
    }

    @Test("a backend with costly templates only hides its own")
    func costlyTemplates() {
        let costly = (0..<200).map { "x:{+a}" + String(repeating: "a{+b}", count: 15) + "b\($0){+c}" }
        let catalogs = [BackendCatalog.of("bad", templates: costly), .of("good", templates: ["x:{+rest}"])]
        let snapshot = CapabilitySnapshot(catalogs: catalogs, settings: .init())
        let uri = "x:" + String(repeating: "a", count: 8000)
        #expect(snapshot.resource(uri: uri)?.backend == "good")
    }
}
