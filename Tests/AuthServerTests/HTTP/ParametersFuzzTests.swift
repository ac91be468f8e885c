// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import AuthServer

@Suite struct ParametersFuzzTests {
    @Test("What is encoded is read back, pair by pair, with empty values counting as absent")
    func roundTrip() throws {
        var generator = ClientsGenerator(seed: 3)
        for _ in 0..<2000 {
            let pairs = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                (name: Self.text(&generator), value: Self.text(&generator))
            }
            let encoded = pairs.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }.joined(separator: "&")
            let parameters = try Parameters(parsing: encoded.utf8)
            for name in Set(pairs.map(\.name)) {
                let expected = pairs.filter { $0.name == name && !$0.value.isEmpty }.map(\.value)
                #expect(parameters.all(name) == expected)
                #expect(parameters[name] == expected.first)
                #expect(parameters.isRepeated(name) == (pairs.count { $0.name == name } > 1))
            }
        }
    }

    private static func text(_ generator: inout ClientsGenerator) -> String {
        let scalars = (0..<Int.random(in: 1...6, using: &generator)).compactMap { _ in
            Unicode.Scalar(
                [UInt32.random(in: 0...0x7F, using: &generator), .random(in: 0...0x10FFFF, using: &generator)]
                    .randomElement(using: &generator) ?? 0)
        }
        return String(String.UnicodeScalarView(scalars))
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): String(UnicodeScalar(byte))
            case UInt8(ascii: " "): "+"
            default: "%" + String(format: "%02x", byte)
            }
        }.joined()
    }

    @Test("Any bytes are read or refused, and what is read is within all bounds")
    func anyBytes() {
        var generator = ClientsGenerator(seed: 4)
        let likely: [UInt8] = Array("%%%&&==+a0fF".utf8)
        var read = 0
        for _ in 0..<10_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
                Int.random(in: 0..<4, using: &generator) == 0
                    ? UInt8.random(in: .min ... .max, using: &generator) : likely.randomElement(using: &generator) ?? 0
            }
            guard let parameters = try? Parameters(parsing: bytes) else { continue }
            read += 1
            // A percent sign that starts no escape is never passed on as it is.
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.matches(of: /%/).count == text.matches(of: /%[0-9a-fA-F]{2}/).count)
            #expect(parameters.repeated.allSatisfy(parameters.isRepeated))
        }
        #expect(read > 300)
    }

    @Test("200 parameters are read, 201 are not", arguments: [(200, true), (201, false)])
    func count(count: Int, isRead: Bool) {
        let text = (0..<count).map { "p\($0)=1" }.joined(separator: "&&")
        #expect(((try? Parameters(parsing: text.utf8)) != nil) == isRead)
    }
}
