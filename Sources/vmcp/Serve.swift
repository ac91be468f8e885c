// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Backends
import Foundation
import Logging
import NIOPosix
import Observability
import ServiceLifecycle
import UnixSignals
import VMCPApplication
import VMCPConfiguration

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve the backends of a configuration as one MCP server.",
        discussion: """
            EXAMPLES
              vmcp serve --config config/quickstart.yaml
              vmcp serve --config vmcp.yaml --port 0 --log-format json
            """)

    @ParentCommand var program: VMCP

    @OptionGroup(title: "General options") var own: ConfigurationOptions

    private var options: ConfigurationOptions { own.over(program.options) }

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 lets the system choose.")
    var port = 4483

    @Option(help: "How long an unused session lives, such as 30m; 0 means 30m.")
    var sessionTtl = "0"

    @Flag(help: "Write audit events.")
    var enableAudit = false

    @Flag(help: "Serve one client on standard input and output instead of HTTP.")
    var stdio = false

    @Flag(help: "Let everybody in although other machines can reach the address.")
    var allowAnonymousNonLoopback = false

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("--port is a number from 0 to 65535") }
        _ = try sessionIdleTime()
    }

    private func sessionIdleTime() throws -> Duration {
        let duration: Duration
        do throws(GoDuration.Malformed) {
            duration = try GoDuration.parse(sessionTtl)
        } catch {
            throw ValidationError("--session-ttl \(error.message)")
        }
        guard duration >= .zero else { throw ValidationError("--session-ttl must not be negative") }
        return duration == .zero ? .seconds(30 * 60) : duration
    }

    func run() async throws {
        let loaded = try options.load()
        if enableAudit {
            complain("--enable-audit: audit is not available in this version; leave it out")
            throw ExitCodes.configuration
        }
        let unsupported = loaded.configuration.unsupportedFeatures()
        guard unsupported.isEmpty else {
            for problem in unsupported { complain("\(problem)") }
            throw ExitCodes.configuration
        }
        options.startLogging(loaded.configuration)
        let logger = Logger(label: "vmcp")
        for warning in loaded.warnings {
            logger.warning("Configuration", metadata: ["problem": "\(warning)"])
        }
        do {
            try await serve(loaded.configuration, logger)
        } catch let error as StartupError {
            _ = LogWriter.flush()
            complain("Error: \(error)")
            throw ExitCodes.failure
        }
        _ = LogWriter.flush()
    }

    private func serve(_ configuration: Configuration, _ logger: Logger) async throws {
        DescriptorLimit.raise(for: configuration, logger: logger)
        var serve = ServeOptions()
        serve.host = host
        serve.port = port
        serve.isStdio = stdio
        serve.sessionIdleTime = try sessionIdleTime()
        serve.allowsAnonymousNonLoopback = allowAnonymousNonLoopback
        serve.environment = ProcessInfo.processInfo.environment
        serve.hostName = ProcessInfo.processInfo.hostName
        serve.executable = ownExecutable()
        let group = MultiThreadedEventLoopGroup.singleton
        let application = try await VMCPApplication(
            configuration: configuration, options: serve, group: group, logger: logger)
        let prefersJSON = options.logFormat == .json || (options.logFormat == nil && isatty(1) != 1)
        let service: any Service =
            stdio
            ? StdioService(application: application)
            : HTTPService(application: application, logger: logger, talksToPerson: !prefersJSON)
        var lifecycle = ServiceGroupConfiguration(
            services: [
                .init(
                    service: service, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .cancelGroup)
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: quiet(logger))
        lifecycle.maximumGracefulShutdownDuration = VMCPApplication.gracefulShutdownDuration
        try await ServiceGroup(configuration: lifecycle).run()
    }

    private func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}

/// The path of the running program, so that `command: vmcp` starts the same one.
private func ownExecutable() -> String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments.first
        ?? "vmcp"
}

private struct HTTPService: Service {
    let application: VMCPApplication
    let logger: Logger
    let talksToPerson: Bool

    func run() async throws {
        try await application.run { report in
            logger.info(
                "Ready",
                metadata: [
                    "endpoint": "\(report.endpoint)",
                    "backends": "\(report.backends.count { $0.isReachable })/\(report.backends.count)",
                ])
            if talksToPerson { say(report.text) }
        }
    }
}

private struct StdioService: Service {
    let application: VMCPApplication

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await application.runStdio(input: 0, output: 1)
        }
    }
}
