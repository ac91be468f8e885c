// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Decides who makes a request.
package enum Authenticator: Sendable, Hashable {
    /// Everybody is the same principal.
    case anonymous
    /// Everybody is the user that this process runs as: for one person's own machine.
    case local(user: String)

    /// The name of the user is taken from the operator's environment, never from a request.
    package static func local(environment: [String: String]) -> Authenticator {
        let name = environment["USER"] ?? environment["LOGNAME"] ?? ""
        return .local(user: name.isEmpty ? "local" : name)
    }

    package func authenticate() -> Principal {
        switch self {
        case .anonymous: .anonymous
        case .local(let user): Principal(issuer: Principal.localIssuer, subject: user)
        }
    }
}
