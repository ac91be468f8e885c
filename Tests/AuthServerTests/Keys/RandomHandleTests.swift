// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import AuthServer
import Authentication
import Testing

struct RandomHandleTests {
    private let system = SystemRandomSource()

    @Test("base32 handles have 26 characters of the alphabet and all of them occur")
    func base32() {
        let handles = (0..<200).map { _ in RandomHandle.base32(from: system) }
        #expect(handles.allSatisfy { $0.utf8.count == 26 })
        #expect(Set(handles.joined()) == Set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
        #expect(Set(handles).count == 200)
    }

    @Test("base64url handles have 32 bytes")
    func base64URL() {
        let handle = RandomHandle.base64URL(from: system)
        #expect(handle.utf8.count == 43)
        #expect(Base64URL.decode(handle)?.count == 32)
    }

    @Test("UUIDs are of version 4 and variant 1")
    func uuid() {
        for _ in 0..<50 {
            let uuid = RandomHandle.uuid(from: system)
            #expect(uuid.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
        }
    }

    @Test("a source gives as many bytes as asked for", arguments: [0, 1, 7, 8, 9, 32, 33])
    func count(count: Int) {
        #expect(system.bytes(count).count == count)
        #expect(PredictableRandomSource(seed: 1).bytes(count).count == count)
    }

    @Test("one seed gives one sequence and another seed another")
    func predictable() {
        let left = PredictableRandomSource(seed: 1)
        let right = PredictableRandomSource(seed: 1)
        #expect(left.bytes(20) + left.bytes(12) == right.bytes(32))
        #expect(PredictableRandomSource(seed: 2).bytes(32) != PredictableRandomSource(seed: 1).bytes(32))
    }
}
