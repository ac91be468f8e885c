// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
package import Observability

/// The kinds of tokens that mean nothing outside this server.
package enum OpaqueTokenKind: String, Sendable, CaseIterable {
    case authorizationCode = "vmcp_ac_"
    case refreshToken = "vmcp_rt_"
}

/// An authorization code or refresh token: `<prefix><random>.<tag>`, both parts base64url of 32 bytes.
package struct OpaqueToken: Sendable, Hashable {
    package let kind: OpaqueTokenKind
    /// What the client gets.
    package let value: Secret
    /// The tag alone, the name of its row; the value cannot be made of it.
    package let signature: String
}

/// Mints opaque tokens and recognises its own.
///
/// The tag is HMAC-SHA-256 over prefix and random part: tokens that are not ours never reach the store, and one kind
/// does not pass for the other.
package struct OpaqueTokens: Sendable {
    private static let partBytes = 32

    private let secrets: HMACSecrets
    private let random: any RandomSource

    package init(secrets: HMACSecrets, random: any RandomSource = SystemRandomSource()) {
        self.secrets = secrets
        self.random = random
    }

    package func mint(_ kind: OpaqueTokenKind) -> OpaqueToken {
        Self.token(kind, bytes: random.bytes(Self.partBytes), keys: secrets.keys.current)
    }

    /// The storage key of a token of this kind, or nil when its tag is from none of our secrets.
    ///
    /// Takes the same time whichever secret made it and wherever a wrong tag differs.
    package func verify(_ presented: String, as kind: OpaqueTokenKind) -> String? {
        let text = presented.utf8
        let part = Base64URL.encodedCount(ofBytes: Self.partBytes)
        guard text.count == kind.rawValue.utf8.count + part + 1 + part, text.starts(with: kind.rawValue.utf8) else {
            return nil
        }
        let parts = text.dropFirst(kind.rawValue.utf8.count)
        guard parts.dropFirst(part).first == UInt8(ascii: "."),
            let bytes = Base64URL.decode(parts.prefix(part)), let tag = Base64URL.decode(parts.suffix(part))
        else { return nil }
        var isOurs = false
        for keys in secrets.keys.all {
            let isValid = HMAC<SHA256>.isValidAuthenticationCode(
                tag, authenticating: Self.message(kind, bytes), using: keys.opaqueToken)
            if isValid { isOurs = true }
        }
        return isOurs ? Base64URL.encode(tag) : nil
    }

    /// The refresh token that follows `presented`: always the same one, so that a lost answer can be repeated without
    /// storing what was in it.
    package func successor(of presented: String) -> OpaqueToken {
        Self.successor(of: presented, keys: secrets.keys.current)
    }

    /// The successor under each configured secret, the signing one first.
    ///
    /// When secrets were rotated in between, the one whose signature is stored is the one that was handed out.
    package func successors(of presented: String) -> [OpaqueToken] {
        secrets.keys.all.map { Self.successor(of: presented, keys: $0) }
    }

    private static func successor(of presented: String, keys: HMACKeys.Derived) -> OpaqueToken {
        let message = Array("refresh-successor".utf8) + [0] + Array(presented.utf8)
        let bytes = HMAC<SHA256>.authenticationCode(for: message, using: keys.refreshSuccessor)
        return token(.refreshToken, bytes: Array(bytes), keys: keys)
    }

    private static func token(_ kind: OpaqueTokenKind, bytes: [UInt8], keys: HMACKeys.Derived) -> OpaqueToken {
        let tag = HMAC<SHA256>.authenticationCode(for: message(kind, bytes), using: keys.opaqueToken)
        let signature = Base64URL.encode(tag)
        return OpaqueToken(
            kind: kind, value: Secret("\(kind.rawValue)\(Base64URL.encode(bytes)).\(signature)"), signature: signature)
    }

    private static func message(_ kind: OpaqueTokenKind, _ bytes: [UInt8]) -> [UInt8] {
        Array(kind.rawValue.utf8) + bytes
    }
}
