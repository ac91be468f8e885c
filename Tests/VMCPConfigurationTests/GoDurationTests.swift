// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

struct GoDurationTests {
    @Test(
        "Durations have the notation of Go",
        arguments: [
            ("0", 0), ("-0", 0), ("1ns", 1), ("2us", 2000), ("2µs", 2000), ("2μs", 2000), ("250ms", 250_000_000),
            ("1.5s", 1_500_000_000), (".5s", 500_000_000), ("1.s", 1_000_000_000), ("+3s", 3_000_000_000),
            ("1m30s", 90_000_000_000), ("1.5h", 5_400_000_000_000), ("-2m", -120_000_000_000),
            ("1h1m1s1ms1us1ns", 3_661_001_001_001), ("0.000000001s", 1), ("1.9999ns", 1),
            ("9223372036854775807ns", Int64.max), ("0.1234567890123456789h", 444_444_440_444),
        ])
    func valid(text: String, nanoseconds: Int64) throws {
        #expect(try GoDuration.parse(text) == .nanoseconds(nanoseconds))
    }

    @Test(
        "What is no duration is refused with the reason",
        arguments: [
            ("", "is empty"), ("+", "is empty"), ("30", "has no unit"), ("1.5", "has no unit"),
            ("1d", "unknown unit \"d\""),
            ("2w", "unknown unit \"w\""), ("s", "is not a duration"), ("1 s", "unknown unit \" s\""),
            (".s", "is not a duration"),
            ("1S", "unknown unit \"S\""), ("--1s", "is not a duration"), ("1s2", "has no unit"), ("00", "has no unit"),
            ("9223372036854775808ns", "is too long"), ("2562048h", "is too long"),
            ("99999999999999999999s", "is too long"), ("9223372036854775807ns1ns", "is too long"),
            ("٣s", "is not a duration"),
        ])
    func invalid(text: String, reason: String) {
        #expect {
            _ = try GoDuration.parse(text)
        } throws: { error in
            (error as? GoDuration.Malformed)?.message.contains(reason) == true
        }
    }

    @Test(
        "Durations are spelt the short way",
        arguments: [
            (Duration.zero, "0s"), (.seconds(90), "1m30s"), (.milliseconds(250), "250ms"), (.seconds(3600), "1h"),
            (.nanoseconds(1_500_000_001), "1s500000001ns"), (.seconds(-5), "-5s"),
        ])
    func text(duration: Duration, expected: String) {
        #expect(GoDuration.text(duration) == expected)
    }

    @Test("A duration key says what to write", arguments: ["30", "[1s]", "soon", "\"\""])
    func inFile(scalar: String) {
        let outcome = LoadOutcome(
            ConfigurationText.with(["operational": "operational: {timeouts: {default: \(scalar)}}"]))
        #expect(outcome.errors.count == 1)
        #expect(outcome.errors.first?.hasPrefix("operational.timeouts.default: ") == true)
    }
}
