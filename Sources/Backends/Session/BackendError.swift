// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
package import MCPTypes
package import OutgoingAuth

/// Why a backend did not answer a request, told apart by whether the request may have run.
package enum BackendError: Error, Sendable, Hashable {
    /// The request never left us.
    case unavailable(String)
    /// The request was sent; its answer is lost.
    case outcomeUnknown(String)
    /// The backend no longer knows our session, so it did not process the request.
    case sessionLost
    case timeout
    case cancelled
    /// The backend's concurrency limit and its queue are full.
    case busy
    /// The breaker is open.
    case circuitOpen
    /// An HTTP status without a JSON-RPC answer.
    case rejected(status: Int)
    /// 401 or 403: the credential that we sent, or did not send, is not enough; with the scopes that a 403 demands.
    case unauthorized(status: Int, scopes: [String]? = nil)
    /// The caller has no credential for the backend, so the request was not sent.
    case noCredential(CredentialProblem)
    /// The backend broke the protocol.
    case invalidResponse(String)
    /// The request ran, and there was no room for its answer.
    case noRoom
    /// The backend answered with a JSON-RPC error.
    case answered(RequestError)
    /// The backend does not tell of changes of this resource.
    case notSubscribable
    /// The session was closed by us.
    case closed
}

extension BackendError {
    /// Whether the request provably did not run, so that it may be sent again.
    package var provesNotExecuted: Bool {
        switch self {
        case .unavailable, .sessionLost, .busy, .circuitOpen, .noCredential: true
        // These are refused before anything else is looked at (2026-07-28, Transports, Server Validation).
        case .answered(let error): [.headerMismatch, .unsupportedProtocolVersion].contains(error.code)
        default: false
        }
    }

    /// The same failure when it ended a handshake: whatever became of that, the caller's own request was never sent.
    var ofHandshake: BackendError {
        switch self {
        case .outcomeUnknown(let reason): .unavailable("the session could not be opened: \(reason)")
        case .timeout: .unavailable("the session could not be opened in time")
        case .answered(let error): .unavailable("the session was refused: \(error.message.bounded(to: 200))")
        case .sessionLost: .unavailable("the session was lost at once")
        case .noRoom: .unavailable("there was no room for the answer to its handshake")
        default: self
        }
    }

    /// What the client is told; addresses and credentials stay out of it.
    package func requestError(backend: String) -> RequestError {
        switch self {
        case .unavailable, .closed, .noCredential(.sessionEnded):
            RequestError(.backendUnavailable, "Backend \"\(backend)\" cannot be reached; the request did not run")
        case .outcomeUnknown(let reason):
            RequestError(
                .outcomeUnknown,
                "Outcome unknown: \(reason) while backend \"\(backend)\" was working; the request may have run. "
                    + "Check before you repeat it"
            )
        case .sessionLost:
            RequestError(
                .backendUnavailable, "Backend \"\(backend)\" keeps losing its session; the request did not run")
        case .timeout:
            RequestError(.backendTimeout, "Backend \"\(backend)\" did not answer in time; the request may still run")
        case .cancelled:
            RequestError(.cancelled, "Request cancelled")
        case .busy:
            RequestError(.overloaded, "Backend \"\(backend)\" has too many requests waiting; try again later")
        case .circuitOpen:
            RequestError(.backendUnavailable, "Backend \"\(backend)\" failed repeatedly and is given time to recover")
        case .rejected(let status):
            RequestError(.backendUnavailable, "Backend \"\(backend)\" refused the request with HTTP status \(status)")
        case .unauthorized:
            RequestError(.internalError, "Backend \"\(backend)\" did not accept the gateway's credential")
        case .noCredential(.notSignedIn(let provider)):
            RequestError(
                .backendUnavailable,
                "Backend \"\(backend)\" needs a sign-in at \"\(provider)\", which this session does not have; sign in again"
            )
        case .noCredential(.signInExpired(let provider)):
            RequestError(
                .backendUnavailable,
                "The sign-in at \"\(provider)\" that backend \"\(backend)\" needs has expired; sign in again")
        case .noCredential(.unavailable(let provider)):
            RequestError(
                .backendUnavailable,
                "The sign-in at \"\(provider)\" that backend \"\(backend)\" needs cannot be renewed now; try again later"
            )
        case .noCredential(.needsMoreScope(let provider)):
            RequestError(
                .backendUnavailable,
                "Backend \"\(backend)\" needs more permission at \"\(provider)\" than this sign-in has; sign in again to be "
                    + "asked for it")
        case .noCredential(.scopeNotGranted(let provider)):
            RequestError(
                .backendUnavailable,
                "Backend \"\(backend)\" needs more permission at \"\(provider)\" than is granted there; signing in again "
                    + "does not help")
        case .invalidResponse(let reason):
            RequestError(.invalidBackendResponse, "Backend \"\(backend)\" broke the protocol: \(reason)")
        case .noRoom:
            RequestError(
                .outcomeUnknown,
                "Backend \"\(backend)\" gave an answer that there was no room for beside other large ones; the request "
                    + "has run. Check before you repeat it, later")
        case .notSubscribable:
            .invalidParams("Backend \"\(backend)\" does not tell of changes of this resource")
        case .answered(let error):
            switch error.code {
            // These speak about our hop.
            case .headerMismatch, .unsupportedProtocolVersion:
                RequestError(.internalError, "Backend \"\(backend)\" refused the gateway's request")
            // What the client declares is its own matter; whether it declared this, the caller knows.
            case .missingRequiredClientCapability: error.relayed(httpStatus: 400)
            // The status was the backend's, of its hop.
            default: error.relayed(httpStatus: 200)
            }
        }
    }
}

extension RequestError {
    fileprivate func relayed(httpStatus: Int) -> RequestError {
        var error = self
        error.httpStatus = httpStatus
        error.isRelayed = true
        return error
    }
}
