// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Hummingbird
package import NIOCore

/// Routes of another subsystem on the gateway's listener, reachable without authentication.
///
/// They come before the MCP endpoint, which takes every path that nobody else claims.
package struct MountedRoutes: Sendable {
    /// Whether a path is theirs.
    package let claims: @Sendable (Substring) -> Bool
    package let register: @Sendable (Router<GatewayRequestContext>) -> Void

    package init(
        claims: @escaping @Sendable (Substring) -> Bool,
        register: @escaping @Sendable (Router<GatewayRequestContext>) -> Void
    ) {
        self.claims = claims
        self.register = register
    }
}

/// What the router knows of a request besides itself: who is at the other end of its connection.
package struct GatewayRequestContext: RequestContext, RemoteAddressRequestContext {
    package var coreContext: CoreRequestContextStorage
    package let remoteAddress: SocketAddress?

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress
    }
}
