// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import Foundation
import Testing

struct DPoPNonceTests {
    private let start = Date(timeIntervalSince1970: 1_800_000_000)
    private let secret = SymmetricKey(data: [UInt8](repeating: 7, count: 32))

    @Test(
        "a nonce is fresh, then aging, then stale",
        arguments: [
            (-61.0, DPoPNonces.State.stale), (-60, .fresh), (0, .fresh), (149, .fresh), (150, .aging), (300, .aging),
            (301, .stale), (1e9, .stale),
        ])
    func life(age: TimeInterval, state: DPoPNonces.State) {
        let nonces = DPoPNonces(secret: secret)
        let nonce = nonces.issue(now: start)
        #expect(nonces.check(nonce, now: start.addingTimeInterval(age)) == state)
    }

    @Test("replicas with one secret accept each other's nonces, others do not")
    func replicas() {
        let nonce = DPoPNonces(secret: secret).issue(now: start)
        #expect(DPoPNonces(secret: secret).check(nonce, now: start) == .fresh)
        #expect(DPoPNonces(secret: SymmetricKey(size: .bits256)).check(nonce, now: start) == .stale)
    }

    @Test("after a rotation the old secret's nonces are still good, and new ones are the new secret's")
    func rotation() {
        let old = DPoPNonces(secret: secret)
        let newSecret = SymmetricKey(size: .bits256)
        let rotated = DPoPNonces(secret: newSecret, retired: [secret])
        #expect(rotated.check(old.issue(now: start), now: start) == .fresh)
        #expect(old.check(rotated.issue(now: start), now: start) == .stale)
        #expect(DPoPNonces(secret: newSecret).check(rotated.issue(now: start), now: start) == .fresh)
    }

    @Test("a nonce fits into one header value")
    func form() {
        let nonce = DPoPNonces(secret: secret).issue(now: start)
        #expect(nonce.utf8.count == 34)
        #expect(Base64URL.decode(nonce) != nil)
    }

    @Test("every changed character makes a nonce stale")
    func tampered() {
        let nonces = DPoPNonces(secret: secret)
        let nonce = Array(nonces.issue(now: start).utf8)
        for index in nonce.indices {
            for character in "Aa0-_=. ".utf8 where nonce[index] != character {
                var changed = nonce
                changed[index] = character
                #expect(nonces.check(String(decoding: changed, as: UTF8.self), now: start) == .stale)
            }
        }
        for bytes in [[], nonce.dropLast(), nonce + [0x41]] {
            #expect(nonces.check(String(decoding: bytes, as: UTF8.self), now: start) == .stale)
        }
    }
}
