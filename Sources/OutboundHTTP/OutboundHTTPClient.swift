// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Sends a request that a remote party may have had a say in.
///
/// The one real implementation is ``GuardedHTTPClient``; tests script their own.
package protocol OutboundHTTPClient: Sendable {
    /// Never follows a redirect: a 3xx is a response.
    func send(_ request: OutboundRequest, policy: AddressPolicy) async throws(OutboundError) -> OutboundResponse
}
