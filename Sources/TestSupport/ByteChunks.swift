// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
package import NIOCore

/// Ways to cut the same bytes into chunks, and seeded mutations of them.
package enum ByteChunks {
    /// The input whole, cut in two at every position, and byte by byte.
    package static func everySplit(of bytes: [UInt8]) -> [[ByteBuffer]] {
        var result = [[ByteBuffer(bytes: bytes)], bytes.map { ByteBuffer(bytes: [$0]) }]
        for position in bytes.indices.dropFirst() {
            result.append([ByteBuffer(bytes: bytes[..<position]), ByteBuffer(bytes: bytes[position...])])
        }
        return result
    }

    /// Chunks of one byte up to `longest`.
    package static func random(
        _ bytes: [UInt8], longest: Int, using generator: inout SeededGenerator
    ) -> [ByteBuffer] {
        var chunks: [ByteBuffer] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let length = Int.random(in: 1...min(rest.count, longest), using: &generator)
            chunks.append(ByteBuffer(bytes: rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return chunks
    }

    /// Replaces, inserts, removes or repeats a few bytes.
    ///
    /// - Parameter alphabet: bytes that mean something, which are preferred.
    package static func mutate(
        _ bytes: [UInt8], alphabet: [UInt8], using generator: inout SeededGenerator
    ) -> [UInt8] {
        var result = bytes
        for _ in 0..<Int.random(in: 1...5, using: &generator) {
            let position = Int.random(in: 0...result.count, using: &generator)
            let byte =
                Bool.random(using: &generator)
                ? alphabet.randomElement(using: &generator) ?? 0 : UInt8.random(in: 0...255, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0 where position < result.count: result[position] = byte
            case 1 where position < result.count: result.remove(at: position)
            case 2: result.insert(contentsOf: result[position...].prefix(16), at: position)
            default: result.insert(byte, at: position)
            }
        }
        return result
    }

    /// `VMCP_FUZZ_ITERATIONS`, or a count that keeps a debug run short.
    package static var iterations: Int {
        ProcessInfo.processInfo.environment["VMCP_FUZZ_ITERATIONS"].flatMap(Int.init) ?? 1500
    }
}
