// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto

/// The name of one proof: a hash of key, target and `jti`, so that its size is fixed and clients cannot collide.
package struct ProofID: Sendable, Hashable, CustomStringConvertible {
    /// How long a proof must be remembered: longer than any window of `iat` lets it live.
    package static let lifetimeSeconds = 600

    /// 43 characters of base64url.
    package let description: String

    package init(thumbprint: String, target: DPoPTarget, jti: String) {
        var hash = SHA256()
        for part in [thumbprint, target.description, jti] {
            // Lengths first: no two triples are spelled alike.
            hash.update(data: withUnsafeBytes(of: UInt64(part.utf8.count).bigEndian) { [UInt8]($0) })
            hash.update(data: Array(part.utf8))
        }
        description = Base64URL.encode(hash.finalize())
    }
}
