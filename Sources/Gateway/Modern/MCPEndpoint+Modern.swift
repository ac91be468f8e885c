// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Backends
import JSONTypes
import MCPTypes
import NIOCore
import VirtualServer

/// The Modern revisions over HTTP: every request is complete in itself (2026-07-28, Transports, Streamable HTTP).
extension MCPEndpoint {
    /// Serves a call of which all but its own text has been checked.
    func serveModern(
        _ call: KnownCall.Repetition, _ headers: RequestHeaders, _ principal: Principal, _ exchange: ServerExchange
    ) {
        do throws(RequestError) {
            try serve(
                call.id, .toolsCall, call.members, call.meta, headers, principal, modern.requests, exchange)
        } catch {
            exchange.respond(.error(error, id: call.id))
        }
    }

    /// - Parameter body: the text of the message.
    func serveModern(
        _ message: MCPMessage, _ body: ByteBuffer, _ headers: RequestHeaders, _ principal: Principal,
        _ exchange: ServerExchange
    ) {
        let routing = headers.routing
        switch message {
        case .request(let id, let method, let params):
            do throws(RequestError) {
                let (meta, members) = try modern.dispatcher.check(method, params, routing, exchange.knownMeta)
                if method == .toolsCall {
                    exchange.knownCall.remember(body, members, meta, headers, settings.limits.json)
                }
                if method == .listen {
                    try listen(id, params, meta, headers, principal, exchange)
                } else {
                    try serve(id, method, members, meta, headers, principal, modern.requests, exchange)
                }
            } catch {
                exchange.respond(.error(error, id: id))
            }
        case .notification(let method, let params):
            do throws(RequestError) {
                let claimed = params?["_meta"]?[ModernMeta.protocolVersionKey]?.string
                try ModernDispatcher.checkRevision(routing.checkVersion(ofNotification: claimed))
                try routing.checkRouting(ofNotification: method)
                // Cancelling is closing the stream; no other notification of a client means anything here.
                exchange.respond(.accepted)
            } catch {
                exchange.respond(.error(error, id: nil))
            }
        case .response:
            let error = RequestError(
                .invalidRequest, "Clients of a Modern revision send no responses", httpStatus: 400)
            exchange.respond(.error(error, id: nil))
        }
    }

    /// Serves what a peer has passed on: the answer to a round of a call that is parked here, and nothing else.
    func resume(
        _ message: MCPMessage, _ headers: RequestHeaders, _ principal: Principal, _ requests: ModernRequests,
        _ exchange: ServerExchange
    ) {
        do throws(RequestError) {
            guard case .request(let id, let method, let params) = message else {
                throw RequestError(.invalidRequest, "A peer passes on requests only", httpStatus: 400)
            }
            do throws(RequestError) {
                let (meta, members) = try modern.dispatcher.check(method, params, nil, exchange.knownMeta)
                switch modern.dispatcher.server.keeper(of: method, params, principal: principal) {
                case modern.replicas?.instance: break
                case .some: throw VirtualServer.keeperUnknown
                case nil: throw StateSeal.invalidState
                }
                try serve(id, method, members, meta, headers, principal, requests, exchange, isPassedOn: true)
            } catch {
                exchange.respond(.error(error, id: id))
            }
        } catch {
            exchange.respond(.error(error, id: nil))
        }
    }

