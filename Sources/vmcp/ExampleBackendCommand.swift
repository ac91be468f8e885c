// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExampleBackend
import Foundation
import Logging
import Observability
import ServiceLifecycle
import UnixSignals

struct ExampleBackendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "example-backend",
        abstract: "Run an example MCP server to try the gateway with.",
        discussion: """
            EXAMPLES
              vmcp example-backend --profile notes
              vmcp example-backend --transport http --port 4484 --profile library
              vmcp example-backend --transport http --era dual
            """)

    enum TransportName: String, ExpressibleByArgument, CaseIterable {
        case stdio, http
    }

    @Option(help: "How it is reached: stdio or http.")
    var transport = TransportName.stdio

    @Option(help: "Which protocol eras it speaks: legacy, modern or dual.")
    var era = EraName(rawValue: Era.standard.rawValue) ?? .legacy

    @Option(help: "What it offers: everything, notes, calendar or library.")
    var profile: ProfileName = .everything

    @Option(help: "With http: the address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "With http: the port to listen on; 0 lets the system choose.")
    var port = 0

    @Option(help: "What the server calls itself.")
    var name: String?

    @Option(help: "How many synthetic tools to add.")
    var extraTools = 0

    @Option(help: "How many items a page of a list holds; 0 means all.")
    var pageSize = 0

    @Flag(help: "Answer every request with an event stream.")
    var sseAlways = false

    func run() async throws {
        VMCPLogHandler.bootstrap(level: .warning, format: .text)
        let options = ExampleBackendOptions(
            transport: transport == .stdio ? .stdio : .http(host: host, port: port), era: era.era,
            profile: profile.profile, name: name, extraTools: extraTools, pageSize: pageSize, sseAlways: sseAlways)
        let logger = Logger(label: "example-backend")
        let backend = ExampleBackend(options: options, logger: logger)
        let service = Announced(backend: backend, host: transport == .http ? host : nil)
        let lifecycle = ServiceGroupConfiguration(
            services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await ServiceGroup(configuration: lifecycle).run()
    }
}

enum ProfileName: String, ExpressibleByArgument, CaseIterable {
    case everything, notes, calendar, library

    var profile: ExampleBackendOptions.Profile { ExampleBackendOptions.Profile(rawValue: rawValue) ?? .everything }
}

enum EraName: String, ExpressibleByArgument, CaseIterable {
    case legacy, modern, dual

    var era: Era { Era(rawValue: rawValue) ?? .legacy }
}

/// Says where the backend listens; standard output belongs to the protocol with stdio.
private struct Announced: Service {
    let backend: ExampleBackend
    let host: String?

    func run() async throws {
        try await backend.run { port in
            if let host { complain("example backend at http://\(host):\(port)/mcp") }
        }
    }
}
