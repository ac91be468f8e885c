// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Cuts a child's standard error into lines, keeping at most the first `limit` bytes of each.
///
/// A line is text for people: bytes that are not UTF-8 are repaired, a long line is cut (and says so) instead of
/// being refused.
struct StdioErrorLines {
    let limit: Int
    private var partial: [UInt8] = []
    private var cut = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// - Returns: the lines that became complete; empty ones are left out.
    mutating func append(_ bytes: some RandomAccessCollection<UInt8>) -> [String] {
        var lines: [String] = []
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            keep(bytes[start..<end])
            if let line = take() { lines.append(line) }
            start = bytes.index(after: end)
        }
        keep(bytes[start...])
        return lines
    }

    /// The last line, when it has no line end.
    mutating func finish() -> String? {
        take()
    }

    private mutating func keep(_ bytes: some RandomAccessCollection<UInt8>) {
        let room = limit - partial.count
        partial.append(contentsOf: bytes.prefix(room))
        cut += max(0, bytes.count - room)
    }

    private mutating func take() -> String? {
        defer {
            partial.removeAll(keepingCapacity: true)
            cut = 0
        }
        if cut == 0, partial.last == UInt8(ascii: "\r") { partial.removeLast() }
        guard !partial.isEmpty else { return nil }
        let text = String(decoding: partial, as: UTF8.self)
        return cut > 0 ? "\(text)… (\(cut) bytes cut)" : text
    }
}

/// Lets at most `linesPerSecond` lines through in each second and counts the rest.
struct StdioErrorRate {
    enum Verdict: Hashable {
        case pass
        /// A new second begins: this line passes, and this many were dropped before it.
        case passAfterDropping(Int)
        case drop
    }

    let linesPerSecond: Int
    private var windowStart: Int64?
    private var passed = 0
    private var dropped = 0

    init(linesPerSecond: Int) {
        self.linesPerSecond = linesPerSecond
    }

    mutating func admit(atNanoseconds now: Int64) -> Verdict {
        if let start = windowStart, now - start < 1_000_000_000 {
            guard passed < linesPerSecond else {
                dropped += 1
                return .drop
            }
            passed += 1
            return .pass
        }
        windowStart = now
        passed = 1
        let before = takeDropped()
        return before > 0 ? .passAfterDropping(before) : .pass
    }

    mutating func takeDropped() -> Int {
        defer { dropped = 0 }
        return dropped
    }
}
