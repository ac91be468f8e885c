// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore

/// Client request headers that the operator lets through to backends.
package struct ForwardedHeaders: Sendable, Hashable {
    package struct Field: Sendable, Hashable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package var fields: [Field]

    package static let none = ForwardedHeaders(fields: [])

    package init(fields: [Field]) { self.fields = fields }
}

/// One open way to a backend, below the session that it carries.
///
/// Real ones are streamable HTTP, HTTP with SSE, and a child process's pipes.
protocol SessionLink: AnyObject, Sendable {
    /// Sends a request whose answer completes `call`. Called on `call.shard`'s loop.
    func send(_ message: RequestMessage, for call: PendingCall, headers: ForwardedHeaders)

    /// Sends a notification or an answer, and waits until the backend has taken it where the transport can tell.
    func send(_ message: ByteBuffer, on shard: Shard) async throws(BackendError)

    /// The handshake is done: from now on messages carry what it agreed on.
    func adopt(_ revision: ProtocolRevision)

    /// The way as one to a Modern backend; `nil` while it carries a Legacy session.
    var modern: (any ModernLink)? { get }

    /// Whether everything that the backend sends arrives on one channel, so that nothing shows which call it is for.
    var hasSingleChannel: Bool { get }

    /// Starts to receive what the backend sends outside of answers, where that needs anything.
    func listen(on shard: Shard)

    func stopListening()

    /// Lets go of a way that has ended by itself: there is nothing left at the backend to end.
    func discard()

    /// Ends the way and what the backend keeps for it.
    func close() async
}
