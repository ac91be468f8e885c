// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Backends
import JSONTypes
import Logging
import MCPTypes
import NIOCore
import NIOHTTP1
import Synchronization
import VirtualServer

/// The MCP endpoint over Streamable HTTP: takes whole requests from connections and answers through their exchanges.
final class MCPEndpoint: Sendable {
    let settings: GatewaySettings
    let sessions: SessionTable
    let dispatcher: LegacyDispatcher
    /// `nil` unless the operator wants the transport of 2024-11-05.
    let legacySSE: LegacySSETable?
    let modern: ModernService
    private let authenticator: Authenticator
    private let logger: Logger
    let tasks: TaskSupervisor
    private let clocks: [ShardClock]
    private let listener = Mutex<Int?>(nil)

    init(
        settings: GatewaySettings, server: VirtualServer, shared: SharedSessions?, authenticator: Authenticator,
        shards: Shards, logger: Logger, tasks: TaskSupervisor, replicas: Replicas? = nil
    ) {
        self.settings = settings
        self.sessions = SessionTable(limits: settings.limits)
        self.dispatcher = LegacyDispatcher(server: server)
        legacySSE = settings.hasLegacySSE ? LegacySSETable(maximum: settings.limits.sessions) : nil
        modern = ModernService(
            server: server, shared: shared, shards: shards, limits: settings.limits, replicas: replicas)
        self.authenticator = authenticator
        self.logger = logger
        self.tasks = tasks
        clocks = shards.all.map { _ in ShardClock() }
        for (shard, clock) in zip(shards.all, clocks) {
            shard.eventLoop.execute { shard.watch(clock) }
        }
        let key = server.capabilities.addListener { [weak self] kinds in
            guard let self else { return }
            for session in self.sessions.all { session.listsChanged(kinds) }
        }
        listener.withLock { $0 = key }
    }

    func clock(of shard: Shard) -> ShardClock { clocks[shard.index] }

    private var limits: GatewayLimits { settings.limits }

    // MARK: Upkeep

