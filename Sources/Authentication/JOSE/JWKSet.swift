// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// A JSON Web Key Set (RFC 7517 section 5).
///
/// Keys that cannot be used are left out and counted, as section 5 asks: an issuer may publish keys for encryption, of
/// unknown types, or broken ones, beside the one that we need.
package struct JWKSet: Sendable, Hashable {
    package static let maximumKeys = 100
    package static let maximumBytes = 1 << 20

    /// In the order of the document, without exact repetitions.
    package let keys: [PublicKey]
    /// Why each other key was left out.
    package let skipped: [Skipped]

    package struct Skipped: Sendable, Hashable {
        /// The position in the document's array.
        package let index: Int
        package let reason: JWKError
    }

    package init(keys: [PublicKey]) {
        self.keys = Self.withoutRepetitions(keys)
        self.skipped = []
    }

    /// Reads a document; the set may come out empty.
    package init(parsing document: ByteBuffer, maximumBytes: Int = Self.maximumBytes) throws(JWKSetError) {
        guard document.readableBytes <= maximumBytes else { throw .tooLarge(limit: maximumBytes) }
        let limits = JSONLimits(depth: 16, stringBytes: maximumBytes, values: 20_000)
        let slice: JSONSlice
        do throws(JSONError) {
            slice = try JSONSlice(validating: document, limits: limits)
        } catch {
            throw .invalidJSON(error)
        }
        guard slice.kind == .object, slice.duplicateKey() == nil, let list = slice["keys"], list.kind == .array else {
            throw .notAKeySet
        }
        var keys: [PublicKey] = []
        var skipped: [Skipped] = []
        for (index, jwk) in list.elements.enumerated() {
            guard index < Self.maximumKeys else { throw .tooManyKeys(limit: Self.maximumKeys) }
            do throws(JWKError) {
                keys.append(try PublicKey(jwk: jwk))
            } catch {
                skipped.append(Skipped(index: index, reason: error))
            }
        }
        self.keys = Self.withoutRepetitions(keys)
        self.skipped = skipped
    }

    /// The keys that a signature may be checked with, in order: those called `id` that allow `algorithm`.
    ///
    /// Usually one. Issuers should not give one name to two keys but may (RFC 7517 section 4.5); a token without a
    /// `kid` (nil) can be any key's.
    package func keys(id: String?, algorithm: SigningAlgorithm) -> [PublicKey] {
        keys.filter { (id == nil || $0.id == id) && $0.allows(algorithm) }
    }

    /// The document that lists these keys.
    package var document: JSONObject {
        ["keys": .array(keys.map { .object($0.jwk) })]
    }

    private static func withoutRepetitions(_ keys: [PublicKey]) -> [PublicKey] {
        var seen: Set<PublicKey> = []
        return keys.filter { seen.insert($0).inserted }
    }
}

/// Why a text was refused as a JSON Web Key Set.
package enum JWKSetError: Error, Hashable {
    case tooLarge(limit: Int)
    case invalidJSON(JSONError)
    /// Not an object with one array `keys`.
    case notAKeySet
    case tooManyKeys(limit: Int)
}

extension JWKSetError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLarge(let limit): "the key set has more than \(limit) bytes"
        case .invalidJSON(let error): "the key set is not JSON: \(error.reason)"
        case .notAKeySet: "the key set is not an object with one array \"keys\""
        case .tooManyKeys(let limit): "the key set has more than \(limit) keys"
        }
    }
}
