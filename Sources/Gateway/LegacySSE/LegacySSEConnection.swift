// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Backends
import JSONTypes
import Logging
import MCPTypes
import NIOCore
import Synchronization
import VirtualServer

/// One client of the HTTP+SSE transport: its event stream, and from `initialize` on its session
/// (2024-11-05, Transports, HTTP with SSE).
///
/// Everything for the client travels on the stream, answers included; what it says arrives by POST. The stream's end is
/// the session's end.
final class LegacySSEConnection: Sendable {
    /// What the client names with each POST; to anyone else it leads nowhere.
    let token: String
    let principal: Principal
    private let stream: EventStream
    private let limits: GatewayLimits
    private let dispatcher: LegacyDispatcher
    private let sessions: SessionTable
    private let state = Mutex(State())

    private struct State {
        var session: ClientSession?
        var isOver = false
    }

    init(
        token: String, principal: Principal, limits: GatewayLimits, dispatcher: LegacyDispatcher,
        sessions: SessionTable
    ) {
        self.token = token
        self.principal = principal
        self.limits = limits
        self.dispatcher = dispatcher
        self.sessions = sessions
        stream = EventStream(number: 1, revision: .v2024_11_05, limits: limits)
    }

    /// Begins the stream with the address for messages. Called on the exchange's loop.
    func begin(on exchange: ServerExchange, endpoint: String) {
        stream.attach(exchange)
        exchange.write(ByteBuffer(string: "event: endpoint\ndata: \(endpoint)\n\n"))
    }

    var session: ClientSession? { state.withLock { $0.session } }

    /// Ends the stream, and with it the session.
    func endStream() { stream.finish() }

    /// The stream is gone: nobody would get what still runs.
    func end() async {
        let session = state.withLock { state in
            state.isOver = true
            return state.session
        }
        guard let session else { return }
        _ = sessions.remove(session.id, for: session.principal)
        await session.close()
    }

    // MARK: Messages

    /// Takes one message in; the answer to a request goes out on the stream.
    ///
    /// - Returns: what the POST itself is answered with.
    func receive(
        _ message: MCPMessage, _ principal: Principal, _ shard: Shard, _ headers: ForwardedHeaders
    ) -> HTTPAnswer {
        if case .request(let id, .initialize, let params) = message, session == nil { return open(id, params, shard) }
        guard let session else {
            if case .request(let id, .ping, _) = message {
                return say(OutgoingMessage(id: id, result: JSONSlice.emptyObject.bytes))
            }
            guard case .request(let id, _, _) = message else { return .accepted }
            return say(OutgoingMessage(id: id, error: RequestError(.invalidRequest, "initialize comes first")))
        }
        session.adopt(principal)
        let caller = Caller(
            principal: principal, revision: session.revision, shard: shard, channel: GeneralChannel(session: session),
            sessions: session.backends, headers: headers)
        switch message {
        case .request(let id, let method, let params): return serve(id, method, params, session, caller)
        case .notification(let method, let params):
            dispatcher.receive(method, params: params, session: session, caller: caller)
        case .response(let id, let outcome):
            session.receive(answerTo: id, outcome)
        }
        return .accepted
    }

    /// A batch, which only 2025-03-26 knows; old clients of that revision may speak it over this transport too.
    func receive(
        batch body: ByteBuffer, _ principal: Principal, _ shard: Shard, _ headers: ForwardedHeaders
    ) -> HTTPAnswer {
        guard let session, session.revision.allowsBatches else {
            return .error(MCPMessageError.batch.requestError, id: nil)
        }
        let batch: MessageBatch
        do throws(RequestError) {
            batch = try MessageBatch(body, limits: limits)
        } catch {
            return .error(error, id: nil)
        }
        session.adopt(principal)
        let caller = Caller(
            principal: principal, revision: session.revision, shard: shard,
            channel: GeneralChannel(session: session), sessions: session.backends, headers: headers)
        for (method, params) in batch.notifications {
            dispatcher.receive(method, params: params, session: session, caller: caller)
        }
        for (id, outcome) in batch.responses { session.receive(answerTo: id, outcome) }
        guard batch.expectsAnswer else { return .accepted }
        let dispatcher = self.dispatcher
        _ = Task.immediate(executorPreference: shard.executor) {
            if let answers = await batch.serve(dispatcher, session: session, caller: caller) { stream.send(answers) }
        }
        return .accepted
    }

    private func open(_ id: RequestID, _ params: JSONSlice?, _ shard: Shard) -> HTTPAnswer {
        do throws(RequestError) {
            let opening = try LegacyDispatcher.Opening(params)
            let session = ClientSession(
                id: SessionTable.newID(), principal: principal, revision: opening.revision,
                capabilities: opening.capabilities, limits: limits, credentials: dispatcher.server.credentials,
                output: { [stream] in stream.send($0) })
            do throws(SessionTable.Refusal) {
                try sessions.insert(session)
            } catch {
                throw RequestError(.overloaded, "Too many sessions")
            }
            let isWanted = state.withLock { state in
                guard !state.isOver, state.session == nil else { return false }
                state.session = session
                return true
            }
            guard isWanted else {
                _ = sessions.remove(session.id, for: principal)
                return .text(404, "Session terminated")
            }
            session.backends.setListening(true, on: shard)
            let server = dispatcher.server
            _ = Task.immediate(executorPreference: shard.executor) {
                let result = await server.initializeResult(revision: opening.revision)
                _ = self.say(OutgoingMessage(id: id, result: result))
            }
            return .accepted
        } catch {
            return say(OutgoingMessage(id: id, error: error))
        }
    }

    private func serve(
        _ id: RequestID, _ method: MCPMethod, _ params: JSONSlice?, _ session: ClientSession, _ caller: Caller
    ) -> HTTPAnswer {
        let request: InFlightRequest
        switch session.begin(id) {
        case .admitted(let admitted): request = admitted
        case .duplicate:
            return say(
                OutgoingMessage(id: id, error: RequestError(.invalidRequest, "A request with this id is in flight")))
        case .tooMany:
            return say(
                OutgoingMessage(
                    id: id, error: RequestError(.overloaded, "Too many requests at a time in this session")))
        case .closed: return .text(404, "Session terminated")
        }
        let dispatcher = self.dispatcher
        let task = Task.immediate(executorPreference: caller.shard.executor) {
            let message: OutgoingMessage
            do throws(RequestError) {
                let result = try await dispatcher.result(of: method, params: params, session: session, caller: caller)
                message = OutgoingMessage(id: id, result: result)
            } catch {
                message = OutgoingMessage(id: id, error: error)
            }
            session.end(id, request)
            if !request.isCancelled { _ = self.say(message) }
        }
        request.adopt(task)
        return .accepted
    }

    /// Sends on the stream; a client that has let too much pile up loses its stream.
    private func say(_ message: OutgoingMessage) -> HTTPAnswer {
        stream.send(message.contiguous)
        return .accepted
    }
}
