// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import AuthServer
import Authentication
import Observability
import Synchronization
import Testing

struct GeneratedKeyTests {
    /// Gives fixed answers first, then predictable ones.
    private final class Script: RandomSource {
        private let answers: Mutex<[[UInt8]]>
        private let rest = PredictableRandomSource(seed: 1)

        init(_ answers: [[UInt8]]) {
            self.answers = Mutex(answers)
        }

        func bytes(_ count: Int) -> [UInt8] {
            answers.withLock { $0.isEmpty ? nil : $0.removeFirst() } ?? rest.bytes(count)
        }
    }

    @Test("generated keys are the same after being stored")
    func roundTrip() throws {
        let keys = try GeneratedKeys()
        let stored = try #require(GeneratedKeys(serialized: keys.serialized))
        #expect(stored.signingKey.id == keys.signingKey.id)
        #expect(stored.signingKey.algorithm == .ES256)
        #expect(stored.serialized == keys.serialized)
        let message: [UInt8] = [1, 2, 3]
        let signature = try stored.signingKey.sign(message)
        #expect(keys.signingKey.publicKey.isValid(signature: signature, for: message, algorithm: .ES256))
        let token = OpaqueTokens(secrets: try keys.hmacSecrets()).mint(.refreshToken)
        let tokens = OpaqueTokens(secrets: try stored.hmacSecrets())
        #expect(tokens.verify(token.value.exposed, as: .refreshToken) == token.signature)
    }

    @Test("two sets of generated keys differ")
    func unique() throws {
        #expect(try GeneratedKeys().serialized != GeneratedKeys().serialized)
        #expect(
            try GeneratedKeys(random: PredictableRandomSource(seed: 1)).serialized
                == GeneratedKeys(random: PredictableRandomSource(seed: 1)).serialized)
    }

    @Test("bytes of another form are refused")
    func malformed() throws {
        let good = try GeneratedKeys().serialized
        #expect(good.count == 65)
        #expect(GeneratedKeys(serialized: []) == nil)
        #expect(GeneratedKeys(serialized: Array(good.dropLast())) == nil)
        #expect(GeneratedKeys(serialized: good + [0]) == nil)
        #expect(GeneratedKeys(serialized: [2] + good.dropFirst()) == nil)
        #expect(GeneratedKeys(serialized: [1] + [UInt8](repeating: 0, count: 64)) == nil)
        #expect(GeneratedKeys(serialized: [1] + [UInt8](repeating: 0xFF, count: 64)) == nil)
    }

    @Test("numbers that are no private key are drawn again, and a broken source is noticed")
    func rejection() throws {
        let zero = [UInt8](repeating: 0, count: 32)
        let keys = try GeneratedKeys(random: Script([zero, [UInt8](repeating: 0xFF, count: 32)]))
        #expect(keys.serialized == (try GeneratedKeys(random: PredictableRandomSource(seed: 1)).serialized))
        #expect(throws: SigningKeyError.brokenRandomSource) {
            try GeneratedKeys(random: Script(Array(repeating: zero, count: 64)))
        }
    }

    @Test("nothing prints the secrets")
    func silence() throws {
        let keys = try GeneratedKeys()
        var dumped = ""
        dump(keys, to: &dumped)
        #expect(dumped.contains(keys.signingKey.id))
        #expect(Mirror(reflecting: keys).children.isEmpty)
        #expect("\(keys)" == keys.debugDescription)
    }
}
