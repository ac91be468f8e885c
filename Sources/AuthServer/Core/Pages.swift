// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What the consent page tells a person, already cleaned.
package struct ConsentPage: Sendable {
    package enum ClientIdentity: Sendable, Hashable {
        /// The client's metadata document is served by this host.
        case verifiedHost(String)
        /// Anyone may have registered under this name.
        case unverified
        /// The operator configured it.
        case configured
    }

    package enum Target: Sendable, Hashable {
        case host(String)
        /// An application on the person's own computer; anyone there may listen.
        case loopback(port: Int?)
        /// A private-use scheme that some application on the computer has claimed.
        case scheme(String)
    }

    package struct Upstream: Sendable, Hashable {
        package var name: String
        package var host: String
        package var scopes: [String]
        package var isOptional: Bool

        package init(name: String, host: String, scopes: [String], isOptional: Bool) {
            self.name = name
            self.host = host
            self.scopes = scopes
            self.isOptional = isOptional
        }
    }

    /// The operator's name for this server.
    package var serverName: String
    package var clientName: String
    package var client: ClientIdentity
    package var target: Target
    package var resource: String
    package var scopes: [String]
    package var upstreams: [Upstream]
    package var txn: String
    package var csrf: String

    package init(
        serverName: String, clientName: String, client: ClientIdentity, target: Target, resource: String,
        scopes: [String], upstreams: [Upstream], txn: String, csrf: String
    ) {
        self.serverName = serverName
        self.clientName = clientName
        self.client = client
        self.target = target
        self.resource = resource
        self.scopes = scopes
        self.upstreams = upstreams
        self.txn = txn
        self.csrf = csrf
    }
}

/// A page that says what went wrong and what the person can do.
package struct ErrorPage: Sendable {
    package var status: Int
    package var title: StaticString
    package var explanation: StaticString
    package var advice: StaticString
    /// A link that takes the error back to the client, when its address is valid but not trusted enough to be opened
    /// without asking: the host (or scheme) to show, and the URL.
    package var link: (target: String, url: String)?

    package init(
        status: Int, title: StaticString, explanation: StaticString, advice: StaticString,
        link: (target: String, url: String)? = nil
    ) {
        self.status = status
        self.title = title
        self.explanation = explanation
        self.advice = advice
        self.link = link
    }
}

/// Makes answers for people and programs.
package protocol AnswerRendering: Sendable {
    func consent(_ page: ConsentPage) -> AuthResponse
    func page(_ page: ErrorPage) -> AuthResponse
    /// An error that is not redirected: a page for a browser, JSON for everything else, with the same status.
    func direct(_ error: OAuthError, to request: AuthRequest) -> AuthResponse
    /// An error as JSON (RFC 6749 §5.2); `invalid_client` gets `WWW-Authenticate` when the request had credentials in
    /// its header.
    func json(_ error: OAuthError, to request: AuthRequest) -> AuthResponse
}
