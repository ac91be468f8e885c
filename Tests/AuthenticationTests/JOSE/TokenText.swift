// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import JSONTypes
import NIOCore
import TestSupport

/// Builds tokens piece by piece, also ones that nobody should build.
enum TokenText {
    static func part(_ json: String) -> String {
        Base64URL.encode(json.utf8)
    }

    static func compact(_ header: String, _ payload: String, signature: [UInt8] = [1, 2, 3]) -> String {
        "\(part(header)).\(part(payload)).\(Base64URL.encode(signature))"
    }

    /// Signed with ES256, whatever the header says.
    static func signed(_ header: String, _ payload: String, key: P256.Signing.PrivateKey) throws -> String {
        let input = "\(part(header)).\(part(payload))"
        let signature = try key.signature(for: Array(input.utf8)).rawRepresentation
        return "\(input).\(Base64URL.encode(signature))"
    }
}

extension JSONSlice {
    init(text: String) throws {
        try self.init(validating: ByteBuffer(string: text))
    }
}

extension PublicKey {
    init(text: String) throws {
        try self.init(jwk: JSONSlice(text: text))
    }
}

extension [UInt8] {
    /// One to four random edits: a byte flipped, removed, inserted, doubled, or a run cut out.
    func mutated(using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = self
        for _ in 0...generator.below(4) {
            guard !bytes.isEmpty else { return bytes }
            let index = generator.below(bytes.count)
            switch generator.below(5) {
            case 0: bytes[index] ^= UInt8(1 << generator.below(8))
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(UInt8(generator.below(256)), at: index)
            case 3: bytes.insert(bytes[index], at: index)
            default: bytes.removeSubrange(index..<Swift.min(bytes.count, index + 1 + generator.below(16)))
            }
        }
        return bytes
    }
}
