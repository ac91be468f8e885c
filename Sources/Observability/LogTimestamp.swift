// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Writes a moment as RFC 3339 in UTC with milliseconds, without a calendar library.
enum LogTimestamp {
    static func append(unixMilliseconds: Int64, to line: inout [UInt8]) {
        let days = floorDivide(unixMilliseconds, 86_400_000)
        let time = Int(unixMilliseconds - days * 86_400_000)
        let (year, month, day) = civil(daysSince1970: Int(days))
        append(year, digits: 4, to: &line)
        line.append(UInt8(ascii: "-"))
        append(month, digits: 2, to: &line)
        line.append(UInt8(ascii: "-"))
        append(day, digits: 2, to: &line)
        line.append(UInt8(ascii: "T"))
        append(time / 3_600_000, digits: 2, to: &line)
        line.append(UInt8(ascii: ":"))
        append(time / 60_000 % 60, digits: 2, to: &line)
        line.append(UInt8(ascii: ":"))
        append(time / 1000 % 60, digits: 2, to: &line)
        line.append(UInt8(ascii: "."))
        append(time % 1000, digits: 3, to: &line)
        line.append(UInt8(ascii: "Z"))
    }

    /// The proleptic Gregorian date of a day number; years are counted from March so that the leap day comes last.
    private static func civil(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
        let daysInEra = 146_097
        let shifted = days + 719_468
        let era = floorDivide(shifted, daysInEra)
        let dayOfEra = shifted - era * daysInEra
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    private static func floorDivide<Number: SignedInteger>(_ number: Number, _ divisor: Number) -> Number {
        let quotient = number / divisor
        return number % divisor < 0 ? quotient - 1 : quotient
    }

    private static func append(_ number: Int, digits: Int, to line: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            line.append(UInt8(ascii: "0") + UInt8(abs(number) / divisor % 10))
            divisor /= 10
        }
    }
}
