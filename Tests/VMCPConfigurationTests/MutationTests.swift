// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VMCPConfiguration

/// A small generator of reproducible numbers (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

struct MutationTests {
    private static let fragments = [
        "null", "~", "[", "]", "{", "}", "*a", "&a ", "<<: ", "- ", "? ", ": ", "\n", "\n  ", "\t", "'", "\"", "|\n",
        ">-\n", "#",
        "!!int ", "!x ", "---\n", "...\n", "0x", "-1", "1e999", "99999999999999999999", "true", "yes", "\u{85}",
        "\u{2028}",
        "\u{FEFF}", "é", "😀", "{{", "}}", "\\u0000", "[[[[[[", "%YAML 1.1\n", "\r", "", ",", "name", "type: ", "\u{0}",
    ]

    private static let values = [
        "null", "[]", "{}", "[null]", "{a: null}", "[[], {}]", "''", "0", "-1", "1.5", "1e400", ".nan", "yes", "x",
        "'0'",
        "{<<: {name: x}}", "[a, a]", "1s", "-1s", "redis", "http://x", "!!int x", "{type: object}", "[{}]",
        "&a [x, *a]",
    ]

    private static let seeds: [String] =
        ExampleFileTests.files.compactMap {
            try? String(contentsOf: SchemaTests.folder.appendingPathComponent($0), encoding: .utf8)
        } + ["", "a", ConfigurationText.with()]

    private static func mutate(_ text: String, _ generator: inout SeededGenerator) -> String {
        var scalars = Array(text.unicodeScalars)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let fragment = Array((fragments.randomElement(using: &generator) ?? "").unicodeScalars)
            let place = Int.random(in: 0...scalars.count, using: &generator)
            let range = place..<min(place + Int.random(in: 0...12, using: &generator), scalars.count)
            switch Int.random(in: 0..<24, using: &generator) {
            case 0: scalars.removeSubrange(place...)
            case 20...:
                // The value of a key becomes something else that is valid YAML.
                guard let colon = scalars[place...].firstIndex(of: ":") else { continue }
                let end = scalars[colon...].firstIndex(of: "\n") ?? scalars.endIndex
                let value = " " + (values.randomElement(using: &generator) ?? "")
                scalars.replaceSubrange((colon + 1)..<end, with: Array(value.unicodeScalars))
            case 1..<5: scalars.removeSubrange(range)
            case 5..<10: scalars.insert(contentsOf: fragment, at: place)
            case 10..<15: scalars.replaceSubrange(range, with: fragment)
            default:
                scalars.insert(contentsOf: scalars[range], at: Int.random(in: 0...scalars.count, using: &generator))
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    /// The lines as the YAML parser counts them, each with its number of characters.
    private static func lines(_ text: String) -> [Int] {
        var lengths = [0]
        var previous: Unicode.Scalar = " "
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where previous == "\r": break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": lengths.append(0)
            default: lengths[lengths.count - 1] += 1
            }
            previous = scalar
        }
        return lengths
    }

    @Test("Mutated files never crash the reader, and a refused one always has a place inside the file")
    func mutations() {
        let iterations = ProcessInfo.processInfo.environment["VMCP_FUZZ_ITERATIONS"].flatMap(Int.init) ?? 3000
        var generator = SeededGenerator(state: 20_260_728)
        var refused = 0
        for _ in 0..<iterations {
            guard let seed = Self.seeds.randomElement(using: &generator) else { return }
            let text = Self.mutate(seed, &generator)
            let outcome = LoadOutcome(text)
            guard outcome.configuration == nil else { continue }
            refused += 1
            let lines = Self.lines(text)
            let places = outcome.problems.compactMap(\.position)
            let isInside = { (place: SourcePosition) in
                (1...lines.count).contains(place.line) && (1...(lines[place.line - 1] + 1)).contains(place.column)
            }
            #expect(!places.isEmpty && places.allSatisfy(isInside), "\(outcome.description)\n\(text.debugDescription)")
            #expect(outcome.problems.allSatisfy { !$0.message.isEmpty })
        }
        #expect(refused > iterations / 10)
    }
}
