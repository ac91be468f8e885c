// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Aggregation
package import Backends
package import JSONTypes
package import Logging
package import MCPTypes
package import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The gateway without its transports: one method per MCP verb, each with the caller as a parameter.
package final class VirtualServer: Sendable {
    package let name: String
    package let capabilities: Capabilities
    package let credentials: CredentialSource
    private let backends: [String: Backend]
    /// `nil` while all backends answer everybody alike.
    private let personal: PersonalCapabilities?
    private let logger: Logger

    /// How long lists wait for backends that have not been heard of since the start.
    private static let startGrace = Duration.seconds(3)
    private static let maximumInstructions = 16_000

    package init(
        name: String, backends: [Backend], capabilities: Capabilities, credentials: CredentialSource = .none,
        logger: Logger
    ) {
        self.name = name
        self.backends = Dictionary(backends.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.capabilities = capabilities
        self.credentials = credentials
        personal = PersonalCapabilities(capabilities: capabilities, backends: backends)
        self.logger = logger
    }

    // MARK: Handshake

    /// The result of `initialize`. What is declared does not depend on which backends happen to be up.
    package func initializeResult(revision: ProtocolRevision) async -> ByteBuffer {
        await capabilities.settle(within: Self.startGrace)
        var object: JSONObject = [
            "protocolVersion": .string(revision.rawValue),
            "capabilities": [
                "logging": [:], "completions": [:],
                "prompts": ["listChanged": true],
                "resources": ["subscribe": true, "listChanged": true],
                "tools": ["listChanged": true],
            ],
            "serverInfo": ["name": .string(name), "version": .string(GatewayIdentity.version)],
        ]
        if let instructions = capabilities.instructions(limit: Self.maximumInstructions) {
            object["instructions"] = .string(instructions)
        }
        return JSONSlice(.object(object)).bytes
    }

    // MARK: Lists

    private func listed(for caller: Caller) async -> CapabilitySnapshot {
        if let personal { return await personal.listed(for: caller) }
        return capabilities.listed
    }

    private func routed(for caller: Caller) async -> CapabilitySnapshot {
        if let personal { return await personal.routed(for: caller) }
        return capabilities.routed
    }

    package func list(_ kind: ListKind, params: JSONSlice?, caller: Caller) async throws(RequestError) -> ByteBuffer {
        await capabilities.settle(within: Self.startGrace)
        var cursor: String?
        if let raw = params?["cursor"], !raw.isNull {
            guard let text = raw.string else { throw .invalidParams("cursor must be a string") }
            cursor = text
        }
        do throws(InvalidCursor) {
            return try await listed(for: caller).page(kind, cursor: cursor)
        } catch {
            throw .invalidParams("\(error)")
        }
    }

    // MARK: Tools

    package func callTool(_ params: JSONSlice?, caller: Caller) async throws(RequestError) -> JSONSlice {
        let params = try Self.interpreted(params)
        guard let name = params["name"]?.string else { throw .invalidParams("name must be a string") }
        if let arguments = params["arguments"], arguments.kind != .object {
            throw .invalidParams("arguments must be an object")
        }
        var route = personal == nil ? capabilities.routed.tool(named: name) : nil
        if route == nil, personal != nil { route = await routed(for: caller).tool(named: name) }
        if route == nil {
            // Perhaps its backend has not been heard of yet.
            await capabilities.settle(within: Self.startGrace)
            route = await routed(for: caller).tool(named: name)
        }
        guard let route else { throw .invalidParams("Unknown tool: \(name.bounded(to: 128))") }
        let renamed = route.renamed ? params.editing([JSONEdit(key: "name", value: route.originalNameJSON)]) : params
        let result = try await send(
            .toolsCall, params: renamed, to: route.backend, caller: caller,
            isRepeatable: route.readOnly || route.idempotent)
        rememberLinks(in: result, of: route.backend, caller)
        return result
    }

    /// A result may point to resources that no list holds; they must stay readable.
    private func rememberLinks(in result: JSONSlice, of backend: String, _ caller: Caller) {
        guard result.bytes.readableBytes < 1 << 20, result.bytes.mentionsResourceLinks else { return }
        guard let content = result["content"] else { return }
        for block in content.elements where block["type"]?.isString("resource_link") == true {
            if let uri = block["uri"]?.string, uri.utf8.count <= 4096 {
                caller.sessions.remember(link: uri, of: backend)
            }
        }
    }

    // MARK: Resources

    package func readResource(_ params: JSONSlice?, caller: Caller) async throws(RequestError) -> JSONSlice {
        let (params, uri, backend) = try await resource(params, caller)
        _ = uri
        return try await send(.resourcesRead, params: params, to: backend, caller: caller, isRepeatable: true)
    }

    package func subscribe(_ params: JSONSlice?, caller: Caller) async throws(RequestError) {
        let (params, uri, name) = try await resource(params, caller)
        let (session, backend) = try session(with: name, caller)
        do throws(BackendError) {
            let handshake = try await session.open(on: caller.shard, headers: caller.headers)
            guard handshake.capabilities.subscribe else {
                throw BackendError.answered(
                    RequestError(.methodNotFound, "Backend \"\(name)\" does not support subscriptions"))
            }
            try await session.subscribe(
                to: uri, params: MetaOwnership.crossing(params), options: options(caller, params))
        } catch {
            throw report(error, of: backend)
        }
    }

    package func unsubscribe(_ params: JSONSlice?, caller: Caller) async throws(RequestError) {
        let (params, uri, name) = try await resource(params, caller)
        let (session, backend) = try session(with: name, caller)
        do throws(BackendError) {
            try await session.unsubscribe(
                from: uri, params: MetaOwnership.crossing(params), options: options(caller, params))
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

    // MARK: Prompts and completion

    package func getPrompt(_ params: JSONSlice?, caller: Caller) async throws(RequestError) -> JSONSlice {
        let params = try Self.interpreted(params)
        guard let name = params["name"]?.string else { throw .invalidParams("name must be a string") }
        if let arguments = params["arguments"], arguments.kind != .object {
            throw .invalidParams("arguments must be an object")
        }
        var route = await routed(for: caller).prompt(named: name)
        if route == nil {
            await capabilities.settle(within: Self.startGrace)
            route = await routed(for: caller).prompt(named: name)
        }
        guard let route else { throw .invalidParams("Unknown prompt: \(name.bounded(to: 128))") }
        let renamed = route.renamed ? params.editing([JSONEdit(key: "name", value: route.originalNameJSON)]) : params
        return try await send(.promptsGet, params: renamed, to: route.backend, caller: caller, isRepeatable: true)
    }

    /// Completion is a convenience: what cannot be completed has no suggestions, which is no error.
    package func complete(_ params: JSONSlice?, caller: Caller) async throws(RequestError) -> JSONSlice {
        let params = try Self.interpreted(params)
        guard let reference = params["ref"], let type = reference["type"]?.string else {
            throw .invalidParams("ref.type must be a string")
        }
        guard params["argument"]?["name"]?.string != nil else {
            throw .invalidParams("argument.name must be a string")
        }
        let backend: String
        var outgoing = params
        let routed = await routed(for: caller)
        switch type {
        case "ref/prompt":
            guard let name = reference["name"]?.string, let route = routed.prompt(named: name) else {
                return Self.noCompletions
            }
            backend = route.backend
            if route.renamed {
                let renamed = reference.editing([JSONEdit(key: "name", value: route.originalNameJSON)])
                outgoing = params.editing([JSONEdit(key: "ref", value: renamed)])
            }
        case "ref/resource":
            guard let uri = reference["uri"]?.string,
                let route = routed.template(uri) ?? routed.resource(uri: uri)
            else { return Self.noCompletions }
            backend = route.backend
        default:
            throw .invalidParams("ref.type must be ref/prompt or ref/resource")
        }
        do throws(RequestError) {
            let result = try await send(.complete, params: outgoing, to: backend, caller: caller, isRepeatable: true)
            return Self.boundedCompletion(result)
        } catch {
            // Servers before 2025-03-26 did not declare completion, so it is simply tried.
            guard error.code == .methodNotFound else { throw error }
            return Self.noCompletions
        }
    }

    private static let noCompletions = JSONSlice(["completion": ["values": [], "total": 0, "hasMore": false]])

    /// At most 100 values (2025-11-25, Completion).
    private static func boundedCompletion(_ result: JSONSlice) -> JSONSlice {
        guard let completion = result["completion"], let values = completion["values"] else { return result }
        let kept = Array(values.elements.prefix(101))
        guard kept.count > 100 else { return result }
        let bounded = completion.editing([
            JSONEdit(key: "values", value: JSONSlice(.array(kept.prefix(100).map { .slice($0) }))),
            JSONEdit(key: "hasMore", value: .true),
        ])
        return result.editing([JSONEdit(key: "completion", value: bounded)])
    }

    // MARK: Logging and roots

    /// Sets the level at every backend that the client uses; those it will use get it with their handshake.
    package func setLogLevel(_ level: LogLevel, caller: Caller) async {
        let sessions = caller.sessions.setLogLevel(level)
        await withDiscardingTaskGroup { group in
            for session in sessions {
                group.addTask(executorPreference: caller.shard.executor) {
                    do throws(BackendError) {
                        try await session.setLogLevel(level, on: caller.shard)
                    } catch {
                        session.backend.logger.warning(
                            "The log level could not be set", metadata: ["error": "\(error)"])
                    }
                }
            }
        }
    }

    package func rootsChanged(caller: Caller) {
        for session in caller.sessions.opened where session.handshake != nil {
            session.notify(.rootsListChanged, params: nil, on: caller.shard)
        }
    }

    // MARK: Sending

    private func session(
        with name: String, _ caller: Caller
    ) throws(RequestError) -> (session: BackendSession, backend: Backend) {
        guard let backend = backends[name], let session = caller.sessions.session(with: backend, on: caller.shard)
        else {
            throw BackendError.closed.requestError(backend: name)
        }
        return (session, backend)
    }

    private func options(_ caller: Caller, _ params: JSONSlice, isRepeatable: Bool = true) -> BackendSession.CallOptions
    {
        options(caller, meta: params["_meta"], isRepeatable: isRepeatable)
    }

    private func options(_ caller: Caller, meta: JSONSlice?, isRepeatable: Bool) -> BackendSession.CallOptions {
        BackendSession.CallOptions(
            shard: caller.shard, channel: caller.channel, progressToken: meta?["progressToken"],
            headers: caller.headers, isRepeatable: isRepeatable)
    }

    private func send(
        _ method: MCPMethod, params: JSONSlice, to name: String, caller: Caller, isRepeatable: Bool
    ) async throws(RequestError) -> JSONSlice {
        let (session, backend) = try session(with: name, caller)
        let meta = params["_meta"]
        do throws(BackendError) {
            let result = try await session.call(
                method, params: meta == nil ? params : MetaOwnership.crossing(params),
                options: options(caller, meta: meta, isRepeatable: isRepeatable))
            guard result.kind == .object else { throw BackendError.invalidResponse("the result is no object") }
            return MetaOwnership.crossing(result)
        } catch {
            throw report(error, of: backend)
        }
    }

    private func report(_ error: BackendError, of backend: Backend) -> RequestError {
        switch error {
        case .answered, .cancelled, .closed: break
        default: backend.logger.warning("A request failed", metadata: ["error": "\(error)"])
        }
        return error.requestError(backend: backend.name)
    }

    /// Parameters that are interpreted here must be unambiguous.
    private static func interpreted(_ params: JSONSlice?) throws(RequestError) -> JSONSlice {
        guard let params, params.kind == .object else { throw .invalidParams("params must be an object") }
        if let key = params.duplicateKey() { throw .invalidParams("params has \"\(key.bounded(to: 64))\" twice") }
        return params
    }
}

extension ByteBuffer {
    /// Whether `resource_link` occurs; its underscore is rare enough to search for.
    fileprivate var mentionsResourceLinks: Bool {
        withUnsafeReadableBytes { bytes in
            guard let base = bytes.baseAddress else { return false }
            let before: StaticString = "resource"
            let after: StaticString = "_link"
            var offset = before.utf8CodeUnitCount
            while offset + after.utf8CodeUnitCount <= bytes.count {
                guard let hit = memchr(base + offset, Int32(UInt8(ascii: "_")), bytes.count - offset) else {
                    return false
                }
                let found = base.distance(to: UnsafeRawPointer(hit))
                if found + after.utf8CodeUnitCount <= bytes.count,
                    memcmp(base + found - before.utf8CodeUnitCount, before.utf8Start, before.utf8CodeUnitCount) == 0,
                    memcmp(base + found, after.utf8Start, after.utf8CodeUnitCount) == 0
                {
                    return true
                }
                offset = found + 1
            }
            return false
        }
    }
}
