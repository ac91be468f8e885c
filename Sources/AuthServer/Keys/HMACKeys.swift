// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
import Crypto

/// The keys of one moment that come from the HMAC secrets, one for each purpose and secret.
///
/// Derived with HKDF-SHA-256 from the whole secret. Other products use only the first 32 bytes of theirs, so our codes
/// and tokens are not theirs and theirs are not ours, even under the same file.
package struct HMACKeys: Sendable {
    /// The keys that come from one secret.
    struct Derived: Sendable {
        let opaqueToken: SymmetricKey
        let refreshSuccessor: SymmetricKey
        let dpopNonce: SymmetricKey

        init(secret: [UInt8]) {
            let secret = SymmetricKey(data: secret)
            func key(for purpose: String) -> SymmetricKey {
                HKDF<SHA256>.deriveKey(
                    inputKeyMaterial: secret, info: Array("vmcp \(purpose) 1".utf8), outputByteCount: 32)
            }
            opaqueToken = key(for: "opaque token")
            refreshSuccessor = key(for: "refresh successor")
            dpopNonce = key(for: "dpop nonce")
        }
    }

    /// Signs.
    let current: Derived
    /// Verify what was signed before a rotation.
    let retired: [Derived]
    /// Nonces under these secrets.
    package let dpopNonces: DPoPNonces

    init(current: [UInt8], retired: [[UInt8]]) {
        self.current = Derived(secret: current)
        self.retired = retired.map { Derived(secret: $0) }
        dpopNonces = DPoPNonces(secret: self.current.dpopNonce, retired: self.retired.map(\.dpopNonce))
    }

    /// The signing one first.
    var all: [Derived] { [current] + retired }
}
