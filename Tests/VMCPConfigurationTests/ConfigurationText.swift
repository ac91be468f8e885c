// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

/// A valid configuration, top-level key by top-level key, for tests that change one thing.
struct ConfigurationText {
    private var parts: [(key: String, text: String)] = [
        ("name", "name: test"),
        ("groupRef", "groupRef: lab"),
        (
            "backends",
            """
            backends:
              - name: one
                url: http://127.0.0.1:9001/mcp
                transport: streamable-http
              - name: two
                url: https://two.example.com/mcp
                transport: sse
            """
        ),
        ("incomingAuth", "incomingAuth:\n  type: anonymous"),
        ("outgoingAuth", "outgoingAuth:\n  source: inline"),
        (
            "aggregation",
            """
            aggregation:
              conflictResolution: prefix
              conflictResolutionConfig:
                prefixFormat: "{workload}_"
            """
        ),
    ]

    /// The text with some top-level keys replaced or added; an empty text removes the key.
    static func with(_ replacements: KeyValuePairs<String, String> = [:]) -> String {
        with(pairs: replacements.map { ($0, $1) })
    }

    static func with(pairs replacements: [(key: String, text: String)]) -> String {
        var text = ConfigurationText()
        for (key, value) in replacements {
            if let index = text.parts.firstIndex(where: { $0.key == key }) {
                text.parts[index].text = value
            } else {
                text.parts.append((key, value))
            }
        }
        return text.parts.map(\.text).filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
    }
}

/// What loading a text led to, in a form that tests can compare.
struct LoadOutcome {
    let configuration: Configuration?
    /// `keyPath: message` of each error.
    let errors: [String]
    let warnings: [String]
    let problems: [ConfigurationProblem]
    let description: String

    init(_ text: String, environment: [String: String] = [:], directory: String? = nil) {
        do {
            let loaded = try ConfigurationLoader(environment: environment)
                .load(text: text, fileName: "vmcp.yaml", directory: directory)
            configuration = loaded.configuration
            errors = []
            problems = []
            warnings = loaded.warnings.map(Self.line)
            description = ""
        } catch {
            configuration = nil
            problems = error.problems
            errors = error.problems.map(Self.line)
            warnings = error.warnings.map(Self.line)
            description = error.description
        }
    }

    private static func line(_ problem: ConfigurationProblem) -> String {
        "\(problem.keyPath): \(problem.message)"
    }
}

/// One rule, a text that breaks it, and the one error that this must lead to.
struct RuleCase: Sendable, CustomTestStringConvertible {
    let rule: String
    let text: String
    let environment: [String: String]
    let keyPath: String
    /// A part of the message.
    let message: String

    init(
        _ rule: String, _ replacements: KeyValuePairs<String, String>, environment: [String: String] = [:],
        _ keyPath: String, _ message: String
    ) {
        self.rule = rule
        self.text = ConfigurationText.with(replacements)
        self.environment = environment
        self.keyPath = keyPath
        self.message = message
    }

    var testDescription: String { "\(rule) \(keyPath)" }

    /// Expects exactly one error, at the key and with the message of the case.
    func check(sourceLocation: SourceLocation = #_sourceLocation) {
        let outcome = LoadOutcome(text, environment: environment)
        #expect(outcome.problems.count == 1, "\(outcome.description)", sourceLocation: sourceLocation)
        #expect(outcome.problems.first?.keyPath == keyPath, sourceLocation: sourceLocation)
        #expect(
            outcome.problems.first?.message.contains(message) == true, "\(outcome.description)",
            sourceLocation: sourceLocation)
        #expect(outcome.problems.first?.position != nil, sourceLocation: sourceLocation)
    }
}
