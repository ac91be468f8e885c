// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The end of a login without a code.
struct LoginStop: Error, Sendable {
    var error: OAuthError
    /// For the audit.
    var reason: String
    var isDenied = false
    /// Whether it happened after the last leg.
    var isAtCode = false
    /// Whether the client must not be told at its redirect URI, because it is not the client's any more.
    var isHomeless = false

    private static let failed = OAuthError(.serverError, "The login could not be completed")

    static func failed(_ reason: String, isAtCode: Bool = false) -> LoginStop {
        LoginStop(error: failed, reason: reason, isAtCode: isAtCode)
    }

    static func failed(_ error: OAuthError, isAtCode: Bool = false) -> LoginStop {
        // The reasons of our own parts are for the operator; the client can only try again.
        let isBusy = error.code == .temporarilyUnavailable
        return LoginStop(error: isBusy ? error : failed, reason: error.code.rawValue, isAtCode: isAtCode)
    }

    static func denied(_ reason: String) -> LoginStop {
        LoginStop(error: OAuthError(.accessDenied, "The login was refused"), reason: reason, isDenied: true)
    }

    static func homeless(_ reason: String) -> LoginStop {
        LoginStop(
            error: OAuthError(.invalidRequest, "The application changed while the login was under way"), reason: reason,
            isAtCode: true, isHomeless: true)
    }
}

/// How a leg ended without tokens.
enum LegFailure: Error, Sendable {
    /// At the upstream; a login can go on without an optional one.
    case upstream(reason: String, LoginStop)
    case stop(LoginStop)

    static func upstream(_ error: UpstreamError) -> LegFailure {
        let reason = LegFailureReason.of(error)
        return .upstream(reason: reason, .failed(reason))
    }

    var stop: LoginStop {
        switch self {
        case .upstream(_, let stop), .stop(let stop): stop
        }
    }
}
