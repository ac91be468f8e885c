// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Why there is no answer. No case carries text of the other side, so all of them may be logged.
package enum OutboundError: Error, Hashable, Sendable {
    /// Not an absolute http(s) URL with a plain host; nothing was looked up.
    case invalidURL
    /// The method or a header is not one that may be sent; nothing was looked up.
    case invalidRequest
    /// `http` where the policy asks for `https`.
    case httpsRequired
    /// The host is, or resolves to, an address that the policy keeps us from.
    case refusedAddress
    case unresolvable
    /// No connection, or one that ended before the answer was whole and well formed.
    case unreachable
    /// The handshake failed, the certificate is not the host's, or the CA bundle is unreadable.
    case tls
    case timedOut
    /// The body is longer than the request's `maximumBytes`.
    case tooLarge(limit: Int)
    /// Too many requests are waiting already.
    case overloaded
    case cancelled
    case closed
}

extension OutboundError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidURL: "the URL is not an absolute http or https URL with a plain host name or IP address"
        case .invalidRequest: "the method or a header of the request cannot be sent"
        case .httpsRequired: "the URL must be https; only an explicit setting allows http"
        case .refusedAddress: "the host has an address that outgoing requests may not reach"
        case .unresolvable: "the host name has no address"
        case .unreachable: "the server could not be reached or broke off"
        case .tls: "TLS failed: check the certificate, its host name and the CA bundle"
        case .timedOut: "the server did not answer in time"
        case .tooLarge(let limit): "the answer is longer than \(limit) bytes"
        case .overloaded: "too many outgoing requests are waiting"
        case .cancelled: "the request was cancelled"
        case .closed: "the HTTP client is closed"
        }
    }
}
