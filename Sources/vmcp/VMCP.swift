// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Backends
import Foundation
import Logging
import MCPTypes
import Observability
import VMCPConfiguration

/// The program: arguments in, `VMCPApplication` called.
@main
struct VMCP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vmcp",
        abstract: "One MCP server in front of many.",
        discussion: """
            EXAMPLES
              vmcp serve --config vmcp.yaml           serve http://127.0.0.1:4483/mcp
              vmcp serve --config vmcp.yaml --stdio   serve one client on standard input and output
              vmcp validate --config vmcp.yaml        check a configuration and say everything that is wrong with it
            """,
        version: GatewayIdentity.version,
        subcommands: [Serve.self, Validate.self, Version.self, ExampleBackendCommand.self])

    /// The same options as behind a command, for `vmcp --config vmcp.yaml serve`.
    @OptionGroup var options: ConfigurationOptions

    func run() throws {
        throw CleanExit.helpRequest(self)
    }
}

/// The exit codes of the program besides 0 and argument errors (64).
enum ExitCodes {
    static let failure = ExitCode(1)
    /// The configuration cannot be used (`EX_CONFIG`).
    static let configuration = ExitCode(78)
}

/// Options of every command that reads a configuration.
struct ConfigurationOptions: ParsableArguments {
    @Option(name: [.short, .long], help: "The configuration file.")
    var config: String?

    @Flag(help: "Log everything, requests included.")
    var debug = false

    @Option(help: "The least severe log level: trace, debug, info, warning or error.")
    var logLevel: LogLevelName?

    @Option(help: "How log lines look: text or json. The default is text on a terminal and json elsewhere.")
    var logFormat: LogFormatName?

    /// What stands behind the command wins over what stands before it.
    func over(_ outer: ConfigurationOptions) -> ConfigurationOptions {
        var both = self
        both.config = config ?? outer.config
        both.debug = debug || outer.debug
        both.logLevel = logLevel ?? outer.logLevel
        both.logFormat = logFormat ?? outer.logFormat
        return both
    }

    /// Loads the file, or says everything that is wrong with it and ends with code 78.
    func load() throws -> LoadedConfiguration {
        guard let config else {
            throw ValidationError("No configuration file specified; use --config <file>")
        }
        let loader = ConfigurationLoader(environment: ProcessInfo.processInfo.environment)
        do throws(ConfigurationError) {
            return try loader.load(path: config)
        } catch {
            complain("\(error)")
            throw ExitCodes.configuration
        }
    }

    /// Flags win over the file, which wins over the default.
    func startLogging(_ configuration: Configuration) {
        let level: Logger.Level =
            debug
            ? .debug
            : logLevel?.level ?? configuration.operational.logLevel.flatMap { Logger.Level(rawValue: $0.rawValue) }
                ?? .info
        let format = logFormat?.format ?? (isatty(2) == 1 ? .text : .json)
        VMCPLogHandler.bootstrap(level: level, format: format, labels: configuration.metadata)
    }
}

enum LogLevelName: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, warning, error

    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}

enum LogFormatName: String, ExpressibleByArgument, CaseIterable {
    case text, json

    var format: LogFormat { self == .text ? .text : .json }
}

/// Talk goes to standard error; results go to standard output.
func complain(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
}

func say(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
}
