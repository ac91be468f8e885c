// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Foundation
package import Observability

/// The secret of a confidential client: 256 random bits, of which only a digest is kept.
package enum ClientSecret {
    /// 43 characters of base64url.
    package static func make(using generator: inout some RandomNumberGenerator) -> Secret {
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let text = Data(bytes).base64EncodedString()
        return Secret(text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: ""))
    }

    package static func digest(_ secret: Secret) -> [UInt8] {
        Array(SHA256.hash(data: Array(secret.exposed.utf8)))
    }

    /// Compares in constant time. Without a digest the work is the same and the answer is no.
    package static func matches(_ secret: Secret, digest: [UInt8]?) -> Bool {
        let presented = SHA256.hash(data: Array(secret.exposed.utf8))
        let expected = digest ?? Array(repeating: 0, count: SHA256.byteCount)
        return (presented == expected) && digest != nil
    }
}
