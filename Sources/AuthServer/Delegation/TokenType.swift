// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The token type identifiers of RFC 8693 §3 that mean something here.
enum TokenType {
    static let accessToken = "urn:ietf:params:oauth:token-type:access_token"
    static let jwt = "urn:ietf:params:oauth:token-type:jwt"

    /// What a subject or an actor may be presented as. An ID token tells a client who signed in; it lends nobody's
    /// rights.
    static func isPresentable(_ type: String) -> Bool { type.isExactly(accessToken) || type.isExactly(jwt) }
}

extension String {
    /// Byte by byte: what two parties agree on by name must not have two spellings.
    func isExactly(_ other: String) -> Bool { utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8) }
}

extension [String] {
    func containsExactly(_ text: String) -> Bool { contains { $0.isExactly(text) } }
}
