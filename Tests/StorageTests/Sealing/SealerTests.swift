// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Storage

@Suite("Sealed rows")
struct SealerTests {
    private let first = SealingKey()
    private let second = SealingKey()
    private let tokens = StorageTable("tokens")
    private let text = Array("a refresh token".utf8)

    private var key: StorageKey { StorageKey(tokens, "a") }

    @Test("what was sealed opens", arguments: [0, 1, 15, 16, 17, 4096, 1 << 20])
    func roundTrip(size: Int) throws {
        let sealer = try Sealer(keys: [first])
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        let envelope = try sealer.seal(bytes, for: key)
        #expect(envelope.count == size + Sealer.overhead)
        #expect(try sealer.open(envelope, for: key) == bytes)
        #expect(!sealer.isStale(envelope))
    }

    @Test("the envelope is the one that is documented")
    func knownAnswer() throws {
        // Made with another implementation (pyca/cryptography: HKDF and AESGCM) from the description of `Sealer`.
        let expected =
            "01642cc0777dcab2886465666768696a6b6c6d6e6f707172737475767778797a7b"
            + "08fa6ce4b75ed1f39aaf25fa4bd42f5e7d7dd34e554c48"
        let key = try #require(SealingKey(bytes: 0..<32))
        let row = StorageKey(tokens, "a:é")
        let envelope = try Sealer(keys: [key]).seal(Array("the row".utf8), for: row, nonce: Array(100..<124))
        #expect(envelope.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == expected)
        #expect(try Sealer(keys: [key]).open(envelope, for: row) == Array("the row".utf8))
    }

    @Test("any changed bit is noticed")
    func tampered() throws {
        let sealer = try Sealer(keys: [first, second])
        let envelope = try sealer.seal(text, for: key)
        for index in envelope.indices {
            for bit in 0..<8 {
                var changed = envelope
                changed[index] ^= 1 << UInt8(bit)
                #expect(throws: SealingError.self, "bit \(bit) of byte \(index)") { try sealer.open(changed, for: key) }
            }
        }
    }

    @Test("an envelope that was cut or lengthened is noticed")
    func cut() throws {
        let sealer = try Sealer(keys: [first])
        let envelope = try sealer.seal(text, for: key)
        for count in 0..<envelope.count {
            let expected: SealingError = count < Sealer.overhead ? .malformed : .notAuthentic
            #expect(throws: expected) { try sealer.open(Array(envelope.prefix(count)), for: key) }
        }
        #expect(throws: SealingError.notAuthentic) { try sealer.open(envelope + [0], for: key) }
        #expect(throws: SealingError.malformed) { try sealer.open([2] + envelope.dropFirst(), for: key) }
    }

    @Test("a row does not open in another row's place")
    func swapped() throws {
        let sealer = try Sealer(keys: [first])
        let envelope = try sealer.seal(text, for: key)
        for other in [
            StorageKey(tokens, "b"), StorageKey(StorageTable("token"), "sa"), StorageKey(StorageTable("codes"), "a"),
            StorageKey(tokens, "a\u{0}"), StorageKey(tokens, ""), StorageKey(StorageTable("tokensa"), ""),
        ] {
            #expect(throws: SealingError.notAuthentic, "\(other)") { try sealer.open(envelope, for: other) }
        }
        let composed = try sealer.seal(text, for: StorageKey(tokens, "é"))
        #expect(throws: SealingError.notAuthentic) { try sealer.open(composed, for: StorageKey(tokens, "e\u{301}")) }
        #expect(try sealer.open(envelope, for: StorageKey(StorageTable("tokens", capacity: 5), "a")) == text)
    }

    @Test("the first key seals and all of them open, so that keys can be changed")
    func rotation() throws {
        let old = try Sealer(keys: [first]).seal(text, for: key)
        let both = try Sealer(keys: [second, first])
        #expect(try both.open(old, for: key) == text)
        #expect(both.isStale(old))
        let new = try both.seal(text, for: key)
        #expect(!both.isStale(new))
        let after = try Sealer(keys: [second])
        #expect(try after.open(new, for: key) == text)
        #expect(throws: SealingError.unknownKey(id: first.id)) { try after.open(old, for: key) }
    }

    @Test("another key with the same id does not open")
    func forged() throws {
        let envelope = try Sealer(keys: [first]).seal(text, for: key)
        var forged = envelope
        for index in 0..<8 { forged[1 + index] = UInt8(truncatingIfNeeded: second.id >> UInt64(56 - 8 * index)) }
        #expect(throws: SealingError.notAuthentic) { try Sealer(keys: [second]).open(forged, for: key) }
    }

    @Test("sealing the same row twice shows nothing of that")
    func random() throws {
        let sealer = try Sealer(keys: [first])
        let envelopes = try (0..<100).map { _ in try sealer.seal(text, for: key) }
        #expect(Set(envelopes).count == 100)
        #expect(Set(envelopes.map { Array($0[9..<33]) }).count == 100, "nonces")
        for envelope in envelopes { #expect(envelope.suffix(from: 33).firstRange(of: text) == nil) }
    }

    @Test("a ring has one key at least, no key twice, and an end")
    func rings() throws {
        #expect(throws: SealingError.keyCount(0)) { try Sealer(keys: []) }
        #expect(throws: SealingError.repeatedKey(id: first.id)) { try Sealer(keys: [first, second, first]) }
        let many = (0...Sealer.maximumKeys).map { _ in SealingKey() }
        #expect(throws: SealingError.keyCount(17)) { try Sealer(keys: many) }
        _ = try Sealer(keys: Array(many.dropLast()))
    }

    @Test("a key has 32 bytes that are not all zero")
    func keys() {
        for count in [0, 16, 31, 33] { #expect(SealingKey(bytes: [UInt8](repeating: 1, count: count)) == nil) }
        #expect(SealingKey(bytes: [UInt8](repeating: 0, count: 32)) == nil)
        #expect(
            SealingKey(bytes: [UInt8](repeating: 1, count: 32))?.id
                == SealingKey(bytes: [UInt8](repeating: 1, count: 32))?.id)
        #expect(first.id != second.id)
    }

    @Test("no way of printing shows a key")
    func hidden() throws {
        let key = try #require(SealingKey(bytes: [UInt8](repeating: 0xAB, count: 32)))
        let sealer = try Sealer(keys: [key])
        var dumped = ""
        dump(key, to: &dumped)
        dump(sealer, to: &dumped)
        for text in ["\(key)", String(reflecting: key), "\(sealer)", String(reflecting: sealer), dumped] {
            #expect(!text.contains("171") && !text.lowercased().contains("abab"), "\(text)")
        }
    }
}
