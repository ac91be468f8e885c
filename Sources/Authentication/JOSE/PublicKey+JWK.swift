// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
package import JSONTypes

extension PublicKey {
    private static let privateMembers: Set<String> = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]
    static let maximumIDBytes = 1024

    /// Reads a JSON Web Key (RFC 7517, RFC 7518 section 6, RFC 8037 section 2); unknown members are ignored.
    ///
    /// A leading zero before an RSA modulus, which RFC 7518 section 6.3.1.1 forbids but some issuers write, is dropped;
    /// coordinates must have their full length.
    package init(jwk: JSONSlice) throws(JWKError) {
        guard jwk.kind == .object else { throw .malformed(member: "jwk") }
        guard jwk.duplicateKey() == nil else { throw .repeatedMember }
        for member in jwk.members {
            if let name = member.key.string, Self.privateMembers.contains(name) { throw .privateMember }
        }
        let (type, material) = try Self.material(of: jwk)
        guard try Self.isForVerifying(jwk) else { throw .notForVerifying }
        try self.init(type: type, material: material, id: Self.id(of: jwk), algorithm: Self.algorithm(of: jwk))
    }

    private static func material(of jwk: JSONSlice) throws(JWKError) -> (KeyType, Material) {
        guard let name = jwk["kty"]?.string else { throw .malformed(member: "kty") }
        switch name {
        case "RSA":
            return (.rsa, try rsaMaterial(of: jwk))
        case "EC":
            let type = try curve(of: jwk, among: [.p256, .p384, .p521])
            return (
                type,
                .curve(
                    x: try coordinate("x", of: jwk, type: type), y: try coordinate("y", of: jwk, type: type))
            )
        case "OKP":
            let type = try curve(of: jwk, among: [.ed25519])
            return (type, .edwards(x: try coordinate("x", of: jwk, type: type)))
        default:
            throw .unsupportedKeyType
        }
    }

    private static func curve(of jwk: JSONSlice, among types: [KeyType]) throws(JWKError) -> KeyType {
        guard let name = jwk["crv"]?.string else { throw .malformed(member: "crv") }
        guard let type = types.first(where: { $0.curve == name }) else { throw .unsupportedCurve }
        return type
    }

    private static func coordinate(_ name: String, of jwk: JSONSlice, type: KeyType) throws(JWKError) -> [UInt8] {
        let bytes = try Self.bytes(name, of: jwk)
        guard bytes.count == type.coordinateBytes else { throw .invalidPoint }
        return bytes
    }

    private static func rsaMaterial(of jwk: JSONSlice) throws(JWKError) -> Material {
        try rsaMaterial(modulus: bytes("n", of: jwk), exponent: bytes("e", of: jwk))
    }

    static func rsaMaterial(modulus: [UInt8], exponent: [UInt8]) throws(JWKError) -> Material {
        let modulus = [UInt8](modulus.drop { $0 == 0 })
        let exponent = [UInt8](exponent.drop { $0 == 0 })
        let bits = modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
        guard bits >= minimumRSABits else { throw .rsaTooSmall(bits: bits) }
        guard bits <= maximumRSABits else { throw .rsaTooLarge(bits: bits) }
        return .rsa(modulus: modulus, exponent: exponent)
    }

    private static func bytes(_ name: String, of jwk: JSONSlice) throws(JWKError) -> [UInt8] {
        guard let text = jwk.member(name)?.string, let bytes = Base64URL.decode(text), !bytes.isEmpty else {
            throw .malformed(member: name)
        }
        return bytes
    }

    private static func isForVerifying(_ jwk: JSONSlice) throws(JWKError) -> Bool {
        if let use = jwk["use"] {
            guard let use = use.string else { throw .malformed(member: "use") }
            guard use == "sig" else { return false }
        }
        if let operations = jwk["key_ops"] {
            guard operations.kind == .array else { throw .malformed(member: "key_ops") }
            guard operations.elements.contains(where: { $0.isString("verify") }) else { return false }
        }
        return true
    }

    private static func id(of jwk: JSONSlice) throws(JWKError) -> String? {
        guard let member = jwk["kid"] else { return nil }
        guard let id = member.string, !id.isEmpty, id.utf8.count <= maximumIDBytes else {
            throw .malformed(member: "kid")
        }
        return id
    }

    private static func algorithm(of jwk: JSONSlice) throws(JWKError) -> SigningAlgorithm? {
        guard let member = jwk["alg"] else { return nil }
        guard let name = member.string else { throw .malformed(member: "alg") }
        guard let algorithm = SigningAlgorithm(rawValue: name) else { throw .unsupportedAlgorithm }
        return algorithm
    }

    /// The key as a JSON Web Key: `kty`, `use`, `alg` when it is pinned, `kid` and the public members.
    package var jwk: JSONObject {
        var object: JSONObject = ["kty": .string(type.name), "use": "sig"]
        if let algorithm { object.append("alg", .string(algorithm.rawValue)) }
        object.append("kid", .string(id))
        for (name, value) in Self.members(type: type, material: material) { object.append(name, .string(value)) }
        return object
    }

    /// The SHA-256 thumbprint of RFC 7638, which the names and spelling of other members do not change.
    package var thumbprint: String {
        Self.thumbprint(type: type, material: material)
    }

    static func thumbprint(type: KeyType, material: Material) -> String {
        // Lexicographic order; every value is base64url or a registered name, so nothing needs escaping.
        let members = (members(type: type, material: material) + [("kty", type.name)]).sorted { $0.0 < $1.0 }
        let text = members.map { "\"\($0.0)\":\"\($0.1)\"" }.joined(separator: ",")
        return Base64URL.encode(SHA256.hash(data: Array("{\(text)}".utf8)))
    }

    private static func members(type: KeyType, material: Material) -> [(String, String)] {
        let curve = type.curve.map { [("crv", $0)] } ?? []
        switch material {
        case .curve(let x, let y): return curve + [("x", Base64URL.encode(x)), ("y", Base64URL.encode(y))]
        case .edwards(let x): return curve + [("x", Base64URL.encode(x))]
        case .rsa(let modulus, let exponent):
            return [("n", Base64URL.encode(modulus)), ("e", Base64URL.encode(exponent))]
        }
    }
}
