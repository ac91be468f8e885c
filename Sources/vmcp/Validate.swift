// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import VMCPConfiguration

struct Validate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a configuration and say everything that is wrong with it.",
        discussion: """
            EXAMPLES
              vmcp validate --config vmcp.yaml
              vmcp validate --config vmcp.yaml --format json
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    @ParentCommand var program: VMCP

    @OptionGroup(title: "General options") var own: ConfigurationOptions

    private var options: ConfigurationOptions { own.over(program.options) }

    @Option(help: "How the result looks: text or json.")
    var format = Format.text

    func run() async throws {
        guard let file = options.config else {
            throw ValidationError("No configuration file specified; use --config <file>")
        }
        let loader = ConfigurationLoader(environment: ProcessInfo.processInfo.environment)
        let loaded: LoadedConfiguration
        do throws(ConfigurationError) {
            loaded = try loader.load(path: file)
        } catch {
            switch format {
            case .text: complain("\(error)")
            case .json: try report(nil, error.problems + error.warnings)
            }
            throw ExitCodes.configuration
        }
        let notes = loaded.warnings + loaded.configuration.unsupportedFeatures()
        switch format {
        case .text: summarise(loaded.configuration, notes)
        case .json: try report(loaded.configuration, notes)
        }
    }

    private func summarise(_ configuration: Configuration, _ notes: [ConfigurationProblem]) {
        say("✓ Configuration is valid")
        say("  Name: \(configuration.name)")
        say("  Group: \(configuration.groupRef)")
        say("  Incoming Auth: \(configuration.incomingAuth.method.name)")
        say("  Outgoing Auth: \(configuration.outgoingAuth.summary)")
        say("  Conflict Resolution: \(configuration.aggregation.conflictResolution.rawValue)")
        say("  Backends: \(configuration.backends.map(\.name).joined(separator: ", "))")
        if !configuration.compositeTools.isEmpty {
            say("  Composite Tools: \(configuration.compositeTools.count) defined")
        }
        for note in notes { say("  \(note.severity.rawValue): \(note)") }
    }

    private struct Report: Encodable {
        struct Problem: Encodable {
            let severity: String
            let file: String
            let line: Int?
            let column: Int?
            let keyPath: String
            let message: String
        }

        let valid: Bool
        let name: String?
        let backends: [String]
        let problems: [Problem]
    }

    private func report(_ configuration: Configuration?, _ problems: [ConfigurationProblem]) throws {
        let report = Report(
            valid: configuration != nil, name: configuration?.name,
            backends: configuration?.backends.map(\.name) ?? [],
            problems: problems.map {
                Report.Problem(
                    severity: $0.severity.rawValue, file: $0.file, line: $0.position?.line, column: $0.position?.column,
                    keyPath: $0.keyPath, message: $0.message)
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        say(String(decoding: try encoder.encode(report), as: UTF8.self))
    }
}

extension Configuration.IncomingAuth.Method {
    fileprivate var name: String {
        switch self {
        case .anonymous: "anonymous"
        case .local: "local"
        case .oidc: "oidc"
        }
    }
}

extension Configuration.OutgoingAuth {
    fileprivate var summary: String {
        let strategies = backends.isEmpty ? "default only" : "\(backends.count) backends configured"
        return "\(strategies) (source: \(source.rawValue))"
    }
}
