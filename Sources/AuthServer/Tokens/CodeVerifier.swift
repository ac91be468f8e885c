// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Authentication
internal import Crypto

/// The proof that whoever redeems a code is who asked for it (RFC 7636, S256 only).
package enum CodeVerifier {
    package static let length = 43...128

    /// Whether `verifier` is well-formed and its hash is `challenge`, compared in constant time.
    package static func matches(_ verifier: String, challenge: String) -> Bool {
        guard length.contains(verifier.utf8.count), verifier.utf8.allSatisfy(isUnreserved) else { return false }
        let hash = Base64URL.encode(SHA256.hash(data: Array(verifier.utf8)))
        return SHA256.hash(data: Array(hash.utf8)) == SHA256.hash(data: Array(challenge.utf8))
    }

    /// Whether a challenge can be of a verifier at all: no code may exist that needs none.
    package static func isChallenge(_ text: String) -> Bool {
        text.utf8.count == 43 && Base64URL.decode(text) != nil
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(byte)
        }
    }
}
