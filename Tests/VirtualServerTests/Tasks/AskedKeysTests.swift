// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import VirtualServer

@Suite struct AskedKeysTests {
    private let keys = AskedKeys()
    private let answer = JSONSlice(["action": "accept"])

    @Test("a question is asked by one, and by another one only when nobody has answered it")
    func claims() {
        #expect(keys.claim("a") == .ask)
        #expect(keys.claim("a") == .leave)
        #expect(keys.claim("b") == .ask)
        keys.unanswered("a")
        #expect(keys.claim("a") == .ask)
        keys.answered("a", answer)
        #expect(keys.claim("a") == .send(answer))
        keys.delivered(["a"])
        #expect(keys.claim("a") == .leave)
        keys.undelivered(["a"])
        #expect(keys.claim("a") == .leave, "once taken is taken")
    }

    @Test("an answer that did not arrive is kept when it is small, and asked for again when it is large")
    func undelivered() {
        for (key, length, expected) in [("a", 100, false), ("b", 70_000, true)] {
            _ = keys.claim(key)
            keys.answered(key, JSONSlice(["content": .string(String(repeating: "x", count: length))]))
            keys.undelivered([key])
            #expect((keys.claim(key) == .ask) == expected)
        }
    }

    @Test("a question whose answer was refused is asked anew, unless another request's answer was taken")
    func refused() {
        for key in ["a", "b"] {
            _ = keys.claim(key)
            keys.answered(key, answer)
            keys.undelivered([key])
        }
        keys.delivered(["b"])
        keys.refused(["a", "b"])
        #expect(keys.claim("a") == .ask)
        #expect(keys.claim("b") == .leave)
        // Being asked anew, it does not count among the answers that did not arrive.
        for number in 0..<AskedKeys.maximumUndelivered {
            let key = "k\(number)"
            _ = keys.claim(key)
            keys.answered(key, answer)
            keys.undelivered([key])
        }
        #expect(keys.claim("a") == .leave)
        #expect(keys.claim("k0") == .send(answer))
    }

    @Test("as many answers that did not arrive are kept as the bound says, the oldest go")
    func undeliveredBound() {
        let all = (0...AskedKeys.maximumUndelivered).map { "k\($0)" }
        for key in all {
            _ = keys.claim(key)
            keys.answered(key, answer)
            keys.undelivered([key])
            keys.undelivered([key])
        }
        #expect(keys.claim("k1") == .send(answer))
        #expect(keys.claim("k0") == .ask)
        keys.delivered(["k1"])
        #expect(keys.claim("k1") == .leave)
    }

    @Test("as many delivered keys are remembered as the bound says, the oldest go")
    func bound() {
        let all = (0...AskedKeys.maximumDelivered).map { "k\($0)" }
        for key in all {
            _ = keys.claim(key)
            keys.answered(key, answer)
        }
        keys.delivered(all)
        #expect(keys.claim("k1") == .leave)
        #expect(keys.claim("k0") == .ask)
    }
}
