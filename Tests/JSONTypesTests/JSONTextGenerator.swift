// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// Writes random well-formed documents and breaks them.
struct JSONTextGenerator {
    var random: SeededGenerator
    private var text: [UInt8] = []

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func document() -> [UInt8] {
        text.removeAll(keepingCapacity: true)
        whiteSpace()
        value(depth: 0)
        whiteSpace()
        return text
    }

    /// Changes a few bytes, or moves, repeats, removes and inserts runs of them.
    mutating func mutate(_ bytes: inout [UInt8]) {
        for _ in 0...random.below(3) {
            guard !bytes.isEmpty else {
                bytes.append(UInt8(truncatingIfNeeded: random.next()))
                continue
            }
            let place = random.below(bytes.count)
            let end = place + random.below(min(8, bytes.count - place) + 1)
            switch random.below(8) {
            case 0: bytes[place] ^= 1 << UInt8(random.below(8))
            case 1: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 2: bytes[place] = Self.telling[random.below(Self.telling.count)]
            case 3: bytes.insert(Self.telling[random.below(Self.telling.count)], at: place)
            case 4: bytes.removeSubrange(place..<end)
            case 5: bytes.insert(contentsOf: bytes[place..<end], at: random.below(bytes.count))
            case 6: bytes.insert(contentsOf: Self.fragments[random.below(Self.fragments.count)], at: place)
            default: bytes.removeSubrange((random.chance(oneIn: 8) ? place : bytes.count - 1)...)
            }
        }
    }

    /// Bytes that mean something to the grammar or to UTF-8.
    private static let telling =
        Array("{}[]\",:\\u0e+-. \n\t\0tfn19".utf8)
        + [0x7F, 0x80, 0xBF, 0xC0, 0xC3, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xFF]

    private static let fragments: [[UInt8]] = [
        "true", "null", "1e5", "-0", "\\u00e9", "\\uD83D\\uDE00", "\\ud800", "\"a\":", ",", "[[", "]]", "{}", "\\\"",
        "é", "😀", "        ", "0123456789", "\"\"",
    ].map { Array($0.utf8) }

    private mutating func write(_ string: String) {
        text.append(contentsOf: string.utf8)
    }

    private mutating func whiteSpace() {
        guard random.chance(oneIn: 5) else { return }
        for _ in 0...random.below(random.chance(oneIn: 6) ? 24 : 3) {
            text.append([0x20, 0x20, 0x20, 0x0A, 0x0D, 0x09][random.below(6)])
        }
    }

    private mutating func value(depth: Int) {
        switch random.below(depth > 6 ? 5 : 9) {
        case 0: write(["true", "false", "null"][random.below(3)])
        case 1, 2: number()
        case 3, 4: string()
        case 5, 6:
            items(closing: "]", opening: "[") { $0.value(depth: depth + 1) }
        default:
            items(closing: "}", opening: "{") { generator in
                generator.string()
                generator.whiteSpace()
                generator.write(":")
                generator.whiteSpace()
                generator.value(depth: depth + 1)
            }
        }
    }

    private mutating func items(closing: String, opening: String, _ item: (inout Self) -> Void) {
        write(opening)
        whiteSpace()
        for index in 0..<random.below(5) {
            if index > 0 {
                write(",")
                whiteSpace()
            }
            item(&self)
            whiteSpace()
        }
        write(closing)
    }

    private mutating func number() {
        if random.chance(oneIn: 3) { write("-") }
        if random.chance(oneIn: 4) {
            write("0")
        } else {
            write(String(1 + random.below(9)))
            for _ in 0..<random.below(random.chance(oneIn: 8) ? 24 : 4) { write(String(random.below(10))) }
        }
        if random.chance(oneIn: 3) {
            write(".")
            for _ in 0...random.below(5) { write(String(random.below(10))) }
        }
        if random.chance(oneIn: 4) {
            write(["e", "E", "e+", "E-", "e-"][random.below(5)])
            for _ in 0...random.below(2) { write(String(random.below(10))) }
        }
    }

    private mutating func string() {
        write("\"")
        for _ in 0..<random.below(random.chance(oneIn: 6) ? 40 : 8) {
            switch random.below(16) {
            case 0: write(["\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t"][random.below(8)])
            case 1: write(["\\u0000", "\\u00e9", "\\u65E5", "\\uD83D\\uDE00", "\\uffff", "\\u006E"][random.below(6)])
            case 2: write(["é", "日", "😀", "\u{7F}", "\u{2028}", "\u{10FFFF}", "\u{FEFF}"][random.below(7)])
            case 3: write("{[,:]} /"[random.below(8)])
            default: text.append(0x61 + UInt8(random.below(26)))
            }
        }
        write("\"")
    }
}

extension String {
    fileprivate subscript(offset: Int) -> String { String(self[index(startIndex, offsetBy: offset)]) }
}
