// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Backends

@Suite struct HTTP1BytesTests {
    private func equals(_ text: String, _ expected: StaticString) -> Bool {
        Array(text.utf8).withUnsafeBytes { HTTP1Bytes.equals($0, expected) }
    }

    @Test("Names are compared without regard to case, whole")
    func names() {
        for spelling in ["content-length", "Content-Length", "CONTENT-LENGTH", "cOnTeNt-LeNgTh"] {
            #expect(equals(spelling, "content-length"))
        }
        for other in ["", "content-lengtg", "aontent-length", "content_length", "content-length ", "content-lengt"] {
            #expect(!equals(other, "content-length"))
        }
        #expect(equals("TE", "te"))
        #expect(equals("Application/JSON", "application/json"))
        #expect(equals("", ""))
    }

    @Test("Of all that a field may have, only letters have two cases")
    func lookalikes() {
        let text: StaticString = "application/x-9"
        let exact = Array("application/x-9".utf8)
        for place in exact.indices {
            for byte in UInt8(0x20)...0xFF where byte != exact[place] {
                var bytes = exact
                bytes[place] = byte
                let isUpperCase = (0x41...0x5A).contains(byte) && byte | 0x20 == exact[place]
                #expect(bytes.withUnsafeBytes { HTTP1Bytes.equals($0, text) } == isUpperCase)
            }
            var bytes = exact
            bytes[place] = 0x09
            #expect(!bytes.withUnsafeBytes { HTTP1Bytes.equals($0, text) })
        }
    }

    @Test("A token ends, and plain text ends, at the first byte that it may not have", arguments: 0..<20)
    func ends(_ length: Int) {
        let start = [UInt8](repeating: UInt8(ascii: "~"), count: length)
        for byte in UInt8.min...UInt8.max {
            let bytes = start + [byte] + start
            let isToken = String(decoding: [byte], as: UTF8.self).first.map {
                $0.isASCII && ($0.isLetter || $0.isNumber || "!#$%&'*+-.^_`|~".contains($0))
            }
            let tokenEnd = byte < 128 && isToken == true ? bytes.count : length
            #expect(bytes.withUnsafeBytes { HTTP1Bytes.endOfToken(in: $0, from: 0) } == tokenEnd)
            let plainEnd = byte >= 0x20 && byte < 0x7F ? bytes.count : length
            #expect(bytes.withUnsafeBytes { HTTP1Bytes.endOfPlainText(in: $0, from: 0) } == plainEnd)
            #expect(bytes.withUnsafeBytes { HTTP1Bytes.endOfPlainText(in: $0, from: length) } == plainEnd)
        }
    }
}
