// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What became of a request's credentials.
package enum AuthenticationOutcome: Sendable {
    case principal(Principal)
    case refused(AuthenticationRefusal)
}

/// The whole HTTP answer to a request that may not go on.
package struct AuthenticationRefusal: Error, Sendable {
    /// 400, 401, 403 or 503.
    package let status: Int
    /// The OAuth error code of the challenge; nil where RFC 6750 section 3.1 wants none, and for 503.
    package let error: String?
    package let description: String?
    /// `WWW-Authenticate`, `DPoP-Nonce`, `Retry-After`, and the body's type.
    package let headers: [(name: String, value: String)]
    /// JSON text.
    package let body: String

    package init(
        status: Int, error: String?, description: String?, headers: [(name: String, value: String)], body: String
    ) {
        self.status = status
        self.error = error
        self.description = description
        self.headers = headers
        self.body = body
    }
}
