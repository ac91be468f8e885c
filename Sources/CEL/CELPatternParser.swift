// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Writes the program of a pattern, by recursive descent over bounded groups.
///
/// Every step returns a piece of program whose jumps are relative to its start, so that a repetition copies it.
struct CELPatternParser {
    private typealias Problem = CELPattern.Problem
    private typealias Piece = [CELPattern.Instruction]

    private static let maximumRepetitions = 1000

    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var depth = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func parse() throws(CELPattern.Problem) -> [CELPattern.Instruction] {
        let piece = try alternatives()
        guard index == scalars.count else { throw Problem("has a \")\" without a \"(\"") }
        return piece + [.match]
    }

    private var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        index += 1
        return true
    }

    /// In place, so that a repetition costs what it writes out.
    private static func append(_ piece: Piece, to result: inout Piece) throws(CELPattern.Problem) {
        let distance = result.count
        guard distance + piece.count < CELLimits.patternInstructions else {
            throw Problem("is too large once its repetitions are written out")
        }
        for instruction in piece {
            switch instruction {
            case .split(let first, let second): result.append(.split(first + distance, second + distance))
            case .jump(let target): result.append(.jump(target + distance))
            case .scalar, .atStart, .atEnd, .match: result.append(instruction)
            }
        }
    }

    private static func join(_ first: Piece, _ second: Piece) throws(CELPattern.Problem) -> Piece {
        var result = first
        try append(second, to: &result)
        return result
    }

    private mutating func alternatives() throws(CELPattern.Problem) -> Piece {
        var pieces = [try sequence()]
        while take("|") { pieces.append(try sequence()) }
        var result = pieces.removeLast()
        while let piece = pieces.popLast() {
            // split 1, other; piece; jump end; other
            let head = try Self.join([.split(1, piece.count + 2)], piece)
            let end = head.count + 1 + result.count
            result = try Self.join(head + [.jump(end)], result)
        }
        return result
    }

    private mutating func sequence() throws(CELPattern.Problem) -> Piece {
        var result: Piece = []
        while let scalar = next, scalar != "|", scalar != ")" {
            let atom = try atom()
            try Self.append(try repeated(atom), to: &result)
        }
        return result
    }

    private mutating func repeated(_ atom: Piece) throws(CELPattern.Problem) -> Piece {
        guard let bounds = try repetition() else { return atom }
        // Whether it takes as little as it can makes no difference to whether there is a match.
        _ = take("?")
        guard try repetition() == nil else { throw Problem("repeats a repetition; put it in a group") }
        guard bounds.least <= Self.maximumRepetitions, bounds.most ?? 0 <= Self.maximumRepetitions
        else {
            throw Problem("has a repetition of more than \(Self.maximumRepetitions)")
        }
        guard bounds.least <= bounds.most ?? bounds.least else {
            throw Problem("has a repetition whose least is above its most")
        }
        var result: Piece = []
        for _ in 0..<bounds.least { try Self.append(atom, to: &result) }
        guard let most = bounds.most else {
            // split 1, end; atom; jump 0
            let body = try Self.join([.split(1, atom.count + 2)], atom)
            return try Self.join(result, body + [.jump(0)])
        }
        let optional = try Self.join([.split(1, atom.count + 1)], atom)
        for _ in bounds.least..<most { try Self.append(optional, to: &result) }
        return result
    }

    private mutating func repetition() throws(CELPattern.Problem) -> (least: Int, most: Int?)? {
        switch next {
        case "*":
            index += 1
            return (0, nil)
        case "+":
            index += 1
            return (1, nil)
        case "?":
            index += 1
            return (0, 1)
        case "{": return counts()
        default: return nil
        }
    }

    /// `{2}`, `{2,}` or `{2,5}`; other braces are characters.
    private mutating func counts() -> (least: Int, most: Int?)? {
        let start = index
        index += 1
        if let least = number() {
            if take("}") { return (least, least) }
            if take(",") {
                if take("}") { return (least, nil) }
                if let most = number(), take("}") { return (least, most) }
            }
        }
        index = start
        return nil
    }

    private mutating func number() -> Int? {
        var digits = ""
        while let scalar = next, scalar.isCELDigit {
            digits.unicodeScalars.append(scalar)
            index += 1
        }
        // What is out of range is too many.
        return digits.isEmpty ? nil : Int(digits) ?? .max
    }

    private mutating func atom() throws(CELPattern.Problem) -> Piece {
        guard let scalar = next else { return [] }
        if try repetition() != nil { throw Problem("has nothing to repeat before \"\(scalar)\"") }
        index += 1
        switch scalar {
        case ".": return [.scalar(.any)]
        case "^": return [.atStart]
        case "$": return [.atEnd]
        case "(": return try group()
        case "[": return [.scalar(try characterClass())]
        case "\\": return try escape()
        default: return [.scalar(CELScalarSet(scalar))]
        }
    }

    private mutating func group() throws(CELPattern.Problem) -> Piece {
        depth += 1
        defer { depth -= 1 }
        guard depth <= CELLimits.patternDepth else {
            throw Problem("is nested deeper than \(CELLimits.patternDepth) groups")
        }
        if take("?") {
            guard take(":") else {
                throw Problem("has a group with flags or a name, which is not available")
            }
        }
        let inner = try alternatives()
        guard take(")") else { throw Problem("has a \"(\" without a \")\"") }
        return inner
    }

    private mutating func escape() throws(CELPattern.Problem) -> Piece {
        switch next {
        case "A":
            index += 1
            return [.atStart]
        case "z":
            index += 1
            return [.atEnd]
        default:
            return [.scalar(CELScalarSet(try escapedRanges()))]
        }
    }

    /// What comes after a backslash, in a class or outside.
    private mutating func escapedRanges() throws(CELPattern.Problem) -> [ClosedRange<UInt32>] {
        guard let letter = next else { throw Problem("ends with a backslash") }
        index += 1
        if let ranges = CELScalarSet.named(letter) { return ranges }
        switch letter {
        case "D", "W", "S":
            let ranges =
                CELScalarSet.named(Unicode.Scalar(UInt8(truncatingIfNeeded: letter.value) | 0x20)) ?? []
            return CELScalarSet.complement(of: ranges)
        case "n": return [0xA...0xA]
        case "r": return [0xD...0xD]
        case "t": return [0x9...0x9]
        case "f": return [0xC...0xC]
        case "v": return [0xB...0xB]
        default:
            guard letter.isASCII, !letter.isCELDigit, !letter.isCELLetter || letter == "_" else {
                throw Problem("has the escape \"\\\(letter)\", which is not available")
            }
            return [letter.value...letter.value]
        }
    }

    private mutating func characterClass() throws(CELPattern.Problem) -> CELScalarSet {
        let isInverted = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        var isFirst = true
        while let scalar = next, isFirst || scalar != "]" {
            isFirst = false
            if scalar == "[", index + 1 < scalars.count, scalars[index + 1] == ":" {
                throw Problem("has a class such as [:alpha:], which is not available")
            }
            let low = try classItem()
            guard low.count == 1, low[0].count == 1, next == "-", index + 1 < scalars.count,
                scalars[index + 1] != "]"
            else {
                ranges += low
                continue
            }
            index += 1
            let high = try classItem()
            guard high.count == 1, high[0].count == 1, low[0].lowerBound <= high[0].lowerBound else {
                throw Problem("has a range that goes backwards or ends in a class")
            }
            ranges.append(low[0].lowerBound...high[0].lowerBound)
        }
        guard take("]") else { throw Problem("has a \"[\" without a \"]\"") }
        return CELScalarSet(ranges, isInverted: isInverted)
    }

    private mutating func classItem() throws(CELPattern.Problem) -> [ClosedRange<UInt32>] {
        guard let scalar = next else { throw Problem("has a \"[\" without a \"]\"") }
        index += 1
        return scalar == "\\" ? try escapedRanges() : [scalar.value...scalar.value]
    }
}
