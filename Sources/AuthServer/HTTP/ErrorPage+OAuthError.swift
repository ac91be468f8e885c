// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension ErrorPage {
    /// What a person is told about an error that is not redirected: what happened, in their words, and what to do.
    init(_ error: OAuthError) {
        let text = Self.text(error)
        self.init(status: error.status, title: text.title, explanation: text.explanation, advice: text.advice)
    }

    private typealias Text = (title: StaticString, explanation: StaticString, advice: StaticString)

    private static func text(_ error: OAuthError) -> Text {
        switch error.status {
        case 405:
            (
                "This page cannot be opened like this",
                "The address belongs to a step of signing in that only the page before it can open.",
                "Go back to the application and start signing in again."
            )
        case 413, 414:
            (
                "The request is too large", "The application sent more than this server takes.",
                "Go back to the application and try again. If it happens again, its makers need to know."
            )
        case 429:
            (
                "Too many attempts", "There were more requests from your network than this server takes at a time.",
                "Wait a minute, then go back to the application and start signing in again."
            )
        default: text(error.code)
        }
    }

    private static func text(_ code: OAuthError.Code) -> Text {
        switch code {
        case .invalidClient, .unauthorizedClient:
            (
                "This application is not known here",
                "It is not registered with this server, its registration has expired, or it could not be checked.",
                "Go back to the application, remove its connection to this server and add it again."
            )
        case .invalidRedirectURI:
            (
                "The application’s address is not valid",
                "The application asked to be called back at an address that is not allowed.",
                "Tell the makers of the application. Nothing was shared with it."
            )
        case .invalidRequestURI:
            (
                "This sign-in has expired",
                "The application prepared this sign-in too long ago, or it has been used already.",
                "Go back to the application and start signing in again."
            )
        case .accessDenied, .loginRequired:
            (
                "Access was not given", "The application did not get access to your account.",
                "If you did not mean to refuse, go back to the application and start again."
            )
        case .serverError, .temporarilyUnavailable:
            (
                "Signing in does not work right now", "This server has a problem that is not your fault.",
                "Wait a moment, then start signing in again. If it goes on, tell whoever runs this server."
            )
        default:
            (
                "This sign-in cannot go on", "The application sent a request that this server does not accept.",
                "Go back to the application and start signing in again. If it happens again, its makers need to know."
            )
        }
    }
}
