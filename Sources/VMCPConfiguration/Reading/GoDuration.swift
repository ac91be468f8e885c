// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The duration notation of the configuration: `1m30s`, `1.5h`, `250ms`, `0`.
package enum GoDuration {
    /// Why a text is no duration, with what to write instead.
    package struct Malformed: Error {
        package let message: String
    }

    private static let units: [(name: String, nanoseconds: UInt64)] = [
        ("ns", 1), ("us", 1000), ("µs", 1000), ("μs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]

    /// Parses a signed sequence of decimal numbers, each with a unit; only `0` may stand without one.
    package static func parse(_ text: String) throws(Malformed) -> Duration {
        var rest = Substring(text)
        var isNegative = false
        if let first = rest.first, first == "-" || first == "+" {
            isNegative = first == "-"
            rest = rest.dropFirst()
        }
        if rest == "0" { return .zero }
        guard !rest.isEmpty else { throw Malformed(message: "is empty; write a duration such as 30s") }
        var total: UInt64 = 0
        while !rest.isEmpty {
            let part = try takePart(&rest, of: text)
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow, sum <= UInt64(Int64.max) else {
                throw Malformed(message: "is too long; the longest duration is about 290 years")
            }
            total = sum
        }
        let nanoseconds = Int64(total)
        return .nanoseconds(isNegative ? -nanoseconds : nanoseconds)
    }

    private static func takePart(_ rest: inout Substring, of text: String) throws(Malformed) -> UInt64 {
        let whole = takeDigits(&rest)
        var fraction = Substring()
        if rest.first == "." {
            rest = rest.dropFirst()
            fraction = takeDigits(&rest)
        }
        guard !whole.isEmpty || !fraction.isEmpty else {
            throw Malformed(message: "\(quoted(text)) is not a duration; write one such as 30s, 1m30s or 250ms")
        }
        let name = rest.prefix { $0 != "." && !isDigit($0) }
        rest = rest.dropFirst(name.count)
        guard !name.isEmpty else {
            throw Malformed(message: "\(quoted(text)) has no unit; write ns, us, ms, s, m or h behind the number")
        }
        // Compare scalars: the two spellings of micro are different letters, and text equality must not fold anything.
        guard let unit = units.first(where: { $0.name.unicodeScalars.elementsEqual(name.unicodeScalars) }) else {
            throw Malformed(
                message: "\(quoted(text)) has the unknown unit \(quoted(String(name))); use ns, us, ms, s, m or h")
        }
        let tooLong = Malformed(message: "\(quoted(text)) is too long; the longest duration is about 290 years")
        guard let count = whole.isEmpty ? 0 : UInt64(whole) else { throw tooLong }
        let (base, overflow) = count.multipliedReportingOverflow(by: unit.nanoseconds)
        guard !overflow, base <= UInt64(Int64.max) else { throw tooLong }
        return base + fractionOf(unit.nanoseconds, digits: fraction)
    }

    /// The decimals of a number times its unit, cut (not rounded) to whole nanoseconds.
    private static func fractionOf(_ unit: UInt64, digits: Substring) -> UInt64 {
        var numerator: UInt64 = 0
        var divisor: UInt64 = 1
        for digit in digits.prefix(15) {
            numerator = numerator * 10 + UInt64(digit.wholeNumberValue ?? 0)
            divisor *= 10
        }
        // The quotient is below `unit`, so the full-width division cannot trap.
        return divisor.dividingFullWidth(numerator.multipliedFullWidth(by: unit)).quotient
    }

    private static func takeDigits(_ rest: inout Substring) -> Substring {
        let digits = rest.prefix(while: isDigit)
        rest = rest.dropFirst(digits.count)
        return digits
    }

    private static func isDigit(_ character: Character) -> Bool {
        character.isASCII && character.isWholeNumber
    }

    /// The shortest notation of a duration: `30s`, `1m30s`, `250ms`.
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = attoseconds / 1_000_000_000
        if seconds == 0, nanoseconds == 0 { return "0s" }
        guard seconds >= 0, nanoseconds >= 0 else { return "-" + text(.zero - duration) }
        var result = ""
        if seconds >= 3600 { result += "\(seconds / 3600)h" }
        if seconds % 3600 >= 60 { result += "\(seconds % 3600 / 60)m" }
        if seconds % 60 > 0 { result += "\(seconds % 60)s" }
        if nanoseconds % 1_000_000 == 0 {
            if nanoseconds > 0 { result += "\(nanoseconds / 1_000_000)ms" }
        } else {
            result += "\(nanoseconds)ns"
        }
        return result
    }
}
