// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import Backends
package import JSONTypes
package import MCPTypes

extension VirtualServer {
    package func readResource(_ params: JSONSlice?, caller: Caller) async throws(RequestError) -> JSONSlice {
        try admit(caller.principal)
        let (params, uri, name) = try await resource(params, caller)
        var call = BackendCall(
            method: .resourcesRead, target: uri, backend: try backend(name), original: JSONSlice(string: uri),
            parameters: RequestParameters(params), isRepeatable: true)
        call.withoutTask()
        return try await interact(call, caller)
    }

    package func subscribe(_ params: JSONSlice?, caller: Caller) async throws(RequestError) {
        try admit(caller.principal)
        let (params, uri, name) = try await resource(params, caller)
        let (session, backend) = try session(with: name, caller)
        do throws(BackendError) {
            let handshake = try await session.open(on: caller.shard, headers: caller.headers)
            guard handshake.capabilities.subscribe else {
                throw BackendError.answered(
                    RequestError(.methodNotFound, "Backend \"\(name)\" does not support subscriptions"))
            }
            try await session.subscribe(
                to: uri, params: params, options: options(caller, params))
        } catch {
            throw report(error, of: backend)
        }
    }

    package func unsubscribe(_ params: JSONSlice?, caller: Caller) async throws(RequestError) {
        let (params, uri, name) = try await resource(params, caller)
        let (session, backend) = try session(with: name, caller)
        do throws(BackendError) {
            try await session.unsubscribe(
                from: uri, params: params, options: options(caller, params))
        } catch {
            throw report(error, of: backend)
        }
    }

    private func resource(
        _ params: JSONSlice?, _ caller: Caller
    ) async throws(RequestError) -> (params: JSONSlice, uri: String, backend: String) {
        let params = try Self.interpreted(params)
        guard let uri = params["uri"]?.string else { throw .invalidParams("uri must be a string") }
        if let route = await routed(for: caller).resource(uri: uri) { return (params, uri, route.backend) }
        if let backend = caller.sessions.backend(ofLink: uri) { return (params, uri, backend) }
        await capabilities.settle(within: Self.startGrace)
        if let route = await routed(for: caller).resource(uri: uri) { return (params, uri, route.backend) }
        throw RequestError(
            .resourceNotFound, "Resource not found", data: JSONSlice(["uri": .string(uri.bounded(to: 2048))]))
    }
}
