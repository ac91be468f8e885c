// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A request together with the one address that it may go to.
package struct PinnedRequest: Sendable {
    package let request: OutboundRequest
    package let url: OutboundURL
    package let address: IPAddress
    package let caBundlePath: String?

    package init(request: OutboundRequest, url: OutboundURL, address: IPAddress, caBundlePath: String?) {
        self.request = request
        self.url = url
        self.address = address
        self.caBundlePath = caBundlePath
    }
}

package enum TransportError: Error, Hashable, Sendable {
    /// Nothing was sent: another address of the host may be tried.
    case notConnected
    case failed(OutboundError)
}

/// Performs one exchange with one address. Deadlines and cancellation reach it as task cancellation.
package protocol PinnedTransport: Sendable {
    func send(_ request: PinnedRequest) async throws(TransportError) -> OutboundResponse
    func close() async
}
