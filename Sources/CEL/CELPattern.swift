// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A regular expression in the syntax of RE2 (cel-spec, "matches"), as a program for all alternatives at once.
///
/// There is nothing to go back to, so a match takes time in proportion to the text whatever the pattern is. Left out
/// are Unicode classes (`\p{…}`, `[[:alpha:]]`), word boundaries and flags; a pattern with one is refused.
struct CELPattern: Sendable {
    struct Problem: Error, Hashable {
        let reason: String
        init(_ reason: String) { self.reason = "the pattern \(reason)" }
    }

    enum Instruction: Sendable {
        case scalar(CELScalarSet)
        case split(Int, Int)
        case jump(Int)
        case atStart
        case atEnd
        case match
    }

    let program: [Instruction]

    init(parsing text: String) throws(Problem) {
        guard text.utf8.count <= CELLimits.patternBytes else {
            throw Problem("is longer than \(CELLimits.patternBytes) bytes")
        }
        var parser = CELPatternParser(text)
        program = try parser.parse()
    }

    /// Whether any part of the text matches.
    ///
    /// - Parameter spend: takes what the match costs, and throws when that is too much.
    func matches(_ text: String, spend: (Int) throws(CELError) -> Void) throws(CELError) -> Bool {
        var current = Threads(capacity: program.count)
        var next = Threads(capacity: program.count)
        var isFirst = true
        var scalars = text.unicodeScalars.makeIterator()
        var scalar = scalars.next()
        while true {
            follow(0, into: &current, isStart: isFirst, isEnd: scalar == nil)
            if current.isMatch { return true }
            try spend(1 + current.visited / 16)
            guard let now = scalar else { return false }
            scalar = scalars.next()
            for index in current.waiting {
                guard case .scalar(let set) = program[index], set.contains(now) else { continue }
                follow(index + 1, into: &next, isStart: false, isEnd: scalar == nil)
            }
            swap(&current, &next)
            next.clear()
            isFirst = false
        }
    }

    private struct Threads {
        /// The place in the text at which an instruction was reached last, so that clearing costs nothing.
        var seen: [Int]
        var round = 1
        var waiting: [Int] = []
        var stack: [Int] = []
        var visited = 0
        var isMatch = false

        init(capacity: Int) { seen = Array(repeating: 0, count: capacity) }

        mutating func clear() {
            round += 1
            waiting.removeAll(keepingCapacity: true)
            visited = 0
            isMatch = false
        }
    }

    /// Everything that is reached without reading a character.
    private func follow(_ start: Int, into threads: inout Threads, isStart: Bool, isEnd: Bool) {
        threads.stack.append(start)
        while let index = threads.stack.popLast() {
            guard threads.seen[index] != threads.round else { continue }
            threads.seen[index] = threads.round
            threads.visited += 1
            switch program[index] {
            case .scalar(let set):
                threads.waiting.append(index)
                threads.visited += set.ranges.count
            case .jump(let target): threads.stack.append(target)
            case .split(let first, let second): threads.stack += [first, second]
            case .atStart: if isStart { threads.stack.append(index + 1) }
            case .atEnd: if isEnd { threads.stack.append(index + 1) }
            case .match: threads.isMatch = true
            }
        }
    }
}

/// Characters, by ranges.
struct CELScalarSet: Sendable {
    var ranges: [ClosedRange<UInt32>]
    var isInverted = false

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        ranges.contains { $0.contains(scalar.value) } != isInverted
    }

    init(_ ranges: [ClosedRange<UInt32>], isInverted: Bool = false) {
        self.ranges = ranges
        self.isInverted = isInverted
    }

    init(_ scalar: Unicode.Scalar) { self.init([scalar.value...scalar.value]) }

    /// Everything but a line feed.
    static let any = CELScalarSet([0xA...0xA], isInverted: true)

    /// `\d`, `\w` and `\s`, which are of ASCII in RE2.
    static func named(_ letter: Unicode.Scalar) -> [ClosedRange<UInt32>]? {
        switch letter {
        case "d": [0x30...0x39]
        case "w": [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]
        case "s": [0x9...0xA, 0xC...0xD, 0x20...0x20]
        default: nil
        }
    }

    /// All that are not in these ranges, which are in order.
    static func complement(of ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if next < range.lowerBound { result.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        result.append(next...0x10FFFF)
        return result
    }
}
