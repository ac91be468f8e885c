// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Decides who makes a request.
package enum Authenticator: Sendable {
    /// Everybody is one principal that is known from the start.
    case fixed(Principal)
    /// Everybody brings a bearer token.
    case tokens(TokenAuthenticator)

    package static let anonymous = Authenticator.fixed(.anonymous)

    /// Everybody is the user that this process runs as: for one person's own machine.
    ///
    /// The name of the user is taken from the operator's environment, never from a request.
    package static func local(environment: [String: String]) -> Authenticator {
        let name = environment["USER"] ?? environment["LOGNAME"] ?? ""
        return .fixed(Principal(issuer: Principal.localIssuer, subject: name.isEmpty ? "local" : name))
    }
}
