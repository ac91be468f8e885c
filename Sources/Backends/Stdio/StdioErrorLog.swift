// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Logging

/// Turns a child's standard error into log lines; what it says is never taken for a failure (MCP, stdio transport).
struct StdioErrorLog {
    private static let maxLineBytes = 8 * 1024
    private static let linesPerSecond = 200
    private static let keptLines = 10

    private var lines = StdioErrorLines(limit: maxLineBytes)
    private var rate = StdioErrorRate(linesPerSecond: linesPerSecond)
    /// What to show when the child ends: its last lines, oldest first, logged or not.
    private(set) var lastLines: [String] = []
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    mutating func append(_ bytes: some RandomAccessCollection<UInt8>, atNanoseconds now: Int64) {
        for line in lines.append(bytes) { log(line, atNanoseconds: now) }
    }

    mutating func finish(atNanoseconds now: Int64) {
        if let line = lines.finish() { log(line, atNanoseconds: now) }
        reportDropped(rate.takeDropped())
    }

    private mutating func log(_ line: String, atNanoseconds now: Int64) {
        if lastLines.count == Self.keptLines { lastLines.removeFirst() }
        lastLines.append(line)
        switch rate.admit(atNanoseconds: now) {
        case .drop:
            return
        case .passAfterDropping(let count):
            reportDropped(count)
        case .pass:
            break
        }
        logger.info("backend wrote to standard error", metadata: ["line": "\(line)"])
    }

    private func reportDropped(_ count: Int) {
        guard count > 0 else { return }
        logger.warning(
            "backend standard error is too busy, lines were dropped",
            metadata: ["dropped": "\(count)", "linesPerSecond": "\(Self.linesPerSecond)"]
        )
    }
}
