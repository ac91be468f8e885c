// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What a token is remembered by: its authentication code under a secret of this process.
///
/// SipHash-2-4 with 128 bits is made for short texts that strangers choose: who does not know the secret cannot find a
/// text with the code of another, nor learn anything of a token from its code. So nothing that could be used as a token
/// is kept, as with a cryptographic hash, at a third of its time; and every request of everybody pays that time.
struct TokenKey: Sendable, Hashable {
    /// One for each memory of tokens, forgotten with it.
    struct Secret: Sendable {
        fileprivate let words: (UInt64, UInt64)

        init() {
            var generator = SystemRandomNumberGenerator()
            words = (generator.next(), generator.next())
        }

        /// For test vectors.
        init(_ first: UInt64, _ second: UInt64) { words = (first, second) }
    }

    private let words: (UInt64, UInt64)

    init(_ token: Substring, _ secret: Secret) {
        let contiguous = token.utf8.withContiguousStorageIfAvailable {
            SipHash.code(of: UnsafeRawBufferPointer($0), secret.words)
        }
        words = contiguous ?? Array(token.utf8).withUnsafeBytes { SipHash.code(of: $0, secret.words) }
    }

    /// As SipHash writes it.
    var bytes: [UInt8] {
        [words.0, words.1].flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
    }

    static func == (left: TokenKey, right: TokenKey) -> Bool { left.words == right.words }

    func hash(into hasher: inout Hasher) {
        // Uniform already, and nobody can choose it.
        hasher.combine(words.0)
    }
}

/// SipHash-2-4 with 128 bits of result (Aumasson and Bernstein, "SipHash: a fast short-input PRF").
private struct SipHash {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64

    private init(_ key: (UInt64, UInt64)) {
        v0 = key.0 ^ 0x736F_6D65_7073_6575
        v1 = key.1 ^ 0x646F_7261_6E64_6F6D ^ 0xEE
        v2 = key.0 ^ 0x6C79_6765_6E65_7261
        v3 = key.1 ^ 0x7465_6462_7974_6573
    }

    static func code(of text: UnsafeRawBufferPointer, _ key: (UInt64, UInt64)) -> (UInt64, UInt64) {
        var state = SipHash(key)
        let end = text.count & ~7
        var offset = 0
        while offset < end {
            state.compress(UInt64(littleEndian: text.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset &+= 8
        }
        var last = UInt64(truncatingIfNeeded: text.count) << 56
        for (index, byte) in text[end...].enumerated() { last |= UInt64(byte) << UInt64(8 * index) }
        state.compress(last)
        state.v2 ^= 0xEE
        let first = state.finish()
        state.v1 ^= 0xDD
        return (first, state.finish())
    }

    @inline(__always)
    private mutating func compress(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    private mutating func finish() -> UInt64 {
        for _ in 0..<4 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }

    @inline(__always)
    private mutating func round() {
        v0 &+= v1
        v1 = (v1 &<< 13 | v1 &>> 51) ^ v0
        v0 = v0 &<< 32 | v0 &>> 32
        v2 &+= v3
        v3 = (v3 &<< 16 | v3 &>> 48) ^ v2
        v0 &+= v3
        v3 = (v3 &<< 21 | v3 &>> 43) ^ v0
        v2 &+= v1
        v1 = (v1 &<< 17 | v1 &>> 47) ^ v2
        v2 = v2 &<< 32 | v2 &>> 32
    }
}
