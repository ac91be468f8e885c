// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import JSONTypes
import MCPTypes
import NIOCore
import VirtualServer

/// Serves the methods of the Legacy revisions for one message of an open session, on any transport.
struct LegacyDispatcher: Sendable {
    let server: VirtualServer

    /// The result of a request.
    func result(
        of method: MCPMethod, params: JSONSlice?, session: ClientSession, caller: Caller
    ) async throws(RequestError) -> ByteBuffer {
        // What most requests are does not wait in a function that is as large as all of them need.
        if method == .toolsCall {
            return try await server.callTool(RequestMembers(params, naming: "name"), caller: caller).bytes
        }
        return try await other(method, params, session, caller)
    }

    @inline(never)
    private func other(
        _ method: MCPMethod, _ params: JSONSlice?, _ session: ClientSession, _ caller: Caller
    ) async throws(RequestError) -> ByteBuffer {
        switch method {
        case .toolsList: return try await server.list(.tools, params: params, caller: caller)
        case .resourcesList: return try await server.list(.resources, params: params, caller: caller)
        case .resourceTemplatesList: return try await server.list(.resourceTemplates, params: params, caller: caller)
        case .promptsList: return try await server.list(.prompts, params: params, caller: caller)
        case .resourcesRead: return try await server.readResource(params, caller: caller).bytes
        case .promptsGet: return try await server.getPrompt(params, caller: caller).bytes
        case .complete: return try await server.complete(params, caller: caller).bytes
        case .tasksGet, .tasksResult, .tasksList, .tasksCancel:
            guard session.revision == .v2025_11_25 else { throw .methodNotFound(method.name) }
            return try await server.legacyTask(method, params: params, caller: caller).bytes
        case .ping: return Self.empty
        case .setLevel:
            guard let level = LogLevel(params?["level"]) else {
                throw .invalidParams(
                    "level must be one of \(LogLevel.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            session.logLevel = level
            await server.setLogLevel(level, caller: caller)
            return Self.empty
        case .resourcesSubscribe:
            // Before the backend is asked: an update may come before its answer.
            if let uri = params?["uri"]?.string, !session.subscribed(to: uri) {
                throw RequestError(.overloaded, "Too many subscriptions in one session")
            }
            do throws(RequestError) {
                try await server.subscribe(params, caller: caller)
            } catch {
                if let uri = params?["uri"]?.string { session.unsubscribed(from: uri) }
                throw error
            }
            return Self.empty
        case .resourcesUnsubscribe:
            if let uri = params?["uri"]?.string { session.unsubscribed(from: uri) }
            try await server.unsubscribe(params, caller: caller)
            return Self.empty
        case .initialize:
            throw RequestError(.invalidRequest, "The session is already initialized")
        default:
            throw .methodNotFound(method.name)
        }
    }

    /// Takes a notification in. Unknown ones are ignored, as JSON-RPC demands.
    func receive(_ method: MCPMethod, params: JSONSlice?, session: ClientSession, caller: Caller) {
        session.touch()
        switch method {
        case .cancelled:
            guard let raw = params?["requestId"], let id = RequestID(raw) else { return }
            session.cancel(id)
        case .rootsListChanged:
            server.rootsChanged(caller: caller)
        default: break
        }
    }

    /// What a client opens a session with: its revision and capabilities.
    struct Opening: Sendable {
        let revision: ProtocolRevision
        let capabilities: ClientCapabilities

        /// An unknown or Modern revision is answered with our latest Legacy one
        /// (2025-11-25, Lifecycle, Version Negotiation).
        init(_ params: JSONSlice?) throws(RequestError) {
            guard let params else { throw .invalidParams("initialize needs params") }
            if let key = params.duplicateKey() { throw .invalidParams("params has \"\(key.bounded(to: 64))\" twice") }
            guard let version = params["protocolVersion"]?.string else {
                throw .invalidParams("protocolVersion must be a string")
            }
            guard let capabilities = params["capabilities"], capabilities.kind == .object else {
                throw .invalidParams("capabilities must be an object")
            }
            let known = ProtocolRevision(rawValue: version)
            revision = known.flatMap { $0.era == .legacy ? $0 : nil } ?? .latestLegacy
            // What is kept as long as the session must not keep the whole request's bytes.
            self.capabilities = ClientCapabilities(capabilities.detached)
        }
    }

    private static let empty = JSONSlice.emptyObject.bytes
}

extension JSONSlice {
    /// The same value in memory of its own.
    fileprivate var detached: JSONSlice {
        JSONSlice(trusted: ByteBuffer(bytes: bytes.readableBytesView))
    }
}
