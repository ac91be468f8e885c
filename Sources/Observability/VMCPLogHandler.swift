// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Logging

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The program's log handler: one event, one line, handed to a `LogWriter`.
package struct VMCPLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    package var logLevel: Logger.Level

    private let encoder: LogLineEncoder
    private let labels: Logger.Metadata
    private let writer: LogWriter
    private let clock: @Sendable () -> Int64

    /// - Parameters:
    ///   - labels: attached to every line; an event's own metadata of the same name wins.
    ///   - usesColour: for the text format on a terminal.
    ///   - clock: Unix milliseconds.
    package init(
        level: Logger.Level,
        format: LogFormat,
        labels: [String: String] = [:],
        usesColour: Bool = false,
        writer: LogWriter,
        metadataProvider: Logger.MetadataProvider? = nil,
        clock: @escaping @Sendable () -> Int64 = Self.unixMilliseconds
    ) {
        self.logLevel = level
        self.encoder = LogLineEncoder(format: format, usesColour: usesColour && format == .text)
        self.labels = labels.mapValues { .string($0) }
        self.writer = writer
        self.metadataProvider = metadataProvider
        self.clock = clock
    }

    /// Makes this the handler of the process, writing to standard error. Call it once, first thing in the program.
    ///
    /// Colour is used only on a terminal, and not when `NO_COLOR` is set. A reader of standard error that goes away
    /// must not end the gateway, so SIGPIPE is ignored.
    package static func bootstrap(level: Logger.Level, format: LogFormat, labels: [String: String] = [:]) {
        signal(SIGPIPE, SIG_IGN)
        let usesColour = isatty(2) == 1 && getenv("NO_COLOR") == nil
        let writer = LogWriter.standardError
        let encoder = LogLineEncoder(format: format, usesColour: usesColour && format == .text)
        let fixed = labels.mapValues { Logger.MetadataValue.string($0) }
        writer.reportDrops { count in
            encoder.encode(
                unixMilliseconds: unixMilliseconds(),
                level: .warning,
                message: "log lines were dropped because standard error is too slow",
                metadata: fixed.merging(["dropped": "\(count)"]) { $1 }
            )
        }
        LoggingSystem.bootstrap(
            { _, provider in
                VMCPLogHandler(
                    level: level, format: format, labels: labels, usesColour: usesColour, writer: writer,
                    metadataProvider: provider)
            },
            metadataProvider: nil
        )
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = labels
        all.merge(metadata) { $1 }
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        if let own = event.metadata { all.merge(own) { $1 } }
        let line = encoder.encode(
            unixMilliseconds: clock(), level: event.level, message: event.message.description, metadata: all)
        writer.write(line)
    }

    /// The wall clock.
    package static func unixMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