    /// Ends idle sessions and unanswered questions. Runs until cancelled.
    func keepHouse() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            let now = NIODeadline.now()
            for session in sessions.removeIdle(now: now) {
                logger.debug("Session expired", metadata: ["session": "\(session.id.prefix(8))…"])
                tasks.run { await session.close() }
            }
            for session in sessions.all { session.sweep(now: now) }
            if case .tokens(let tokens) = authenticator {
                // A stream is as good as the token that its owner showed last.
                for session in sessions.all where session.hasGeneralStream && tokens.hasEnded(session.latestPrincipal) {
                    session.endGeneralStreams()
                }
                modern.subscriptions.end { tokens.hasEnded($0.principal) }
                endSSE { tokens.hasEnded($0.session?.latestPrincipal ?? $0.principal) }
            }
        }
    }

    func closeAllSessions() async {
        await withDiscardingTaskGroup { group in
            for session in sessions.removeAll() { group.addTask { await session.close() } }
            group.addTask { [modern] in await modern.close() }
        }
    }

    // MARK: Requests

    /// Called on the connection's loop with a complete request.
    func handle(_ headers: RequestHeaders, body: ByteBuffer, exchange: ServerExchange) {
        switch authenticator {
        case .fixed(let principal):
            dispatch(headers, body, principal, exchange)
        case .tokens(let tokens):
            let bearer = headers.bearer
            if let outcome = tokens.cached(bearer) {
                proceed(outcome, headers, body, exchange)
            } else {
                _ = Task.immediate(executorPreference: exchange.shard.executor) {
                    let outcome = await tokens.authenticate(bearer)
                    // Whoever is gone cannot want anything to happen.
                    guard !exchange.isEnded else { return }
                    if case .principal = outcome, let nonce = tokens.responseHeaders(for: bearer).first {
                        exchange.extraFields.append(("DPoP-Nonce", nonce.value))
                    }
                    proceed(outcome, headers, body, exchange)
                }
            }
        }
    }

    /// The answer to a request that has no usable credentials where they are needed, known before its body is.
    func refusalOfStranger(_ head: HTTPRequestHead) -> HTTPAnswer? {
        guard case .tokens(let tokens) = authenticator, head.method == .POST,
            case .refused(let refusal) = tokens.cached(RequestHeaders(head).bearer)
        else { return nil }
        return HTTPAnswer(refusal)
    }

    private func proceed(
        _ outcome: AuthenticationOutcome, _ headers: RequestHeaders, _ body: ByteBuffer, _ exchange: ServerExchange
    ) {
        switch outcome {
        case .principal(let principal): dispatch(headers, body, principal, exchange)
        case .refused(let refusal): exchange.respond(HTTPAnswer(refusal))
        }
    }

    private func dispatch(
        _ headers: RequestHeaders, _ body: ByteBuffer, _ principal: Principal, _ exchange: ServerExchange
    ) {
        if serveLegacySSE(headers, body, principal, exchange) { return }
        switch headers.method {
        case .post: post(headers, body, principal, exchange)
        case .get: get(headers, principal, exchange)
        case .delete: delete(headers, principal, exchange)
        case .other:
            var answer = HTTPAnswer.text(405, "Method Not Allowed")
            answer.fields.append(("Allow", "GET, POST, DELETE"))
            exchange.respond(answer)
        }
    }

    private func post(_ headers: RequestHeaders, _ body: ByteBuffer, _ principal: Principal, _ exchange: ServerExchange)
    {
        guard headers.hasJSONBody else {
            exchange.respond(.text(415, "Content-Type must be 'application/json'"))
            return
        }
        guard headers.acceptsJSON || headers.acceptsEventStream else {
            exchange.respond(.text(406, "Not Acceptable: answers are application/json or text/event-stream"))
            return
        }
        guard body.readableBytes > 0 else {
            exchange.respond(
                .error(RequestError(.parseError, "POST requires a non-empty body", httpStatus: 400), id: nil))
            return
        }
        if let call = exchange.knownCall.repetition(body, headers) {
            serveModern(call, headers, principal, exchange)
            return
        }
        let message: MCPMessage
        do throws(MCPMessageError) {
            message = try MCPMessage(parsing: body, limits: limits.json)
        } catch {
            if case .batch = error, EraSwitch.allowsBatch(header: headers.protocolVersion) {
                batch(headers, body, principal, exchange)
            } else {
                exchange.respond(.error(error.requestError, id: error.id))
            }
            return
        }
        switch message {
        case .request(let id, let method, let params):
            guard isLegacy(message, params, body, headers, principal, exchange) else { return }
            if method == .initialize {
                open(id, params, headers, principal, exchange)
            } else if let session = session(for: headers, principal, exchange, orphan: id) {
                serve(id, method, params, session, principal, headers, exchange)
            }
        case .notification(let method, let params):
            guard isLegacy(message, params, body, headers, principal, exchange),
                let session = session(for: headers, principal, exchange, orphan: nil)
            else { return }
            let caller = caller(session, principal, exchange, headers)
            dispatcher.receive(method, params: params, session: session, caller: caller)
            exchange.respond(.accepted)
        case .response(let id, let outcome):
            guard isLegacy(message, nil, body, headers, principal, exchange),
                let session = session(for: headers, principal, exchange, orphan: nil)
            else { return }
            session.receive(answerTo: id, outcome)
            exchange.respond(.accepted)
        }
    }

    /// Whether the message is of the Legacy era; any other has been taken care of.
    private func isLegacy(
        _ message: MCPMessage, _ params: JSONSlice?, _ body: ByteBuffer, _ headers: RequestHeaders,
        _ principal: Principal, _ exchange: ServerExchange
    ) -> Bool {
        switch EraSwitch.decide(header: headers.protocolVersion, params: params, hasSession: headers.sessionID != nil) {
        case .legacy: return true
        case .modern:
            serveModern(message, body, headers, principal, exchange)
        case .unknownVersion:
            exchange.respond(Self.unsupportedVersion)
        }
        return false
    }

    static let unsupportedVersion = HTTPAnswer.text(
        400,
        "Bad Request: Unsupported protocol version (supported versions: "
            + ProtocolRevision.legacy.map(\.rawValue).joined(separator: ", ") + ")")

    /// The session that the request names, or an answer that says what is wrong with it.
    func session(
        for headers: RequestHeaders, _ principal: Principal, _ exchange: ServerExchange, orphan id: RequestID?,
        unknown text: String = "Session terminated"
    ) -> ClientSession? {
        guard let sessionID = headers.sessionID else {
            exchange.respond(
                .error(
                    RequestError(.invalidRequest, "Bad Request: Mcp-Session-Id header is required", httpStatus: 400),
                    id: id))
            return nil
        }
        guard let session = sessions.session(sessionID, for: principal) else {
            exchange.respond(.text(404, text))
            return nil
        }
        if case .tokens = authenticator { session.adopt(principal) }
        if let version = headers.protocolVersion, version != session.revision.rawValue {
            exchange.respond(
                .text(400, "Bad Request: MCP-Protocol-Version differs from the session's \(session.revision.rawValue)"))
            return nil
        }
        return session
    }

    private func caller(
        _ session: ClientSession, _ principal: Principal, _ exchange: ServerExchange, _ headers: RequestHeaders,
        channel: (any ClientChannel)? = nil
    ) -> Caller {
        Caller(
            principal: principal, revision: session.revision, shard: exchange.shard,
            channel: channel ?? GeneralChannel(session: session), sessions: session.backends,
            headers: forwarded(headers))
    }

    /// The first value of each header that the operator lets through.
    func forwarded(_ headers: RequestHeaders) -> ForwardedHeaders {
        guard !settings.passthroughHeaders.isEmpty else { return .none }
        return ForwardedHeaders(
            fields: settings.passthroughHeaders.compactMap { name in
                headers.all.first(name: name).map { ForwardedHeaders.Field(name: name, value: $0) }
            })
    }

    private func serve(
        _ id: RequestID, _ method: MCPMethod, _ params: JSONSlice?, _ session: ClientSession, _ principal: Principal,
        _ headers: RequestHeaders, _ exchange: ServerExchange
    ) {
        let request: InFlightRequest
        switch session.begin(id) {
        case .admitted(let admitted): request = admitted
        case .duplicate:
            exchange.respond(.error(RequestError(.invalidRequest, "A request with this id is in flight"), id: id))
            return
        case .tooMany:
            exchange.respond(.error(RequestError(.overloaded, "Too many requests at a time in this session"), id: id))
            return
        case .closed:
            exchange.respond(.text(404, "Session terminated"))
            return
        }
        let channel = RequestChannel(session: session, exchange: exchange, acceptsStream: headers.acceptsEventStream)
        exchange.onSlow = channel
        let caller = caller(session, principal, exchange, headers, channel: channel)
        let dispatcher = self.dispatcher
        let task = Task.immediate(executorPreference: exchange.shard.executor) {
            let answer: OutgoingMessage
            do throws(RequestError) {
                let result = try await dispatcher.result(of: method, params: params, session: session, caller: caller)
                answer = OutgoingMessage(id: id, result: result)
            } catch {
                answer = OutgoingMessage(id: id, error: request.isCutShort ? error.ofEndedSession : error)
            }
            let isUnwanted = session.end(id, request)
            channel.finish(isUnwanted ? nil : answer)
        }
        request.adopt(task)
    }

    private func open(
        _ id: RequestID, _ params: JSONSlice?, _ headers: RequestHeaders, _ principal: Principal,
        _ exchange: ServerExchange
    ) {
        let opening: LegacyDispatcher.Opening
        let session: ClientSession
        do throws(RequestError) {
            opening = try LegacyDispatcher.Opening(params)
            session = ClientSession(
                id: SessionTable.newID(), principal: principal, revision: opening.revision,
                capabilities: opening.capabilities, limits: limits, credentials: dispatcher.server.credentials)
            do throws(SessionTable.Refusal) {
                try sessions.insert(session)
            } catch {
                logger.warning("Refused a session", metadata: ["reason": "\(error)", "sessions": "\(sessions.count)"])
                throw RequestError(.overloaded, "Too many sessions", httpStatus: 503)
            }
        } catch {
            exchange.respond(.error(error, id: id))
            return
        }
        let server = dispatcher.server
        _ = Task.immediate(executorPreference: exchange.shard.executor) {
            let result = await server.initializeResult(revision: opening.revision)
            var answer = HTTPAnswer.json(OutgoingMessage(id: id, result: result))
            answer.fields.append(("Mcp-Session-Id", session.id))
            exchange.respond(answer)
        }
    }

    // MARK: Batches

    /// A batch of a 2025-03-26 session: every element is checked and served like a message of its own.
    private func batch(
        _ headers: RequestHeaders, _ body: ByteBuffer, _ principal: Principal, _ exchange: ServerExchange
    ) {
        guard let session = session(for: headers, principal, exchange, orphan: nil) else { return }
        guard session.revision.allowsBatches else {
            exchange.respond(.error(MCPMessageError.batch.requestError, id: nil))
            return
        }
        let batch: MessageBatch
        do throws(RequestError) {
            batch = try MessageBatch(body, limits: limits)
        } catch {
            exchange.respond(.error(error, id: nil))
            return
        }
        let channel = RequestChannel(session: session, exchange: exchange, acceptsStream: headers.acceptsEventStream)
        let caller = caller(session, principal, exchange, headers, channel: channel)
        for (method, params) in batch.notifications {
            dispatcher.receive(method, params: params, session: session, caller: caller)
        }
        for (id, outcome) in batch.responses { session.receive(answerTo: id, outcome) }
        guard batch.expectsAnswer else {
            exchange.respond(.accepted)
            return
        }
        let dispatcher = self.dispatcher
        _ = Task.immediate(executorPreference: exchange.shard.executor) {
            let answers = await batch.serve(dispatcher, session: session, caller: caller)
            channel.finish(answers.map { OutgoingMessage($0) })
        }
    }
}

extension RequestError {
    /// The error of a request that was stopped because its session ended, not because its client wanted that: it may
    /// have run.
    fileprivate var ofEndedSession: RequestError {
        guard code == .cancelled else { return self }
        return RequestError(
            .outcomeUnknown, "Outcome unknown: the session ended while the request was running; it may have run")
    }
}

extension MCPMessage {
    var params: JSONSlice? {
        switch self {
        case .request(_, _, let params), .notification(_, let params): params
        case .response: nil
        }
    }

    var requestID: RequestID? {
        if case .request(let id, _, _) = self { id } else { nil }
    }
}
