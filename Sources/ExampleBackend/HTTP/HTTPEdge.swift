// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import HummingbirdCore
import JSONTypes
import NIOCore
import NIOPosix

/// The streamable HTTP edge of the example server.
struct HTTPEdge: HTTPResponder {
    /// A request's connection; nothing else of Hummingbird's context is needed.
    struct Context: InitializableFromSource {
        let channel: any Channel

        init(source: ApplicationRequestContextSource) {
            channel = source.channel
        }
    }

    static let path = "/mcp"
    static let bodyLimit = 8 << 20

    let server: ExampleServer
    let connections = Connections()

    var faults: ExampleBackendFaults { server.options.faults }

    func respond(to request: Request, context: Context) async throws -> Response {
        guard request.uri.path == Self.path else {
            switch request.uri.path {
            case "/health": return .plain(.ok, "ok\n")
            case "/stats": return .json(server.stats)
            default: return .plain(.notFound, "The endpoint is /mcp.\n")
            }
        }
        do throws(Refusal) {
            try checkCaller(request.headers)
            switch request.method {
            case .post:
                return try await post(request, context)
            case .get where !faults.withoutStream && !isModern(request.headers):
                return try get(request, context)
            case .delete where !faults.withoutDelete && !isModern(request.headers):
                return try delete(request)
            default:
                let isModern = isModern(request.headers)
                throw Refusal(
                    .methodNotAllowed, "Method not allowed", allow: isModern ? "POST" : "GET, POST, DELETE")
            }
        } catch {
            return error.response(context.channel)
        }
    }

    /// True when GET and DELETE do not exist: on a server, or for a client, of the Modern era.
    private func isModern(_ headers: HTTPFields) -> Bool {
        switch server.switches.era {
        case .legacy: false
        case .modern: true
        case .dual: headers[.mcpProtocolVersion].flatMap { Revision(rawValue: $0) }?.isModern == true
        }
    }

    /// Ends every session and subscription and, a moment later, every connection that is still open.
    func stop() {
        server.shutDown()
        MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: .seconds(1)) { connections.closeAll() }
    }

    // MARK: Checks

    private func checkCaller(_ headers: HTTPFields) throws(Refusal) {
        if let origin = headers[.origin], !OriginPolicy.allows(origin) {
            throw Refusal(.forbidden, "The Origin \(origin) is not allowed")
        }
        if let expected = faults.authorization, headers[.authorization] != expected {
            throw Refusal(.unauthorized, "Authorization is missing or wrong")
        }
    }

    /// Refuses a version that this server never heard of; another known one than negotiated is only counted.
    func checkVersion(_ headers: HTTPFields, _ session: Session) throws(Refusal) {
        guard let version = headers[.mcpProtocolVersion] else {
            if session.revision >= .june2025 { server.counters.count(.missingVersionHeaders) }
            return
        }
        if version == session.revision.rawValue { return }
        guard Revision(rawValue: version)?.isModern == false else {
            throw Refusal(.badRequest, "Unsupported MCP-Protocol-Version: \(version)")
        }
        server.counters.count(.otherVersionHeaders)
    }

    /// The session that a request names: 400 without a name, 404 under an unknown one.
    func session(_ headers: HTTPFields) throws(Refusal) -> Session {
        guard let id = headers[.mcpSessionID] else {
            guard faults.withoutSessions else { throw Refusal(.badRequest, "Mcp-Session-Id is missing") }
            let revision = headers[.mcpProtocolVersion].flatMap { Revision(rawValue: $0) } ?? .march2025
            return server.transientSession(revision, transport: StreamStore(encoder(revision)))
        }
        guard let session = server.sessions.find(id) else {
            throw Refusal(.notFound, "Session not found", code: -32001)
        }
        return session
    }

    /// Sessions of this edge have event streams; those of another edge cannot be served here.
    func streams(of session: Session) throws(Refusal) -> StreamStore {
        guard let streams = session.transport as? StreamStore else {
            throw Refusal(.internalServerError, "The session belongs to another transport", code: -32603)
        }
        return streams
    }

    func encoder(_ revision: Revision) -> EventEncoder {
        EventEncoder(retryMilliseconds: revision.hasPolling ? server.options.retryMilliseconds : nil)
    }

    // MARK: GET and DELETE

    private func get(_ request: Request, _ context: Context) throws(Refusal) -> Response {
        guard MediaType.accepts(request.headers[.accept], "text/event-stream") else {
            throw Refusal(.notAcceptable, "Accept must include text/event-stream")
        }
        let session = try session(request.headers)
        try checkVersion(request.headers, session)
        let streams = try streams(of: session)
        guard let last = request.headers[.lastEventID] else {
            guard let reader = streams.standalone.attach(replacing: false) else {
                throw Refusal(.conflict, "The session's stream is read by another connection")
            }
            return .events(streams.standalone, reader, on: context.channel, connections)
        }
        guard let position = EventEncoder.parse(last), let stream = streams.find(position.stream),
            let reader = stream.attach(after: position.sequence, replacing: true)
        else { throw Refusal(.badRequest, "Unknown Last-Event-ID: \(last)") }
        server.counters.count(.resumptions)
        return .events(stream, reader, on: context.channel, connections)
    }

    private func delete(_ request: Request) throws(Refusal) -> Response {
        let session = try session(request.headers)
        try checkVersion(request.headers, session)
        guard server.close(session.id) else { throw Refusal(.notFound, "Session not found", code: -32001) }
        return Response(status: .noContent)
    }
}
