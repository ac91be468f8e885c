// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import JSONTypes
import Synchronization

/// The public keys of this server and nothing else: what validators, metadata and the JWKS route are given.
///
/// It holds its own copy of the public keys. No reference leads from here to a private key, not even by reflection.
package struct PublicKeyView: PublicKeyProvider {
    let published: PublishedKeys

    package func publicKeys() -> [PublicKey] {
        published.keys
    }

    package var generation: UInt64 { published.generation }

    /// The JSON Web Key Set: every key, the active one first.
    package var document: JSONObject {
        JWKSet(keys: publicKeys()).document
    }

    /// The algorithms of the keys, without repetitions, in their order.
    package var algorithms: [SigningAlgorithm] {
        var seen: Set<SigningAlgorithm> = []
        return publicKeys().compactMap(\.algorithm).filter { seen.insert($0).inserted }
    }
}

/// The place where the owner of the private keys leaves the public ones.
final class PublishedKeys: Sendable {
    private let current: Mutex<[PublicKey]>
    private let counter = Atomic<UInt64>(0)

    init(_ keys: [PublicKey]) {
        current = Mutex(keys)
    }

    var keys: [PublicKey] { current.withLock { $0 } }

    var generation: UInt64 { counter.load(ordering: .acquiring) }

    func publish(_ keys: [PublicKey]) {
        current.withLock { current in
            current = keys
            // Inside the lock: whoever sees the new count sees the new keys.
            counter.add(1, ordering: .releasing)
        }
    }
}
