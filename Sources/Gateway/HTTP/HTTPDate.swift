// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The `Date` header (RFC 9110 §5.6.7), rendered once a second.
struct HTTPDate {
    private(set) var text = ""
    private var second: Int = -1

    /// - Returns: whether the text is another one now.
    @discardableResult
    mutating func refresh() -> Bool {
        let now = time(nil)
        guard now != second else { return false }
        second = now
        text = Self.render(now)
        return true
    }

    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static func render(_ unixSeconds: Int) -> String {
        let date = CivilDate(unixSeconds: unixSeconds)
        return "\(days[date.daysSinceEpoch % 7]), \(date.day.twoDigits) \(months[date.month - 1]) \(date.year) "
            + "\(date.hour.twoDigits):\(date.minute.twoDigits):\(date.second.twoDigits) GMT"
    }
}

/// Times as the status routes show them.
enum RFC3339 {
    /// The zero time stands for "never".
    static func render(_ unixMilliseconds: Int64?) -> String {
        guard let unixMilliseconds else { return "0001-01-01T00:00:00Z" }
        let date = CivilDate(unixSeconds: Int(unixMilliseconds / 1000))
        let fraction = Int(unixMilliseconds % 1000)
        return "\(date.year)-\(date.month.twoDigits)-\(date.day.twoDigits)T"
            + "\(date.hour.twoDigits):\(date.minute.twoDigits):\(date.second.twoDigits)."
            + "\(fraction / 100)\((fraction % 100).twoDigits)Z"
    }
}

/// A Unix time taken apart in UTC.
struct CivilDate {
    let daysSinceEpoch: Int
    let year: Int
    let month: Int
    let day: Int
    let hour: Int
    let minute: Int
    let second: Int

    init(unixSeconds: Int) {
        daysSinceEpoch = unixSeconds / 86_400
        let inDay = unixSeconds % 86_400
        hour = inDay / 3600
        minute = inDay / 60 % 60
        second = inDay % 60
        // Days since 0000-03-01, so that the leap day ends a year (the usual civil calendar arithmetic).
        let shifted = daysSinceEpoch + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}

extension Int {
    fileprivate var twoDigits: String { self < 10 ? "0\(self)" : "\(self)" }
}
