// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import Backends
import JSONTypes
import MCPTypes
import NIOCore
import VirtualServer

/// Serves the methods of the Modern revisions, one request at a time and on any transport: nothing is remembered from
/// one request to the next (2026-07-28, Base Protocol).
final class ModernDispatcher: Sendable {
    let server: VirtualServer
    private let serverInfo: JSONSlice
    private let signature: ModernResult.Signature

    init(server: VirtualServer) {
        self.server = server
        let serverInfo = JSONSlice([
            "name": .string(server.name), "version": .string(GatewayIdentity.version),
        ])
        self.serverInfo = serverInfo
        signature = ModernResult.Signature(serverInfo: serverInfo)
    }

    /// Everything that can be said of a request before anything is done, in this order: what it claims in `_meta`,
    /// the same in the header, whether that revision and that method are served, and the headers that repeat the body.
    ///
    /// - Parameters:
    ///   - headers: `nil` where there is no header layer.
    ///   - known: what was said before on the same connection.
    func check(
        _ method: MCPMethod, _ params: JSONSlice?, _ headers: RoutingHeaders?, _ known: KnownMeta
    ) throws(RequestError) -> (ModernMeta, RequestMembers) {
        let members = RequestMembers(params, naming: RoutingHeaders.nameMember(of: method))
        let meta = try known.meta(members.metaValue)
        if let headers { try headers.checkVersion(meta.revision) }
        try Self.checkRevision(meta.revision)
        guard serves(method) else {
            var error = RequestError.methodNotFound(method.name)
            error.httpStatus = 404
            throw error
        }
        if let headers { try headers.checkRouting(method, named: members.name) }
        if let key = members.duplicate {
            throw RequestError(.invalidParams, "params has \"\(key.bounded(to: 64))\" twice", httpStatus: 400)
        }
        return (meta, members)
    }

    /// A handshake revision in a Modern request is told the Modern ones only, or its sender might try the same again.
    static func checkRevision(_ claimed: String) throws(RequestError) {
        let revision = ProtocolRevision(rawValue: claimed)
        guard revision?.era != .modern else { return }
        throw .unsupportedVersion(
            claimed, supported: revision == nil ? VirtualServer.servedRevisions : ProtocolRevision.modern)
    }

    /// The headers of a call that is not made here but passed on: one that is made compares them as it is made.
    func checkParameters(
        _ method: MCPMethod, _ params: JSONSlice?, _ headers: RoutingHeaders, _ caller: Caller
    ) async throws(RequestError) {
        guard method == .toolsCall, let name = params?["name"]?.string,
            let route = await server.tool(named: name, for: caller), !route.parameterHeaders.fields.isEmpty
        else { return }
        try headers.checkParameters(route.parameterHeaders, params?["arguments"])
    }

    private func serves(_ method: MCPMethod) -> Bool {
        switch method {
        case .discover, .toolsList, .toolsCall, .resourcesList, .resourceTemplatesList, .resourcesRead, .promptsList,
            .promptsGet, .complete, .listen, .tasksGet, .tasksUpdate, .tasksCancel:
            true
        default: false
        }
    }

    /// Serves a request other than `subscriptions/listen`. Called on the caller's loop.
    ///
    /// A tool call that one request to a backend answers, as it does most, is served without a task; so that it ends
    /// exactly where it would with one, it is the same functions that look at it.
    ///
    /// - Parameters:
    ///   - members: of the parameters, as `check` has found them.
    ///   - request: is told what to cancel.
    ///   - done: called once, on the caller's loop, with what the client gets; perhaps at once.
    func serve(
        _ method: MCPMethod, _ members: RequestMembers, _ caller: Caller, _ request: InFlightRequest,
        done: @escaping @Sendable (Result<ByteBuffer, RequestError>) -> Void
    ) {
        do throws(RequestError) {
            guard method == .toolsCall, let tool = try server.startTool(members, caller: caller) else {
                return run(request, caller, done) { [self] () throws(RequestError) in
                    try await result(of: method, members, caller)
                }
            }
            guard let first = tool.first else { return finish(tool, request, done) }
            request.adopt(first)
            first.follow { [self] in
                guard let result = server.plainResult(of: tool) else { return finish(tool, request, done) }
                do throws(RequestError) {
                    done(.success(try answer(result, toToolCallOf: tool.caller)))
                } catch {
                    done(.failure(error.modern(tool.params)))
                }
            }
        } catch {
            done(.failure(error.modern(members.params)))
        }
    }

    /// Goes on with a call that is more than its first request.
    private func finish(
        _ tool: StartedTool, _ request: InFlightRequest,
        _ done: @escaping @Sendable (Result<ByteBuffer, RequestError>) -> Void
    ) {
        run(request, tool.caller, done) { [self] () throws(RequestError) in
            do throws(RequestError) {
                return try answer(try await server.finish(tool), toToolCallOf: tool.caller)
            } catch {
                throw error.modern(tool.params)
            }
        }
    }

