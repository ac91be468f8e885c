// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import Backends
package import JSONTypes
package import MCPTypes

/// Everything that a request brings with it besides its own parameters. Nothing about a request is ambient.
package struct Caller: Sendable {
    package var principal: Principal
    package var revision: ProtocolRevision
    /// The loop that the request runs on.
    package var shard: Shard
    /// Where what a backend asks or tells during this request goes.
    package var channel: any ClientChannel
    /// The backend sessions that belong to this client.
    package var sessions: BackendSessions
    package var headers: ForwardedHeaders
    /// What a Modern request says of itself.
    package var meta: ModernMeta?
    /// Compares the arguments that a tool wants in headers with the headers of a Modern request, where there are any.
    package var checkParameters: (@Sendable (ParameterHeaders, JSONSlice?) throws(RequestError) -> Void)?

    package init(
        principal: Principal, revision: ProtocolRevision, shard: Shard, channel: any ClientChannel,
        sessions: BackendSessions, headers: ForwardedHeaders = .none, meta: ModernMeta? = nil
    ) {
        self.principal = principal
        self.revision = revision
        self.shard = shard
        self.channel = channel
        self.sessions = sessions
        self.headers = headers
        self.meta = meta
    }

    /// The level that a Modern request asks log messages of; a Legacy client has one for its session.
    package var logLevel: LogLevel? { meta?.logLevel }
    /// What a Modern request wants to be told of its progress by; that of a Legacy one is looked up when needed.
    package var progressToken: JSONSlice? { meta?.progressToken }
}
