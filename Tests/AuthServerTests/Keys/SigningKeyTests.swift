// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import AuthServer
import Authentication
import Testing

struct SigningKeyTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let pem: String
        let algorithm: SigningAlgorithm
        /// Computed by other code.
        let id: String
    }

    static let rows: [Row] = [
        Row(testDescription: "RSA, PKCS#1", pem: PEMFixtures.rsaPKCS1, algorithm: .RS256, id: rsa),
        Row(testDescription: "RSA, PKCS#8", pem: PEMFixtures.rsaPKCS8, algorithm: .RS256, id: rsa),
        Row(testDescription: "P-256, SEC1", pem: PEMFixtures.p256SEC1, algorithm: .ES256, id: p256),
        Row(testDescription: "P-256, PKCS#8", pem: PEMFixtures.p256PKCS8, algorithm: .ES256, id: p256),
        Row(testDescription: "P-256, compressed", pem: PEMFixtures.p256Compressed, algorithm: .ES256, id: p256),
        Row(testDescription: "P-256, without public key", pem: PEMFixtures.p256NoPublic, algorithm: .ES256, id: p256),
        Row(testDescription: "P-384, SEC1", pem: PEMFixtures.p384SEC1, algorithm: .ES384, id: p384),
        Row(testDescription: "P-384, PKCS#8", pem: PEMFixtures.p384PKCS8, algorithm: .ES384, id: p384),
        Row(testDescription: "P-521, SEC1", pem: PEMFixtures.p521SEC1, algorithm: .ES512, id: p521),
        Row(testDescription: "P-521, PKCS#8", pem: PEMFixtures.p521PKCS8, algorithm: .ES512, id: p521),
        Row(testDescription: "Ed25519", pem: PEMFixtures.ed25519, algorithm: .EdDSA, id: ed25519),
        Row(testDescription: "Ed25519, RFC 5958", pem: PEMFixtures.ed25519Version2, algorithm: .EdDSA, id: ed25519),
    ]

    private static let rsa = "Odfdf5l8KhA6k1a3KA1NVpR9bgJEe2k1ooweBh-9TFg"
    private static let p256 = "1NaBjLeSwWeyRwcZDSt1--Z2e5JiHnmwihbQ5JQ4gLg"
    private static let p384 = "qALJeN0FstpSsObfFD6XcmISdhFpr9KvuSZ38t6P_tc"
    private static let p521 = "K49D5gYiWbWiYJ_CGb5_VFU3yYT6H8gd2jdLXVZRd9E"
    private static let ed25519 = "7Kd5o4pxK_4svn6TnrsRCZPcBFRaoHIHDK0iVE4Gouc"

    private let message = Array("header.payload".utf8)

    @Test("keys that OpenSSL wrote are read, named by their thumbprint, and sign", arguments: rows)
    func reads(row: Row) throws {
        let key = try SigningKey(pem: Array(row.pem.utf8), source: "test")
        #expect(key.algorithm == row.algorithm)
        #expect(key.publicKey.algorithm == row.algorithm)
        #expect(key.id == row.id)
        let signature = try key.sign(message)
        #expect(key.publicKey.isValid(signature: signature, for: message, algorithm: row.algorithm))
        #expect(!key.publicKey.isValid(signature: signature, for: message + [0], algorithm: row.algorithm))
    }

    @Test(
        "ECDSA and EdDSA signatures always have their full length",
        arguments: [SigningAlgorithm.ES256, .ES512, .EdDSA])
    func length(algorithm: SigningAlgorithm) throws {
        let key = try SigningKey(generating: algorithm)
        let expected = algorithm == .ES512 ? 132 : 64
        for index in 0..<20 {
            #expect(try key.sign([UInt8(index)]).count == expected)
        }
    }

    @Test("an RSA key signs with each algorithm of RSA", arguments: SigningAlgorithm.allCases)
    func rsaAlgorithms(algorithm: SigningAlgorithm) throws {
        let pem = Array(PEMFixtures.rsaPKCS8.utf8)
        guard algorithm.keyType == .rsa else {
            #expect(throws: SigningKeyError.wrongAlgorithm(source: "test", algorithm: algorithm, type: .rsa)) {
                try SigningKey(pem: pem, source: "test", algorithm: algorithm)
            }
            return
        }
        let key = try SigningKey(pem: pem, source: "test", algorithm: algorithm)
        let signature = try key.sign(message)
        #expect(key.publicKey.isValid(signature: signature, for: message, algorithm: algorithm))
    }

    @Test("an algorithm of another curve is refused")
    func wrongCurve() {
        #expect(throws: SigningKeyError.wrongAlgorithm(source: "test", algorithm: .ES384, type: .p256)) {
            try SigningKey(pem: Array(PEMFixtures.p256SEC1.utf8), source: "test", algorithm: .ES384)
        }
    }

    @Test(
        "a new key of each algorithm signs",
        arguments: SigningAlgorithm.allCases.filter { $0.keyType != .rsa } + [.RS256])
    func generated(algorithm: SigningAlgorithm) throws {
        let key = try SigningKey(generating: algorithm)
        #expect(key.algorithm == algorithm)
        let signature = try key.sign(message)
        #expect(key.publicKey.isValid(signature: signature, for: message, algorithm: algorithm))
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let pem: String
        let error: SigningKeyError

        init(_ name: String, _ pem: String, _ error: SigningKeyError) {
            (testDescription, self.pem, self.error) = (name, pem, error)
        }
    }

    private static func cut(_ pem: String, lines: Int) -> String {
        var all = pem.split(separator: "\n")
        all.removeSubrange((all.count - 1 - lines)..<(all.count - 1))
        return all.joined(separator: "\n")
    }

    static let refusals: [Refusal] = [
        Refusal("empty", "", .notPEM(source: "f")),
        Refusal("text", "no key here", .notPEM(source: "f")),
        Refusal(
            "no end", PEMFixtures.p256SEC1.replacing("-----END EC PRIVATE KEY-----", with: ""), .notPEM(source: "f")),
        Refusal("another end", PEMFixtures.p256SEC1.replacing("END EC", with: "END RSA"), .notPEM(source: "f")),
        Refusal("not base64", "-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----", .notPEM(source: "f")),
        Refusal("nothing inside", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", .notPEM(source: "f")),
        Refusal(
            "base64url inside", "-----BEGIN PRIVATE KEY-----\nAA-_\n-----END PRIVATE KEY-----", .notPEM(source: "f")),
        Refusal("encrypted PKCS#8", PEMFixtures.rsaEncryptedPKCS8, .encrypted(source: "f")),
        Refusal("encrypted PKCS#1", PEMFixtures.rsaEncryptedPKCS1, .encrypted(source: "f")),
        Refusal("public key", PEMFixtures.rsaPublic, .notAPrivateKey(source: "f", label: "PUBLIC KEY")),
        Refusal(
            "parameters first", PEMFixtures.p256WithParameters,
            .notAPrivateKey(source: "f", label: "EC PARAMETERS")),
        Refusal(
            "public key first", PEMFixtures.rsaPublic + "\n" + PEMFixtures.rsaPKCS8,
            .notAPrivateKey(source: "f", label: "PUBLIC KEY")),
        Refusal("RSA of 1024 bits", PEMFixtures.rsa1024, .rsaTooSmall(source: "f", bits: 1024)),
        Refusal("RSA of three primes", PEMFixtures.rsaThreePrimes, .unreadable(source: "f")),
        Refusal("RSA-PSS key", PEMFixtures.rsaPSS, .unsupported(source: "f")),
        Refusal("secp256k1, SEC1", PEMFixtures.secp256k1SEC1, .unsupported(source: "f")),
        Refusal("secp256k1, PKCS#8", PEMFixtures.secp256k1PKCS8, .unsupported(source: "f")),
        Refusal("explicit parameters", PEMFixtures.p256Explicit, .unsupported(source: "f")),
        Refusal("Ed448", PEMFixtures.ed448, .unsupported(source: "f")),
        Refusal("X25519", PEMFixtures.x25519, .unsupported(source: "f")),
        Refusal("truncated RSA", cut(PEMFixtures.rsaPKCS1, lines: 2), .unreadable(source: "f")),
        Refusal("truncated EC", cut(PEMFixtures.p256PKCS8, lines: 1), .unreadable(source: "f")),
        Refusal("point of another key", PEMFixtures.p256WrongPoint, .unreadable(source: "f")),
        Refusal("not DER", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", .unreadable(source: "f")),
    ]

    @Test("what is no usable private key is refused, naming the source", arguments: refusals)
    func refused(row: Refusal) {
        #expect(throws: row.error) { try SigningKey(pem: Array(row.pem.utf8), source: "f") }
        #expect(row.error.description.contains("f"))
    }

    @Test("only the first block is looked at")
    func firstBlock() throws {
        let text = "Some text\n" + PEMFixtures.p256SEC1 + "\n" + PEMFixtures.rsaPKCS8 + "\n-----BEGIN JUNK"
        #expect(try SigningKey(pem: Array(text.utf8), source: "f").id == Self.p256)
    }

    @Test("line ends, indentation, line lengths and a wrong label do not matter")
    func lenient() throws {
        let pem = PEMFixtures.p256PKCS8
        let lines = pem.split(separator: "\n").map(String.init)
        let oneLine = [lines[0], lines[1..<(lines.count - 1)].joined(), lines[lines.count - 1]].joined(separator: "\n")
        for text in [
            pem.replacing("\n", with: "\r\n"), lines.map { "  \($0) \t" }.joined(separator: "\n"), oneLine,
            pem.replacing("PRIVATE", with: "RSA PRIVATE"), "\u{FEFF}\n" + pem + "\n\n",
        ] {
            #expect(try SigningKey(pem: Array(text.utf8), source: "f").id == Self.p256)
        }
    }

    @Test("no error and no description shows a byte of a key")
    func silence() throws {
        let body = PEMFixtures.p256SEC1.split(separator: "\n").dropFirst().dropLast()
        for row in Self.refusals {
            for line in row.pem.split(separator: "\n") where !line.hasPrefix("-----") && line.count > 16 {
                #expect(!"\(row.error)".contains(line))
            }
        }
        let key = try SigningKey(pem: Array(PEMFixtures.p256SEC1.utf8), source: "f")
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] {
            #expect(text.contains(key.id))
            #expect(body.allSatisfy { !text.contains($0) })
        }
        #expect(Mirror(reflecting: key).children.isEmpty)
    }

    @Test("damaged key files are refused or still the same key, and never crash")
    func mutation() throws {
        let random = PredictableRandomSource(seed: 6)
        for row in Self.rows where row.algorithm != .RS256 {
            for _ in 0..<150 {
                var bytes = Array(row.pem.utf8)
                let noise = random.bytes(4)
                let index = 28 + (Int(noise[0]) << 8 | Int(noise[1])) % (bytes.count - 56)
                if noise[2] & 1 == 0 { bytes[index] = noise[3] } else { bytes.remove(at: index) }
                guard let key = try? SigningKey(pem: bytes, source: "f") else { continue }
                let signature = try key.sign(message)
                #expect(key.publicKey.isValid(signature: signature, for: message, algorithm: key.algorithm))
            }
        }
    }
}
