// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ExampleBackend

@Suite struct TimestampTests {
    @Test(
        "Points in time are spelled as ISO 8601 has it",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_868_799_000, "2000-02-29T23:59:59.000Z"), (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_709_164_800_007, "2024-02-29T00:00:00.007Z"), (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (1_785_196_800_000, "2026-07-28T00:00:00.000Z"),
            (-5, "1970-01-01T00:00:00.000Z"),
        ])
    func text(milliseconds: Int, text: String) {
        #expect(Timestamp.text(milliseconds: milliseconds) == text)
    }

    @Test func `Time goes on`() {
        let first = Timestamp.now()
        #expect(first > "2026-01-01" && Timestamp.now() >= first)
    }
}
