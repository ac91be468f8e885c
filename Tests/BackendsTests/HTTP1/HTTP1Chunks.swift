// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

/// Ways to cut the same bytes into chunks, and seeded mutations of them.
enum HTTP1Chunks {
    /// The input whole, cut in two at every position, and byte by byte.
    static func everySplit(of bytes: [UInt8]) -> [[ByteBuffer]] {
        var result = [[ByteBuffer(bytes: bytes)], bytes.map { ByteBuffer(bytes: [$0]) }]
        for position in bytes.indices.dropFirst() {
            result.append([ByteBuffer(bytes: bytes[..<position]), ByteBuffer(bytes: bytes[position...])])
        }
        return result
    }

    static func random(_ bytes: [UInt8], using generator: inout HTTP1Generator) -> [ByteBuffer] {
        var chunks: [ByteBuffer] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let length = Int.random(in: 1...min(rest.count, 40), using: &generator)
            chunks.append(ByteBuffer(bytes: rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return chunks
    }

    /// Replaces, inserts, removes or repeats a few bytes, preferring those that mean something.
    static func mutate(_ bytes: [UInt8], using generator: inout HTTP1Generator) -> [UInt8] {
        let alphabet = Array("\r\n\r\n: \t\u{0}0123456789abcdefF;,=HTTP/".utf8)
        var result = bytes
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let position = Int.random(in: 0...result.count, using: &generator)
            let byte =
                Bool.random(using: &generator)
                ? alphabet.randomElement(using: &generator) ?? 0 : UInt8.random(in: 0...255, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0 where position < result.count: result[position] = byte
            case 1 where position < result.count: result.remove(at: position)
            case 2: result.insert(contentsOf: result[position...].prefix(20), at: position)
            default: result.insert(byte, at: position)
            }
        }
        return result
    }

    /// `VMCP_FUZZ_ITERATIONS`, or a count that keeps a debug run short.
    static var iterations: Int {
        ProcessInfo.processInfo.environment["VMCP_FUZZ_ITERATIONS"].flatMap(Int.init) ?? 1500
    }
}

/// A small seeded generator (SplitMix64), so that a failure can be repeated.
struct HTTP1Generator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
