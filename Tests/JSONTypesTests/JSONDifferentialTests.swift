// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import NIOCore
import TestSupport
import Testing

/// Compares with `JSONSerialization`, which is another hand's reading of RFC 8259.
///
/// Where `JSONSerialization` goes its own way the comparison is left out, see `JSONSerializationDifference`.
@Suite("JSON compared with JSONSerialization")
struct JSONDifferentialTests {
    @Test(
        "Random documents and broken ones are accepted or refused alike and decode alike",
        arguments: 0..<4 as Range<UInt64>)
    func agrees(_ seed: UInt64) throws {
        var generator = JSONTextGenerator(seed: seed)
        var accepted = 0
        var refused = 0
        for round in 0..<1500 {
            var bytes = generator.document()
            if round % 3 != 0 { generator.mutate(&bytes) }
            if try compare(bytes) { accepted += 1 } else { refused += 1 }
        }
        #expect(accepted > 500)
        #expect(refused > 300)
    }

    @Test(
        "The grammar tables are accepted or refused alike",
        arguments: JSONGrammarTests.accepted.map(\.text) + JSONGrammarTests.refused.map(\.text))
    func agreesOnTables(_ text: String) throws {
        _ = try compare(Array(text.utf8))
    }

    @Test("Malformed UTF-8 is refused by both", arguments: JSONUTF8Tests.malformed)
    func agreesOnUTF8(_ sequence: [UInt8]) throws {
        let accepted = try compare([0x22] + sequence + [0x22])
        #expect(!accepted)
    }

    @Test("The differences that are left out exist")
    func differs() throws {
        for text in [#""\ud800""#, "1e400"] {
            #expect(throws: Never.self) { try json(text) }
            #expect(throws: (any Error).self) { try foundation(Array(text.utf8)) }
        }
        #expect(throws: JSONError.self) { try json("\u{FEFF}1") }
        #expect(throws: Never.self) { try foundation(Array("\u{FEFF}1".utf8)) }
        #expect(throws: JSONError.self) { try json("[1,]") }
        #expect(throws: Never.self) { try foundation(Array("[1,]".utf8)) }
        #expect(throws: JSONError.self) { try json("1\0") }
        #expect(throws: Never.self) { try foundation(Array("1\0".utf8)) }
    }

    /// - Returns: whether we accept the text.
    private func compare(_ bytes: [UInt8]) throws -> Bool {
        // JSONSerialization nests up to 512 levels.
        let ours = try? JSONSlice(validating: ByteBuffer(bytes: bytes), limits: JSONLimits(depth: 512))
        let theirs = try? foundation(bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        let value = ours?.value
        func applies(_ differences: [JSONSerializationDifference]) -> Bool {
            differences.contains { $0.applies(to: bytes, decoding: value) }
        }
        switch (ours, theirs) {
        case (let ours?, let theirs?):
            if !applies([.byteOrderMarkInString, .duplicateKey]) {
                #expect(sameValue(ours.value, theirs), "different values for \(text.debugDescription)")
            }
        case (_?, nil):
            #expect(applies([.loneSurrogate, .beyondDouble]), "only we accept \(text.debugDescription)")
        case (nil, _?):
            #expect(applies([.encodingDetection, .trailingComma]), "only Foundation accepts \(text.debugDescription)")
        case (nil, nil):
            break
        }
        return ours != nil
    }

    private func foundation(_ bytes: [UInt8]) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
    }

    private func sameValue(_ ours: JSONValue, _ theirs: Any) -> Bool {
        switch ours {
        case .null: theirs is NSNull
        case .bool(let value): (theirs as? Bool) == value
        case .string(let value): (theirs as? String).map { Array($0.utf8) == Array(value.utf8) } ?? false
        case .number(let value): sameNumber(value, theirs)
        case .array(let elements):
            (theirs as? [Any]).map { $0.count == elements.count && zip(elements, $0).allSatisfy(sameValue) } ?? false
        case .object(let object):
            (theirs as? [String: Any]).map { dictionary in
                dictionary.count == object.count
                    && object.allSatisfy { key, value in dictionary[key].map { sameValue(value, $0) } ?? false }
            } ?? false
        case .slice: false
        }
    }

    private func sameNumber(_ ours: JSONNumber, _ theirs: Any) -> Bool {
        guard let theirs = theirs as? NSNumber, let double = ours.double else { return false }
        // Foundation reads long numbers as decimals, whose conversion to Double is not exact.
        let tolerance = ours.text.count > 16 ? abs(double) * 1e-13 : 0
        guard abs(theirs.doubleValue - double) <= tolerance else { return false }
        // An integer spelled as such is exact on both sides; other spellings are doubles over there.
        guard let int = ours.int, !ours.text.contains(where: { ".eE".contains($0) }) else { return true }
        return theirs.int64Value == Int64(int)
    }
}
