// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
import Synchronization

/// Keeps what is logged with all metadata, so that a test can look for what must be there and for what must not.
package final class RecordedLog: Sendable {
    package struct Line: Sendable {
        package let level: Logger.Level
        package let message: String
        package let metadata: Logger.Metadata

        /// `level message key=value …`, the keys sorted.
        package var text: String {
            let pairs = metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return "\(level) \(message) " + pairs.joined(separator: " ")
        }
    }

    private let recorded = Mutex<[Line]>([])

    package init() {}

    package var lines: [Line] { recorded.withLock { $0 } }

    /// The lines as text.
    package var all: [String] { lines.map(\.text) }

    package func lines(_ level: Logger.Level) -> [Line] { lines.filter { $0.level == level } }

    package func contains(_ text: String) -> Bool { all.contains { $0.contains(text) } }

    package func clear() { recorded.withLock { $0 = [] } }

    /// Logs everything here, whatever its level.
    package var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: RecordedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let line = Line(
                level: event.level, message: "\(event.message)",
                metadata: metadata.merging(event.metadata ?? [:]) { $1 })
            log.recorded.withLock { $0.append(line) }
        }
    }
}