    private func run(
        _ request: InFlightRequest, _ caller: Caller,
        _ done: @escaping @Sendable (Result<ByteBuffer, RequestError>) -> Void,
        _ work: @escaping @Sendable () async throws(RequestError) -> ByteBuffer
    ) {
        let task = Task.immediate(executorPreference: caller.shard.executor) {
            let result: Result<ByteBuffer, RequestError>
            do throws(RequestError) {
                result = .success(try await work())
            } catch {
                result = .failure(error)
            }
            done(result)
        }
        request.adopt(task)
    }

    /// The result of a request other than `subscriptions/listen`, as the client gets it.
    private func result(
        of method: MCPMethod, _ members: RequestMembers, _ caller: Caller
    ) async throws(RequestError) -> ByteBuffer {
        do throws(RequestError) {
            // What most requests are does not wait in a function that is as large as all of them need.
            if method == .toolsCall {
                let result = try await server.callTool(members, caller: caller)
                return try answer(result, toToolCallOf: caller)
            }
            return try await other(method, members.params, caller).bytes
        } catch {
            throw error.modern(members.params)
        }
    }

    @inline(never)
    private func other(
        _ method: MCPMethod, _ params: JSONSlice?, _ caller: Caller
    ) async throws(RequestError) -> JSONSlice {
        switch method {
        case .toolsList: return try await list(.tools, params, caller)
        case .resourcesList: return try await list(.resources, params, caller)
        case .resourceTemplatesList: return try await list(.resourceTemplates, params, caller)
        case .promptsList: return try await list(.prompts, params, caller)
        case .resourcesRead:
            let result = try await server.readResource(params, caller: caller)
            return try answer(result, to: method, hints: server.hints(ofRead: result, for: caller))
        case .promptsGet: return try answer(try await server.getPrompt(params, caller: caller), to: method)
        case .complete: return try answer(try await server.complete(params, caller: caller), to: method)
        case .tasksGet, .tasksUpdate, .tasksCancel:
            let task = try await server.modernTask(method, params: params, caller: caller)
            let answer = try answer(task, to: method)
            // A task's own time, no cache hint.
            return task["ttlMs"].map { answer.editing([JSONEdit(key: "ttlMs", value: $0)]) } ?? answer
        case .discover: return try answer(await server.discoverResult(), to: method, hints: CacheHints.none)
        default: throw .methodNotFound(method.name)
        }
    }

    private func list(
        _ kind: ListKind, _ params: JSONSlice?, _ caller: Caller
    ) async throws(RequestError) -> JSONSlice {
        let page = try await server.list(kind, params: params, caller: caller)
        return ModernResult.answer(
            JSONSlice(trusted: page), signature: signature, hints: await server.hints(of: kind, for: caller))
    }

    private func answer(_ result: JSONSlice, toToolCallOf caller: Caller) throws(RequestError) -> ByteBuffer {
        try answer(result, to: .toolsCall, hasTasks: caller.channel.capabilities.hasTasks).bytes
    }

    /// A result of a kind that its method cannot have, or that its client did not ask for, is no result (M47).
    private func answer(
        _ result: JSONSlice, to method: MCPMethod, hints: CacheHints? = nil, hasTasks: Bool = false
    ) throws(RequestError) -> JSONSlice {
        let shape = ModernResult.Shape(of: result)
        let isFitting =
            switch shape.type {
            case .complete: true
            case .inputRequired: method == .toolsCall || method == .promptsGet || method == .resourcesRead
            case .task: hasTasks
            case .unknown: false
            }
        guard isFitting else {
            throw RequestError(
                .invalidBackendResponse, "The backend's result is of a kind that \(method.name) cannot have here")
        }
        return ModernResult.answer(result, shape, signature: signature, hints: hints)
    }

    /// The result with which the server ends a subscription.
    func endOfSubscription(_ id: RequestID) -> JSONSlice {
        JSONSlice([
            "resultType": "complete",
            "_meta": [
                "io.modelcontextprotocol/subscriptionId": .slice(id.slice),
                "io.modelcontextprotocol/serverInfo": .slice(serverInfo),
            ],
        ])
    }
}

extension RequestError {
    /// The error in the words of the Modern revisions: codes that they have dropped are translated, and those about one
    /// hop never stand for another (2026-07-28, Error Codes).
    func modern(_ params: JSONSlice?) -> RequestError {
        switch code {
        case .resourceNotFound:
            var data = self.data
            if data?["uri"] == nil, let uri = params?["uri"]?.string {
                data = JSONSlice(["uri": .string(uri.bounded(to: 2048))])
            }
            return RequestError(.invalidParams, message, data: data, httpStatus: httpStatus)
        case .urlElicitationRequired:
            return RequestError(.internalError, "The backend wants the client to visit a page first, and cannot say so")
        case .headerMismatch, .unsupportedProtocolVersion:
            return httpStatus == 400 ? self : RequestError(.internalError, "The backend refused the gateway's request")
        case .missingRequiredClientCapability:
            var error = self
            error.httpStatus = 400
            return error
        default: return self
        }
    }
}
