// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Gateway

@Suite struct TimeTextTests {
    @Test(
        "RFC 9110 §5.6.7: Date has this form",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (1_000_000_000, "Sun, 09 Sep 2001 01:46:40 GMT"),
        ])
    func date(_ seconds: Int, _ text: String) {
        #expect(HTTPDate.render(seconds) == text)
    }

    @Test(
        "RFC 3339: times have milliseconds and are UTC",
        arguments: [
            (Int64?.none, "0001-01-01T00:00:00Z"), (0, "1970-01-01T00:00:00.000Z"), (5, "1970-01-01T00:00:00.005Z"),
            (1_767_323_045_678, "2026-01-02T03:04:05.678Z"), (951_868_799_099, "2000-02-29T23:59:59.099Z"),
        ])
    func rfc3339(_ milliseconds: Int64?, _ text: String) {
        #expect(RFC3339.render(milliseconds) == text)
    }

    @Test("Every day from 1970 to 2400 follows the one before it")
    func calendar() {
        func length(_ month: Int, _ year: Int) -> Int {
            switch month {
            case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
            case 4, 6, 9, 11: 30
            default: 31
            }
        }
        var (year, month, day) = (1970, 1, 1)
        for number in 0..<157_055 {
            let date = CivilDate(unixSeconds: number * 86_400 + 86_399)
            guard (date.year, date.month, date.day) == (year, month, day) else {
                Issue.record("day \(number) is \(year)-\(month)-\(day), not \(date.year)-\(date.month)-\(date.day)")
                return
            }
            day += 1
            if day > length(month, year) { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
        #expect(year == 2400)
    }

    @Test("The date is rendered from the clock")
    func refresh() {
        var date = HTTPDate()
        #expect(date.text.isEmpty)
        date.refresh()
        #expect(date.text.hasSuffix(" GMT"))
        #expect(date.text.utf8.count == 29)
    }
}
