// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import ExampleBackend
import Foundation
import TestSupport
import Testing

/// Every client revision with every backend revision, feature by feature. The handbook's table is what this found.
@Suite struct MatrixTests {
    private static let revisions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]

    private typealias Outcomes = [String: MatrixFeature.Outcome]

    @Test(
        "GB-23, GB-24, GB-26, GB-27, HL-27: each of the 25 pairs of revisions has every feature that the protocol allows"
    )
    func matrix() async throws {
        let outcomes = await withTaskGroup(of: Outcomes.self) { group in
            for backend in Self.revisions { group.addTask { await Self.outcomes(of: backend) } }
            return await group.reduce(into: Outcomes()) { $0.merge($1) { first, _ in first } }
        }
        for (cell, outcome) in outcomes.sorted(by: { $0.key < $1.key }) {
            if case .fails(let reason) = outcome { Issue.record("\(cell): \(reason)") }
        }
        #expect(outcomes.count == 25 * MatrixFeature.all.count)
        try Self.keep(Self.table(outcomes))
    }

    private static func key(_ feature: String, _ client: String, _ backend: String) -> String {
        "\(feature): client \(client), backend \(backend)"
    }

    private static func outcomes(of backend: String) async -> Outcomes {
        var plan = GatewayPlan()
        plan.backends = [
            GatewayPlan.Backend("one") { options in
                options.era = backend >= "2026-07-28" ? .modern : .legacy
                options.pageSize = 3
                if backend < "2026-07-28" { options.faults.newestRevision = Revision(rawValue: backend) }
            },
            // So many tools that they do not fit on one page.
            GatewayPlan.Backend("zz") { options in
                options.era = backend >= "2026-07-28" ? .modern : .legacy
                options.extraTools = 1000
            },
        ]
        plan.sections = "parking:\n  roots: true"
        do {
            return try await RunningGateway.run(plan) { gateway in
                var outcomes = Outcomes()
                for client in revisions {
                    for feature in MatrixFeature.all {
                        let cell = MatrixFeature.Cell(gateway: gateway, client: client, backend: backend)
                        outcomes[key(feature.name, client, backend)] = await outcome(of: feature, in: cell)
                    }
                }
                return outcomes
            }
        } catch {
            return [key("start", "any", backend): .fails("\(error)")]
        }
    }

    private static func outcome(of feature: MatrixFeature, in cell: MatrixFeature.Cell) async -> MatrixFeature.Outcome {
        if let reason = feature.impossible(cell.client, cell.backend) { return .impossible(reason) }
        do {
            try await feature.check(cell)
            return .works
        } catch {
            return .fails("\(error)")
        }
    }

    // MARK: The table

    private static func table(_ outcomes: Outcomes) -> String {
        var reasons: [String] = []
        var rows: [String] = []
        for feature in MatrixFeature.all {
            var row = "| \(feature.name) |"
            for client in revisions {
                var marks = ""
                for backend in revisions {
                    switch outcomes[key(feature.name, client, backend)] {
                    case .works?: marks += "✓"
                    case .impossible(let reason)?:
                        marks += "–"
                        let text = "\(feature.name): \(reason)."
                        if !reasons.contains(text) { reasons.append(text) }
                    case .fails?, nil: marks += "✗"
                    }
                }
                row += " \(marks) |"
            }
            rows.append(row)
        }
        let head = "| Feature | " + revisions.joined(separator: " | ") + " |"
        let rule = "|---" + String(repeating: "|---", count: revisions.count) + "|"
        return ([head, rule] + rows + [""] + reasons.map { "- \($0)" }).joined(separator: "\n")
    }

    private static let begin = "<!-- The table is written by MatrixTests. -->"
    private static let end = "<!-- End of the table. -->"

    /// Compares the handbook's table with what was found, or writes it when `VMCP_WRITE_MATRIX` is set.
    private static func keep(_ table: String) throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Sources/vmcp/Documentation.docc/Revisions.md").standardizedFileURL
        let text = try String(contentsOf: page, encoding: .utf8)
        let start = try text.range(of: begin).orThrow("the table's begin in \(page.lastPathComponent)").upperBound
        let stop = try text.range(of: end).orThrow("the table's end in \(page.lastPathComponent)").lowerBound
        let current = "\n\n\(table)\n\n"
        if ProcessInfo.processInfo.environment["VMCP_WRITE_MATRIX"] != nil {
            try text.replacingCharacters(in: start..<stop, with: current).write(
                to: page, atomically: true, encoding: .utf8)
        } else {
            #expect(
                text[start..<stop] == current,
                "the handbook's table is not current: run the test with VMCP_WRITE_MATRIX=1")
        }
    }
}
