// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VMCPConfiguration

/// Valid settings of the authorization server, key by key, for tests that change one thing.
struct AuthServerText {
    static let issuer = "https://hub.example.com"
    static let environment = ["HOME": "/home/hub"]
    static let longSecret = String(repeating: "s", count: 32)

    private var parts: [(key: String, text: String)] = [
        ("issuer", "issuer: https://hub.example.com"),
        ("allowed_audiences", "allowed_audiences: [https://hub.example.com/mcp]"),
        (
            "upstreams",
            """
            upstreams:
              - name: corp
                type: oidc
                oidc_config:
                  issuer_url: https://sso.example.com
                  client_id: hub
            """
        ),
    ]

    /// The text of the file beside the configuration; an empty replacement removes the key.
    static func with(_ replacements: KeyValuePairs<String, String> = [:]) -> String {
        var text = AuthServerText()
        for (key, value) in replacements {
            if let index = text.parts.firstIndex(where: { $0.key == key }) {
                text.parts[index].text = value
            } else {
                text.parts.append((key, value))
            }
        }
        return text.parts.map(\.text).filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
    }

    /// A single upstream of the kind.
    static func upstream(_ kind: String, _ lines: String...) -> KeyValuePairs<String, String> {
        [
            "upstreams": "upstreams:\n  - type: \(kind)\n    \(kind)_config:\n"
                + lines.map { "      \($0)" }.joined(separator: "\n")
        ]
    }

    /// `incomingAuth` of a configuration that goes with the settings.
    static func incomingAuth(issuer: String = issuer) -> String {
        """
        incomingAuth:
          type: oidc
          oidc:
            issuer: \(issuer)
            audience: https://hub.example.com/mcp
            resource: https://hub.example.com/mcp
        """
    }

    /// A configuration with the settings in it.
    static func inline(
        _ text: String, issuer: String = issuer, _ replacements: KeyValuePairs<String, String> = [:]
    ) -> String {
        let indented = text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : "    \($0)" }.joined(separator: "\n")
        let own = [
            ("incomingAuth", incomingAuth(issuer: issuer)), ("authServer", "authServer:\n  runConfig:\n\(indented)"),
        ]
        return ConfigurationText.with(pairs: own + replacements.map { ($0, $1) })
    }

    /// The settings that a text leads to, which has to be without errors.
    static func load(
        _ replacements: KeyValuePairs<String, String> = [:], issuer: String = issuer,
        environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> (runConfig: AuthServerRunConfig, warnings: [String]) {
        let outcome = LoadOutcome(
            inline(with(replacements), issuer: issuer), environment: Self.environment.merging(environment) { $1 })
        let authServer = try #require(
            outcome.configuration?.authServer, "\(outcome.description)", sourceLocation: sourceLocation)
        return (authServer.runConfig, outcome.warnings.map { $0.replacing("authServer.runConfig.", with: "") })
    }
}

/// A folder of its own, gone afterwards.
func withTemporaryFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vmcp-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
}

/// One rule, settings that break it, and the one error that this must lead to, in both forms.
struct AuthServerCase: Sendable, CustomTestStringConvertible {
    let rule: String
    let text: String
    let environment: [String: String]
    let keyPath: String
    let message: String
    let marker: String?
    let issuer: String

    /// `at` is the text that the position of the error has to point at.
    init(
        _ rule: String, _ replacements: KeyValuePairs<String, String>, environment: [String: String] = [:],
        issuer: String = AuthServerText.issuer, _ keyPath: String, _ message: String, at marker: String? = nil
    ) {
        self.issuer = issuer
        self.rule = rule
        self.text = AuthServerText.with(replacements)
        self.environment = AuthServerText.environment.merging(environment) { $1 }
        self.keyPath = keyPath
        self.message = message
        self.marker = marker
    }

    var testDescription: String { "\(rule) \(keyPath)" }

    func check(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let inline = AuthServerText.inline(text, issuer: issuer)
        expect(
            LoadOutcome(inline, environment: environment), in: inline, file: "vmcp.yaml",
            keyPath: keyPath.isEmpty ? "authServer.runConfig" : "authServer.runConfig.\(keyPath)", sourceLocation)
        try withTemporaryFolder { folder in
            let sibling = folder.appendingPathComponent("authserver-config.yaml")
            try text.write(to: sibling, atomically: true, encoding: .utf8)
            let main = ConfigurationText.with(["incomingAuth": AuthServerText.incomingAuth(issuer: issuer)])
            expect(
                LoadOutcome(main, environment: environment, directory: folder.path), in: text,
                file: "authserver-config.yaml", keyPath: keyPath, sourceLocation)
        }
    }

    private func expect(
        _ outcome: LoadOutcome, in text: String, file: String, keyPath: String, _ sourceLocation: SourceLocation
    ) {
        #expect(outcome.problems.count == 1, "\(outcome.description)", sourceLocation: sourceLocation)
        guard let problem = outcome.problems.first else { return }
        #expect(problem.file == file, sourceLocation: sourceLocation)
        #expect(problem.keyPath == keyPath, sourceLocation: sourceLocation)
        #expect(problem.message.contains(message), "\(problem.message)", sourceLocation: sourceLocation)
        guard let position = problem.position else {
            Issue.record("no position: \(problem)", sourceLocation: sourceLocation)
            return
        }
        guard let marker else { return }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let rest = lines.dropFirst(position.line - 1).first?.dropFirst(position.column - 1) ?? ""
        #expect(rest.hasPrefix(marker), "points at \(rest)", sourceLocation: sourceLocation)
    }
}
