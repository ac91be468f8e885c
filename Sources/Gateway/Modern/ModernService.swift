// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Backends
import JSONTypes
import MCPTypes
import VirtualServer

/// The Modern era of one process, whatever transport a request comes by.
final class ModernService: Sendable {
    let dispatcher: ModernDispatcher
    let requests: ModernRequests
    let subscriptions: Subscriptions
    /// `nil` while there is only this one.
    let replicas: Replicas?
    private let shared: SharedSessions

    /// - Parameter shared: the backend sessions of Modern clients; `nil` makes them here.
    init(
        server: VirtualServer, shared: SharedSessions?, shards: Shards, limits: GatewayLimits,
        replicas: Replicas? = nil
    ) {
        self.replicas = replicas
        self.shared = shared ?? SharedSessions(credentials: server.credentials)
        dispatcher = ModernDispatcher(server: server)
        requests = ModernRequests(limits: limits)
        subscriptions = Subscriptions(dispatcher: dispatcher, limits: limits)
        self.shared.start(on: shards.all[0])
    }

    /// The other replica that a request belongs to, if one does.
    func keeper(of method: MCPMethod, _ params: JSONSlice?, _ principal: Principal) -> String? {
        guard let keeper = dispatcher.server.keeper(of: method, params, principal: principal) else { return nil }
        return keeper == replicas?.instance ? nil : keeper
    }

    /// Has another replica answer a request.
    func passOn(
        _ id: RequestID, _ method: MCPMethod, _ params: JSONSlice?,
        _ headers: RequestHeaders, _ caller: Caller, to keeper: String, of replicas: Replicas,
        _ exchange: ServerExchange
    ) async throws(RequestError) {
        try await dispatcher.checkParameters(method, params, headers.routing, caller)
        let forwarded = ForwardedAnswer(exchange, id: id, headers: headers)
        await replicas.forward(id, method, params, caller.principal, headers, to: keeper, forwarded)
    }

    /// - Parameter repeated: the headers that a tool's arguments are to be compared with.
    /// - Throws: when there are too many callers at a time.
    func caller(
        _ meta: ModernMeta, _ principal: Principal, _ shard: Shard, channel: any ClientChannel,
        headers: ForwardedHeaders = .none, repeated: RequestHeaders? = nil
    ) throws(RequestError) -> Caller {
        guard let sessions = shared.sessions(for: principal, capabilities: meta.capabilities) else {
            throw RequestError(.overloaded, "Too many callers at a time; try again later", httpStatus: 503)
        }
        var caller = Caller(
            principal: principal, revision: .v2026_07_28, shard: shard, channel: channel, sessions: sessions,
            headers: headers, meta: meta)
        if let repeated {
            caller.checkParameters = { (wanted, arguments) throws(RequestError) in
                try repeated.routing.checkParameters(wanted, arguments)
            }
        }
        return caller
    }

    /// Ends everything; what runs is answered with an error.
    func close() async {
        requests.close()
        await subscriptions.close()
        await shared.close()
    }
}
