// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import TestSupport
import Testing

struct Base64URLTests {
    @Test(
        "RFC 4648 section 10, without padding",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ])
    func vectors(plain: String, encoded: String) {
        #expect(Base64URL.encode(plain.utf8) == encoded)
        #expect(Base64URL.decode(encoded) == Array(plain.utf8))
        #expect(Base64URL.encodedCount(ofBytes: plain.utf8.count) == encoded.utf8.count)
    }

    @Test("RFC 7515 appendix C uses the two characters that plain base64 does not have")
    func alphabet() {
        let bytes: [UInt8] = [3, 236, 255, 224, 193]
        #expect(Base64URL.encode(bytes) == "A-z_4ME")
        #expect(Base64URL.decode("A-z_4ME") == bytes)
    }

    @Test(
        "anything but the canonical spelling is refused",
        arguments: [
            "Zg==", "Zg=", "Zh", "Zn", "Zm9", "Zm9=", "A", "Zm9vY", "Zm 9v", "Zm9v\n", " Zm9v", "A+z/4ME", "Zm9v.",
            "Zm9ä",
            "\u{0}AAA", "=", "====",
        ])
    func refused(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test("of all two-character texts exactly 256 are canonical, one for each byte")
    func canonical() {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        var decoded: Set<[UInt8]> = []
        for first in alphabet {
            for second in alphabet {
                guard let bytes = Base64URL.decode("\(first)\(second)") else { continue }
                #expect(decoded.insert(bytes).inserted)
            }
        }
        #expect(decoded.count == 256)
    }

    @Test("encoding agrees with Foundation and decoding is its inverse")
    func differential() {
        var generator = SeededGenerator(seed: 1)
        for length in 0..<200 {
            let bytes = (0..<length).map { _ in UInt8(generator.below(256)) }
            let expected = Data(bytes).base64EncodedString()
                .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
                .replacingOccurrences(of: "=", with: "")
            #expect(Base64URL.encode(bytes) == expected)
            #expect(Base64URL.decode(expected) == bytes)
        }
    }

    @Test("random texts spell as many bytes as were asked for, and no two are alike", arguments: [16, 32])
    func random(count: Int) {
        let texts = (0..<1000).map { _ in Base64URL.random(bytes: count) }
        #expect(texts.allSatisfy { Base64URL.decode($0)?.count == count })
        #expect(Set(texts).count == texts.count)
    }

    @Test("whatever decodes encodes to the same text")
    func mutation() {
        var generator = SeededGenerator(seed: 2)
        let start = Array(Base64URL.encode((0..<50).map { UInt8($0 * 5) }).utf8)
        for _ in 0..<5_000 {
            let text = start.mutated(using: &generator)
            guard let bytes = Base64URL.decode(text) else { continue }
            #expect(Array(Base64URL.encode(bytes).utf8) == text)
        }
    }
}