    /// - Parameter isPassedOn: whether a peer has passed it on, which has looked at the headers that repeat the body.
    private func serve(
        _ id: RequestID, _ method: MCPMethod, _ members: RequestMembers, _ meta: ModernMeta,
        _ headers: RequestHeaders, _ principal: Principal, _ requests: ModernRequests, _ exchange: ServerExchange,
        isPassedOn: Bool = false
    ) throws(RequestError) {
        let answer = ModernAnswer(exchange, headers: headers, limits: settings.limits)
        let caller = try modern.caller(
            meta, principal, exchange.shard, channel: ModernChannel(meta) { answer.notify($0) },
            headers: forwarded(headers), repeated: method == .toolsCall && !isPassedOn ? headers : nil)
        let request = try requests.begin(for: principal)
        exchange.onSlow = answer
        // A client that has closed its side without half-closing finds out by what is written now, and so do we.
        exchange.onInputClosed = { answer.openStream() }
        // Peers do not half-close.
        if isPassedOn { exchange.onInputClosed = { exchange.abandon() } }
        exchange.onDisconnect = { request.cancel() }
        let end = RequestEnd(id: id, request: request, requests: requests, answer: answer, exchange: exchange)
        if !isPassedOn, let replicas = modern.replicas,
            let keeper = modern.keeper(of: method, members.params, principal)
        {
            let modern = self.modern
            let task = Task.immediate(executorPreference: exchange.shard.executor) {
                do throws(RequestError) {
                    try await modern.passOn(
                        id, method, members.params, headers, caller, to: keeper, of: replicas, exchange)
                    requests.end(request)
                } catch {
                    end(.failure(error))
                }
            }
            request.adopt(task)
        } else {
            modern.dispatcher.serve(method, members, caller, request) { end($0) }
        }
    }

    private func listen(
        _ id: RequestID, _ params: JSONSlice?, _ meta: ModernMeta, _ headers: RequestHeaders, _ principal: Principal,
        _ exchange: ServerExchange
    ) throws(RequestError) {
        guard headers.acceptsEventStream else {
            throw RequestError(.invalidRequest, "A subscription is an event stream; accept it", httpStatus: 406)
        }
        let caller = try modern.caller(
            meta, principal, exchange.shard, channel: ModernChannel(meta) { _ in }, headers: forwarded(headers))
        let stream = AnswerStream(exchange, maximumBytes: settings.limits.queuedBytesPerSubscription)
        let subscriptions = modern.subscriptions
        let subscription = try subscriptions.begin(
            id, params, for: principal, hasTasks: meta.capabilities.hasTasks, output: StreamOutput(stream: stream))
        exchange.onDisconnect = { subscriptions.drop(subscription) }
        exchange.onShutdown = { subscriptions.end(subscription) }
        stream.begin()
        _ = Task.immediate(executorPreference: exchange.shard.executor) {
            await subscriptions.open(subscription, caller)
        }
    }
}

/// What remains to be done with a request when its result is there.
///
/// A reference, because it is handed on often.
private final class RequestEnd: Sendable {
    let id: RequestID
    let request: InFlightRequest
    let requests: ModernRequests
    let answer: ModernAnswer
    let exchange: ServerExchange

    init(
        id: RequestID, request: InFlightRequest, requests: ModernRequests, answer: ModernAnswer,
        exchange: ServerExchange
    ) {
        self.id = id
        self.request = request
        self.requests = requests
        self.answer = answer
        self.exchange = exchange
    }

    /// Called on the exchange's loop.
    func callAsFunction(_ result: Result<ByteBuffer, RequestError>) {
        requests.end(request)
        switch result {
        case .success(let result):
            answer.finish(result: OutgoingMessage(id: id, result: result))
        case .failure(let error):
            let error = request.isCutShort ? error.ofShutdown : error
            if let seconds = error.retryAfter { exchange.extraFields.append(("Retry-After", "\(seconds)")) }
            answer.finish(error: OutgoingMessage(id: id, error: error), status: error.httpStatus)
        }
    }
}

/// A subscription over HTTP: the end of the stream says that it is over.
private struct StreamOutput: SubscriptionOutput {
    let stream: AnswerStream

    func send(_ message: ByteBuffer) { stream.send(message) }
    func acknowledge(_ message: ByteBuffer) { stream.send(message) }

    func finish(_ id: RequestID, _ result: JSONSlice) {
        stream.finish(OutgoingMessage(id: id, result: result.bytes).contiguous)
    }
}
