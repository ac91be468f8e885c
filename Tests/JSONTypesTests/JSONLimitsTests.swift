// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@Suite("JSON limits")
struct JSONLimitsTests {
    @Test("The standard limits are 128 levels, 16 MiB strings and two million values")
    func standardLimits() {
        #expect(JSONLimits.standard == JSONLimits(depth: 128, stringBytes: 16 << 20, values: 2_000_000))
    }

    @Test(
        "Containers may nest up to the depth and not one deeper",
        arguments: [1, 2, 63, 64, 65, 127, 128, 129, 192, 1000])
    func boundsDepth(_ depth: Int) throws {
        let limits = JSONLimits(depth: depth)
        let arrays = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(try JSONSlice(validating: ByteBuffer(string: arrays), limits: limits).description == arrays)
        #expect(throws: JSONError(reason: .tooDeep(limit: depth), offset: depth)) {
            try JSONSlice(validating: ByteBuffer(string: "[" + arrays + "]"), limits: limits)
        }
        let objects = String(repeating: #"{"k":"#, count: depth) + "1" + String(repeating: "}", count: depth)
        #expect(try JSONSlice(validating: ByteBuffer(string: objects), limits: limits).description == objects)
        #expect(throws: JSONError(reason: .tooDeep(limit: depth), offset: 5 * depth)) {
            let text = objects.replacing("1", with: "{}")
            return try JSONSlice(validating: ByteBuffer(string: text), limits: limits)
        }
    }

    @Test("A depth of zero allows scalars only")
    func allowsScalarsAtDepthZero() throws {
        let limits = JSONLimits(depth: 0)
        #expect(try JSONSlice(validating: ByteBuffer(string: "1"), limits: limits).int == 1)
        #expect(throws: JSONError(reason: .tooDeep(limit: 0), offset: 0)) {
            try JSONSlice(validating: ByteBuffer(string: "{}"), limits: limits)
        }
    }

    @Test(
        "The kind of each open container is remembered across every level",
        arguments: [1, 63, 64, 65, 66, 128, 129, 200])
    func remembersKinds(_ depth: Int) throws {
        let limits = JSONLimits(depth: depth)
        let isObject = (0..<depth).map { $0 % 3 == 1 }
        let opening = isObject.map { $0 ? #"{"k":"# : "[" }.joined()
        let closing = isObject.reversed().map { $0 ? "}" : "]" }
        _ = try JSONSlice(validating: ByteBuffer(string: opening + "1" + closing.joined()), limits: limits)
        for wrong in closing.indices {
            var closing = closing
            closing[wrong] = closing[wrong] == "}" ? "]" : "}"
            #expect(throws: JSONError.self) {
                try JSONSlice(validating: ByteBuffer(string: opening + "1" + closing.joined()), limits: limits)
            }
        }
    }

    @Test("Siblings do not count as depth")
    func ignoresSiblings() throws {
        let text = "[" + Array(repeating: "[[]]", count: 500).joined(separator: ",") + "]"
        _ = try JSONSlice(validating: ByteBuffer(string: text), limits: JSONLimits(depth: 3))
    }

    @Test("A string may take the limit in bytes as spelled and not one more", arguments: [0, 1, 7, 8, 9, 100])
    func boundsStrings(_ limit: Int) throws {
        let limits = JSONLimits(stringBytes: limit)
        let longest = String(repeating: "x", count: limit)
        _ = try JSONSlice(validating: ByteBuffer(string: #"["\#(longest)"]"#), limits: limits)
        #expect(throws: JSONError(reason: .stringTooLong(limit: limit), offset: 1)) {
            try JSONSlice(validating: ByteBuffer(string: #"["\#(longest)y"]"#), limits: limits)
        }
    }

    @Test("Keys, escapes and multi-byte characters are measured as they are spelled")
    func measuresSpelling() throws {
        let limits = JSONLimits(stringBytes: 6)
        _ = try JSONSlice(validating: ByteBuffer(string: #"{"\u0061":"ééé"}"#), limits: limits)
        for text in [#"{"\u0061b":1}"#, #"{"ééé!":1}"#, #"{"a":"\u0061b"}"#] {
            #expect(throws: JSONError.self) { try JSONSlice(validating: ByteBuffer(string: text), limits: limits) }
        }
    }

    @Test("The number of values is bounded, keys not counted")
    func boundsValues() throws {
        let limits = JSONLimits(values: 5)
        _ = try JSONSlice(validating: ByteBuffer(string: #"{"a":[1,2],"b":{}}"#), limits: limits)
        #expect(throws: JSONError(reason: .tooManyValues(limit: 5), offset: 22)) {
            try JSONSlice(validating: ByteBuffer(string: #"{"a":[1,2],"b":{},"c":0}"#), limits: limits)
        }
        #expect(throws: JSONError(reason: .tooManyValues(limit: 5), offset: 11)) {
            try JSONSlice(validating: ByteBuffer(string: "[0,0,0,0,  0,0]"), limits: limits)
        }
    }

    @Test("The standard limits refuse a megabyte of brackets and a string above 16 MiB")
    func refusesBeyondStandard() {
        let limits = JSONLimits.standard
        #expect(throws: JSONError(reason: .tooDeep(limit: 128), offset: 128)) {
            try JSONSlice(validating: ByteBuffer(repeating: 0x5B, count: 1_000_000))
        }
        #expect(throws: JSONError(reason: .stringTooLong(limit: limits.stringBytes), offset: 0)) {
            var buffer = ByteBuffer(repeating: 0x61, count: limits.stringBytes + 3)
            buffer.setInteger(UInt8(0x22), at: 0)
            buffer.setInteger(UInt8(0x22), at: buffer.readableBytes - 1)
            return try JSONSlice(validating: buffer)
        }
    }
}
