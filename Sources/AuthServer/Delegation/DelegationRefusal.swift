// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// An error for the client, with what the audit log may know besides.
struct DelegationRefusal: Error, Sendable, Hashable {
    var error: OAuthError
    /// A word of a fixed list.
    var reason: String
    /// Whether somebody was kept from something, rather than something went wrong.
    var isDenial: Bool

    init(_ error: OAuthError, reason: String? = nil, isDenial: Bool = false) {
        self.error = error
        self.reason = reason ?? error.code.rawValue
        self.isDenial = isDenial
    }

    /// - Parameter code: what the grant calls a bad token.
    init(_ error: PresentedTokenError, code: OAuthError.Code) {
        self.init(error.answer(code), reason: error.rawValue, isDenial: error == .revoked)
    }
}
