// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import SwiftASN1

/// The numbers of a private key in one of its DER forms, tried in the order PKCS#1, SEC1, PKCS#8.
///
/// The label of the PEM block does not matter, as tools disagree about it. Nothing here checks that the numbers are a
/// key; that is for the code that makes one of them.
enum PrivateKeyDER {
    /// An RSAPrivateKey (RFC 8017 appendix A.1.2), still encoded.
    case rsa([UInt8])
    /// The scalar at full length, and the public point if the file has one.
    case curve(KeyType, scalar: [UInt8], point: [UInt8]?)
    case ed25519(seed: [UInt8])

    enum Failure: Error {
        case unreadable
        /// Well-formed, but of an algorithm or curve that we do not sign with.
        case unsupported
    }

    private static let idEd25519: ASN1ObjectIdentifier = [1, 3, 101, 112]

    init(parsing der: [UInt8]) throws(Failure) {
        if Self.isPKCS1(der) {
            self = .rsa(der)
            return
        }
        do throws(Failure) {
            self = try Self.sec1(der, enclosing: nil)
        } catch {
            guard error == .unreadable else { throw error }
            self = try Self.pkcs8(der)
        }
    }

    /// A version and eight numbers; keys of more than two primes have another version.
    private static func isPKCS1(_ der: [UInt8]) -> Bool {
        let version = try? DER.sequence(try DER.parse(der), identifier: .sequence) { nodes in
            let version = try Int(derEncoded: &nodes)
            for _ in 0..<8 { _ = try ArraySlice<UInt8>(derEncoded: &nodes) }
            return version
        }
        return version == 0
    }

    /// What an ECPrivateKey says about its curve.
    private enum Curve {
        case absent
        case known(KeyType)
        /// Another one, or parameters that are spelled out instead of named.
        case unknown
    }

    private struct ECPrivateKey {
        var scalar: [UInt8]
        var curve: Curve
        var point: [UInt8]?
    }

    /// ECPrivateKey of RFC 5915 section 3.
    ///
    /// - Parameter enclosing: the curve that a PKCS#8 structure names; the key in it need not repeat it.
    private static func sec1(_ der: [UInt8], enclosing: KeyType?) throws(Failure) -> PrivateKeyDER {
        let key: ECPrivateKey
        do {
            key = try DER.sequence(try DER.parse(der), identifier: .sequence) { nodes in
                guard try Int(derEncoded: &nodes) == 1 else { throw Failure.unreadable }
                let scalar = [UInt8](try ASN1OctetString(derEncoded: &nodes).bytes)
                let curve = try DER.optionalExplicitlyTagged(&nodes, tagNumber: 0, tagClass: .contextSpecific) { node in
                    Self.curve((try? ASN1ObjectIdentifier(derEncoded: node)).flatMap(Self.type))
                }
                let point = try DER.optionalExplicitlyTagged(&nodes, tagNumber: 1, tagClass: .contextSpecific) { node in
                    [UInt8](try ASN1BitString(derEncoded: node).bytes)
                }
                return ECPrivateKey(scalar: scalar, curve: curve ?? .absent, point: point)
            }
        } catch {
            throw .unreadable
        }
        switch (key.curve, enclosing) {
        case (.known(let type), nil), (.absent, let type?):
            return .curve(type, scalar: try padded(key.scalar, type: type), point: key.point)
        case (.known(let type), let outer?):
            guard type == outer else { throw .unreadable }
            return .curve(type, scalar: try padded(key.scalar, type: type), point: key.point)
        case (.unknown, _), (.absent, nil):
            throw .unsupported
        }
    }

    private static func curve(_ type: KeyType?) -> Curve {
        type.map { .known($0) } ?? .unknown
    }

    private static func type(of curve: ASN1ObjectIdentifier) -> KeyType? {
        switch curve {
        case .NamedCurves.secp256r1: .p256
        case .NamedCurves.secp384r1: .p384
        case .NamedCurves.secp521r1: .p521
        default: nil
        }
    }

    /// Some writers drop leading zeros, which RFC 5915 section 3 does not allow.
    private static func padded(_ scalar: [UInt8], type: KeyType) throws(Failure) -> [UInt8] {
        let size =
            switch type {
            case .p256, .ed25519, .rsa: 32
            case .p384: 48
            case .p521: 66
            }
        guard !scalar.isEmpty, scalar.count <= size else { throw .unreadable }
        return [UInt8](repeating: 0, count: size - scalar.count) + scalar
    }

    private struct PrivateKeyInfo {
        var algorithm: ASN1ObjectIdentifier
        var parameters: ASN1Any?
        var key: [UInt8]
    }

    /// PrivateKeyInfo of RFC 5208 and OneAsymmetricKey of RFC 5958; attributes and the public key are not looked at.
    private static func pkcs8(_ der: [UInt8]) throws(Failure) -> PrivateKeyDER {
        let info: PrivateKeyInfo
        do {
            info = try DER.sequence(try DER.parse(der), identifier: .sequence) { nodes in
                guard try 0...1 ~= Int(derEncoded: &nodes) else { throw Failure.unreadable }
                guard let identifier = nodes.next() else { throw Failure.unreadable }
                let (algorithm, parameters) = try DER.sequence(identifier, identifier: .sequence) { nodes in
                    let algorithm = try ASN1ObjectIdentifier(derEncoded: &nodes)
                    return (algorithm, nodes.next().map { ASN1Any(derEncoded: $0) })
                }
                let key = [UInt8](try ASN1OctetString(derEncoded: &nodes).bytes)
                while let extra = nodes.next() {
                    guard extra.identifier.tagClass == .contextSpecific else { throw Failure.unreadable }
                }
                return PrivateKeyInfo(algorithm: algorithm, parameters: parameters, key: key)
            }
        } catch {
            throw .unreadable
        }
        return try key(of: info)
    }

    private static func key(of info: PrivateKeyInfo) throws(Failure) -> PrivateKeyDER {
        switch info.algorithm {
        case .AlgorithmIdentifier.rsaEncryption:
            guard isPKCS1(info.key) else { throw .unreadable }
            return .rsa(info.key)
        case .AlgorithmIdentifier.idEcPublicKey:
            let curve = info.parameters.flatMap { try? ASN1ObjectIdentifier(asn1Any: $0) }
            guard let type = curve.flatMap(Self.type) else { throw .unsupported }
            return try sec1(info.key, enclosing: type)
        case idEd25519:
            guard let seed = try? ASN1OctetString(derEncoded: info.key).bytes, seed.count == 32 else {
                throw .unreadable
            }
            return .ed25519(seed: [UInt8](seed))
        default:
            throw .unsupported
        }
    }
}
