// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto

extension OAuthClient {
    /// Changes with the name and the redirect URIs: what a person sees when asked for consent.
    package static func fingerprint(name: String, redirectURIs: [String]) -> String {
        var hash = SHA256()
        for part in [name] + redirectURIs {
            // Lengths keep the parts apart.
            hash.update(data: Array("\(part.utf8.count):".utf8))
            hash.update(data: Array(part.utf8))
        }
        return hexadecimal(hash.finalize())
    }

    /// Changes with any byte of the metadata document.
    package static func fingerprint(document: [UInt8]) -> String {
        hexadecimal(SHA256.hash(data: document))
    }

    private static func hexadecimal(_ digest: SHA256.Digest) -> String {
        digest.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
