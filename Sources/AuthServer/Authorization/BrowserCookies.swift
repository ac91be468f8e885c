// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// The cookies that tie a login to the browser in which it began.
///
/// All of them are for the whole host and for nothing below it (`__Host-`, RFC 6265bis §4.1.3). On an issuer of plain
/// HTTP, which only a developer's own machine may be, browsers would not take that prefix; the plain names are used
/// there.
package struct BrowserCookies: Sendable {
    package enum SameSite: String, Sendable { case lax = "Lax", strict = "Strict" }

    package typealias Header = (name: String, value: String)

    /// How long a page waits for its answer, and a leg of the login for the browser's return.
    package static let waitSeconds = 600

    private let isSecure: Bool

    package init(isSecure: Bool) { self.isSecure = isSecure }

    /// Of a leg of the login; one for each, so that logins in several windows do not disturb each other.
    package func binding(ofState state: String) -> String { name("asb-", HandleTag.of(state)) }

    /// Of a consent page.
    package func consentPage(txn: String) -> String { name("asc-", HandleTag.of(txn)) }

    /// Of the decisions that the browser made.
    package var decisions: String { name("as-consent", "") }

    package func set(_ name: String, _ value: String, seconds: Int, _ sameSite: SameSite) -> Header {
        let secure = isSecure ? "; Secure" : ""
        return (
            "Set-Cookie",
            "\(name)=\(value); Path=/\(secure); HttpOnly; SameSite=\(sameSite.rawValue); Max-Age=\(seconds)"
        )
    }

    package func clear(_ name: String, _ sameSite: SameSite) -> Header {
        set(name, "", seconds: 0, sameSite)
    }

    private func name(_ word: String, _ tag: String) -> String {
        (isSecure ? "__Host-" : "") + word + tag
    }
}

/// A short name for a handle that says nothing about it.
enum HandleTag {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")

    /// The first 8 characters of the base32 form (RFC 4648 §6) of the SHA-256 digest.
    static func of(_ handle: String) -> String {
        let bits = SHA256.hash(data: Array(handle.utf8)).prefix(5).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return String((1...8).map { alphabet[Int(bits >> (40 - 5 * UInt64($0)) & 0x1F)] })
    }
}
