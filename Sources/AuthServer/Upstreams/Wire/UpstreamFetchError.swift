// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import OutboundHTTP

/// Why an upstream's answer to one request cannot be used; holds nothing that it said.
package enum UpstreamFetchError: Error, Sendable, Hashable {
    case transport(OutboundError)
    /// Nobody follows a redirect here: it would carry secrets to a host that no one configured.
    case redirected
    /// 429 or 5xx: it may work later.
    case busy(status: Int)
    case status(Int)
    /// Not a JSON object, a repeated member, or beyond the bounds of depth and size.
    case malformed

    /// What callers of a provider are told.
    var upstreamError: UpstreamError {
        switch self {
        case .transport(.tooLarge), .redirected, .status, .malformed: .invalidResponse
        case .transport, .busy: .unreachable
        }
    }
}

extension UpstreamFetchError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .transport(let error): "\(error)"
        case .redirected: "the server answered with a redirect, and redirects are not followed"
        case .busy(let status): "the server answered \(status): try again later"
        case .status(let status): "the server answered \(status)"
        case .malformed: "the answer is not a JSON object without repeated members"
        }
    }
}
