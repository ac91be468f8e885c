// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Where messages of one running call go: its own stream over HTTP, standard output over stdio.
package protocol Outlet: Sendable {
    /// Sends one JSON-RPC message; suspends while the client is slow.
    func send(_ message: ByteBuffer) async

    /// Closes the client's connection although the answer is still to come; does nothing where that cannot be.
    func breakOff() async
}

/// The way to reach one session outside of any call, and to end it.
package protocol SessionTransport: Sendable {
    /// Sends a message that belongs to no call, for example `notifications/tools/list_changed`; never waits long.
    func announce(_ message: ByteBuffer) async

    /// Ends every stream of the session.
    func close()
}

/// What an edge knows about where a request came from.
package protocol RequestOrigin: Sendable {
    /// The HTTP header fields in order, or nil for a transport without headers.
    var headers: [(name: String, value: String)]? { get }
}
