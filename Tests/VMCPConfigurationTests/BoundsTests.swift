// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VMCPConfiguration

struct BoundsTests {
    /// `levels` anchors, each a list of nine aliases of the one before.
    private static func bomb(_ levels: Int) -> String {
        var lines = ["a0: &a0 [x]"]
        for level in 1...levels {
            let items = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            lines.append("a\(level): &a\(level) [\(items)]")
        }
        return lines.map { "  \($0)" }.joined(separator: "\n")
    }

    @Test("An alias bomb is refused where it gets too large, without being walked")
    func aliasBomb() throws {
        let clock = ContinuousClock()
        var outcome: LoadOutcome?
        let time = clock.measure {
            outcome = LoadOutcome(ConfigurationText.with(["authServer": "authServer:\n" + Self.bomb(30)]))
        }
        #expect(outcome?.errors == [": the aliases of this file stand for more than 100000 nodes; write less by alias"])
        #expect(outcome?.problems.first?.position?.line ?? 0 > 16)
        #expect(time < .seconds(5))
    }

    @Test("An alias bomb as a key is refused as well")
    func aliasBombKey() {
        let outcome = LoadOutcome(
            ConfigurationText.with(["authServer": "authServer:\n" + Self.bomb(4) + "\n  ? *a4\n  : x"]))
        #expect(outcome.errors.contains("authServer: a list or a map cannot be a key; write a name"))
    }

    @Test("A merge bomb is refused")
    func mergeBomb() {
        var lines = ["  a0: &a0 {k: v}"]
        for level in 1...30 {
            let sources = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            lines.append("  a\(level): &a\(level) {<<: [\(sources)]}")
        }
        let outcome = LoadOutcome(
            ConfigurationText.with(["authServer": "authServer:\n" + lines.joined(separator: "\n")]))
        #expect(outcome.errors.first?.contains("stand for more than 100000 nodes") == true)
    }

    @Test("Aliases in reason are fine")
    func fewAliases() {
        let arguments = Self.bomb(3).split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
        let tool = "compositeTools:\n- name: t\n  description: d\n  steps:\n  - id: a\n    tool: t\n    arguments:\n"
        let outcome = LoadOutcome(ConfigurationText.with(["compositeTools": tool + arguments]))
        #expect(outcome.errors == [])
    }

    @Test("Long lists of the authorization server are compared in good time")
    func longLists() {
        let supported = (0..<4000).map { "scope\($0)" }.joined(separator: ", ")
        let baseline = (0..<4000).map { "other\($0)" }.joined(separator: ", ")
        let text = AuthServerText.with([
            "scopes_supported": "scopes_supported: [\(supported)]",
            "baseline_client_scopes": "baseline_client_scopes: [\(baseline)]",
        ])
        var outcome: LoadOutcome?
        let time = ContinuousClock().measure {
            outcome = LoadOutcome(AuthServerText.inline(text), environment: AuthServerText.environment)
        }
        #expect(outcome?.problems.count == 500)
        #expect(outcome?.description.hasSuffix("… and 3500 more errors") == true)
        #expect(time < .seconds(20))
    }

    @Test("Nesting ends at a hundred levels, however it is written", arguments: ["[", "{a: ", "- ", "? "])
    func depth(opening: String) {
        let text = String(repeating: opening, count: 100_000)
        let outcome = LoadOutcome(text)
        #expect(outcome.problems.count >= 1)
        #expect(outcome.errors.last?.contains("nested deeper than ") == true, "\(outcome.description)")
    }

    @Test("Aliases cannot nest deeper than the text")
    func aliasDepth() {
        var lines = ["  a0: &a0 [x]"]
        for level in 1...120 { lines.append("  a\(level): &a\(level) [*a\(level - 1)]") }
        let outcome = LoadOutcome(
            ConfigurationText.with(["authServer": "authServer:\n" + lines.joined(separator: "\n")]))
        #expect(outcome.errors.last?.contains("nested deeper than 100 levels") == true, "\(outcome.description)")
    }

    @Test("A text above one mebibyte is refused, one of that size is read")
    func size() {
        let base = ConfigurationText.with()
        let fitting =
            base + "#" + String(repeating: "x", count: ConfigurationLoader.maximumFileSize - base.utf8.count - 1)
        #expect(LoadOutcome(fitting).errors == [])
        let outcome = LoadOutcome(fitting + "x")
        #expect(
            outcome.description
                == "vmcp.yaml: is larger than 1048576 bytes; a configuration has no use for that much")
    }

    @Test("A large file of tiny nodes is read in reasonable time")
    func manyNodes() {
        let list = "[" + String(repeating: "a,", count: 100_000) + "]"
        let clock = ContinuousClock()
        let time = clock.measure {
            #expect(
                LoadOutcome(ConfigurationText.with(["passthroughHeaders": "passthroughHeaders: \(list)"])).errors == [])
        }
        #expect(time < .seconds(30))
    }
}
