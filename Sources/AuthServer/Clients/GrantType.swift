// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The grant types that the server knows (RFC 6749, RFC 8693, RFC 7523).
package enum GrantType {
    package static let authorizationCode = "authorization_code"
    package static let refreshToken = "refresh_token"
    package static let tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    package static let jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
}
