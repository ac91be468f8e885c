// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@Suite("UTF-8 in JSON strings")
struct JSONUTF8Tests {
    /// Sequences outside Unicode table 3-7.
    static let malformed: [[UInt8]] = [
        [0x80], [0xBF], [0xC0], [0xC0, 0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xC2, 0xC2],
        [0xDF, 0x7F], [0xDF, 0xC0], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xE0, 0xA0], [0xE1, 0x80],
        [0xE1, 0x80, 0x41], [0xE1, 0x80, 0xC0], [0xE2, 0x28, 0xA1], [0xED, 0xA0, 0x80], [0xED, 0xAF, 0xBF],
        [0xED, 0xB0, 0x80], [0xED, 0xBF, 0xBF], [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], [0xEF, 0xBF],
        [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F], [0xF0, 0x9F, 0x98],
        [0xF0, 0x9F, 0x98, 0x41], [0xF0, 0x9F, 0x41, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
        [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFC, 0x84, 0x80, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xFF, 0xFE],
    ]

    @Test("A malformed sequence is refused wherever it lies in a string", arguments: malformed)
    func refuses(_ sequence: [UInt8]) {
        for before in 0...9 {
            for after in [0, 1, 3, 8, 9] {
                let prefix = [0x22] + [UInt8](repeating: 0x61, count: before)
                let text = prefix + sequence + [UInt8](repeating: 0x62, count: after) + [0x22]
                #expect(throws: JSONError(reason: .invalidUTF8, offset: prefix.count)) {
                    try JSONSlice(validating: ByteBuffer(bytes: text))
                }
            }
        }
    }

    @Test("A malformed sequence after a well-formed one is refused at its own offset", arguments: malformed)
    func refusesAfterWellFormed(_ sequence: [UInt8]) {
        let prefix = [0x22] + Array("é日😀".utf8)
        #expect(throws: JSONError(reason: .invalidUTF8, offset: prefix.count)) {
            try JSONSlice(validating: ByteBuffer(bytes: prefix + sequence + [0x22]))
        }
    }

    @Test("A malformed sequence is refused in keys too", arguments: malformed)
    func refusesInKeys(_ sequence: [UInt8]) {
        #expect(throws: JSONError(reason: .invalidUTF8, offset: 2)) {
            try JSONSlice(validating: ByteBuffer(bytes: [0x7B, 0x22] + sequence + Array(#"":1}"#.utf8)))
        }
    }

    @Test("The first and last character of each length and each gap is accepted")
    func acceptsBoundaries() throws {
        let boundaries: [UInt32] = [
            0x20, 0x7F, 0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xCFFF, 0xD000, 0xD7FF, 0xE000, 0xFFFF, 0x1_0000, 0x3_FFFF,
            0x4_0000, 0xF_FFFF, 0x10_0000, 0x10_FFFF,
        ]
        for before in 0...9 {
            for scalar in boundaries.compactMap(Unicode.Scalar.init) {
                let text = String(repeating: "a", count: before) + String(Character(scalar)) + "b"
                let slice = try JSONSlice(validating: ByteBuffer(string: "\"\(text)\""))
                #expect(slice.string == text)
            }
        }
    }

    @Test("A text that ends inside a sequence is refused without reading on")
    func refusesTruncatedText() {
        for sequence in [[0xC3], [0xE6, 0x97], [0xF0, 0x9F, 0x98]] as [[UInt8]] {
            #expect(throws: JSONError(reason: .invalidUTF8, offset: 1)) {
                try JSONSlice(validating: ByteBuffer(bytes: [0x22] + sequence))
            }
        }
    }

    @Test("Bytes outside ASCII are refused outside strings")
    func refusesOutsideStrings() {
        #expect(throws: JSONError(reason: .unexpectedByte(0xC3), offset: 1)) {
            try JSONSlice(validating: ByteBuffer(string: "[é]"))
        }
    }
}
