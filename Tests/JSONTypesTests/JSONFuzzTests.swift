// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import NIOCore
import TestSupport
import Testing

/// Mutates a corpus and checks what must hold for every text.
///
/// `VMCP_FUZZ_ITERATIONS` and `VMCP_FUZZ_SEED` change the number of texts and the seed.
@Suite("JSON fuzzing")
struct JSONFuzzTests {
    static let corpus: [[UInt8]] = [
        #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a_b","arguments":{"x":[1,2.5e3,null]}}}"#,
        #"{"jsonrpc":"2.0","id":"é\n","result":{"content":[{"type":"text","text":"日本😀 \u00e9\uD83D\uDE00"}]}}"#,
        #"{"error":{"code":-32601,"message":"no"},"\u0069d":null,"name":1,"n\u0061me":2}"#,
        #"[true,false,null,0,-0,1e400,123456789012345678901234567890,"",[],{},[[[[1]]]]]"#,
        "{\n  \"name\" : [ 1 , 2 ] ,\r\n\t\"a\" : { } ,        \"b\":\"a long run of plain characters\"\n}",
        #""\"\\\/\b\f\n\r\t\ud800""#,
        "-12.5e-7",
        " true ",
        String(repeating: #"{"k":["#, count: 40) + "0" + String(repeating: "]}", count: 40),
    ].map { Array($0.utf8) }

    private static func setting(_ name: String, default value: UInt64) -> UInt64 {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? value
    }

    /// What no text may bring about.
    struct Violation: Error, CustomStringConvertible {
        let rule: String
        var description: String { rule }
    }

    @Test("Whatever the bytes: no crash, no look outside, and what is accepted stays valid through every operation")
    func survives() {
        let seed = Self.setting("VMCP_FUZZ_SEED", default: 1)
        var generator = JSONTextGenerator(seed: seed)
        var bytes: [UInt8] = []
        for iteration in 0..<Self.setting("VMCP_FUZZ_ITERATIONS", default: 200_000) {
            if iteration % 4 == 0 || bytes.count > 400 {
                bytes = Self.corpus[generator.random.below(Self.corpus.count)]
            }
            generator.mutate(&bytes)
            do {
                try check(bytes, thoroughly: iteration % 32 == 0)
            } catch {
                let text = String(decoding: bytes, as: UTF8.self).debugDescription
                Issue.record("\(error); seed \(seed), iteration \(iteration): \(text)")
                return
            }
        }
    }

    private func check(_ bytes: [UInt8], thoroughly: Bool) throws {
        let quotes = surrounded(bytes, by: 0x22)
        let outcome = validate(quotes)
        if case .failure(let error) = outcome, !(0...bytes.count).contains(error.offset) {
            throw Violation(rule: "the error lies outside the text")
        }
        guard thoroughly else { return }
        let brackets = surrounded(bytes, by: 0x5D)
        guard validate(brackets) == outcome else { throw Violation(rule: "validation depends on bytes outside") }
        guard try walk(JSONSlice(trusted: quotes)) == walk(JSONSlice(trusted: brackets)) else {
            throw Violation(rule: "navigation depends on bytes outside")
        }
        if case .success(let slice) = outcome { try checkAccepted(slice) }
    }

    private func validate(_ buffer: ByteBuffer) -> Result<JSONSlice, JSONError> {
        Result { () throws(JSONError) in try JSONSlice(validating: buffer) }
    }

    /// The text in the middle of a buffer whose other bytes would lead a reader astray.
    private func surrounded(_ bytes: [UInt8], by byte: UInt8) -> ByteBuffer {
        var buffer = ByteBuffer(repeating: byte, count: 16)
        buffer.writeBytes(bytes)
        buffer.writeRepeatingByte(byte, count: 16)
        return buffer.getSlice(at: 16, length: bytes.count) ?? ByteBuffer()
    }

    /// Uses everything that can be asked of a slice, valid or not, and sums up the answers.
    private func walk(_ slice: JSONSlice) throws -> [String] {
        var answers = slice.members.flatMap { [$0.key.description, $0.value.description] }
        answers += slice.elements.map(\.description)
        answers.append(slice["name"]?.description ?? "-")
        answers.append(slice.member("id")?.description ?? "-")
        answers.append(slice.string ?? "-")
        answers.append("\(slice.kind) \(slice.int ?? -1) \(slice.double ?? -1) \(slice.bool ?? false) \(slice.isNull)")
        answers.append(slice.duplicateKey() ?? "-")
        answers.append("\(slice.isString("name"))")
        answers.append(JSONSlice(slice.value).description)
        let edits = [JSONEdit(key: "name", value: .null), JSONEdit(key: "id", value: nil)]
        answers.append(slice.editing(edits).description)
        return answers
    }

    private func checkAccepted(_ slice: JSONSlice) throws {
        guard validate(slice.bytes) == .success(slice) else { throw Violation(rule: "an accepted slice is refused") }

        var members: [JSONSlice] = []
        let top = try JSONSlice.scanObject(validating: slice.bytes) { _, range in
            members.append(JSONSlice(valueOf: range, in: slice.bytes))
        }
        guard top.kind == slice.kind, members == slice.members.map(\.value) else {
            throw Violation(rule: "the envelope and navigation disagree")
        }

        for part in slice.members.map(\.value) + slice.members.map(\.key) + slice.elements {
            guard validate(part.bytes) == .success(part) else { throw Violation(rule: "a part is not valid by itself") }
        }

        let written = JSONSlice(slice.value)
        guard validate(written.bytes) == .success(written), written.value == slice.value else {
            throw Violation(rule: "the decoded value does not survive being written")
        }

        for value in [nil, JSONSlice(string: "new")] {
            let edited = slice.editing([JSONEdit(key: "name", value: value)])
            guard validate(edited.bytes) == .success(edited) else {
                throw Violation(rule: "an edited slice is refused")
            }
            guard slice.kind != .object || edited["name"] == value else {
                throw Violation(rule: "the edited member does not have its new value")
            }
            let others = slice.members.filter { $0.key.string != "name" }
            guard edited.members.filter({ $0.key.string != "name" }) == others else {
                throw Violation(rule: "an edit changed another member")
            }
        }
    }
}
