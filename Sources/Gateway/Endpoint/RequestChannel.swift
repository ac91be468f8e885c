// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import JSONTypes
import MCPTypes
import NIOCore
import Synchronization

/// The way to a client during one request of its own: the answer becomes an event stream as soon as there is something
/// to say before the answer itself.
final class RequestChannel: ClientChannel, SlowAnswer {
    private let session: ClientSession
    private let exchange: ServerExchange
    private let acceptsStream: Bool
    private let state = Mutex(State())

    private struct State {
        var stream: EventStream?
        var isOver = false
    }

    init(session: ClientSession, exchange: ServerExchange, acceptsStream: Bool) {
        self.session = session
        self.exchange = exchange
        self.acceptsStream = acceptsStream
    }

    var capabilities: ClientCapabilities { session.capabilities }

    func notify(_ method: MCPMethod, params: JSONSlice?) {
        guard session.wants(method, params) else { return }
        var message = ByteBuffer()
        message.writeNotification(method: method, params: params)
        _ = send(message)
    }

    func ask(_ method: MCPMethod, params: JSONSlice?) async throws(RequestError) -> JSONSlice {
        try await session.ask(method, params) { [self] in send($0) }
    }

    /// Sends on this request's stream, opening it first; without one, on the session's general stream.
    private func send(_ message: ByteBuffer) -> Bool {
        guard let stream = openStream() else { return session.sendGeneral(message) }
        return stream.send(message)
    }

    /// The stream of this request, or `nil` when it cannot have one any more.
    @discardableResult
    func openStream() -> EventStream? {
        guard acceptsStream else { return nil }
        let (stream, isNew) = state.withLock { state -> (EventStream?, Bool) in
            if state.isOver { return (nil, false) }
            if let stream = state.stream { return (stream, false) }
            state.stream = session.openStream(isGeneral: false)
            return (state.stream, state.stream != nil)
        }
        if isNew, let stream {
            if exchange.shard.eventLoop.inEventLoop {
                stream.attach(exchange)
            } else {
                exchange.shard.eventLoop.execute { stream.attach(self.exchange) }
            }
        }
        return stream
    }

    func answerIsSlow() { openStream() }

    /// Gives the answer, on the stream if there is one. Called on the exchange's loop.
    func finish(_ answer: OutgoingMessage?) {
        let stream = state.withLock { state in
            state.isOver = true
            return state.stream
        }
        if let stream {
            stream.finish(answer?.contiguous)
        } else if let answer {
            exchange.respond(result: answer)
        } else {
            // A cancelled request gets no answer: an event stream without events.
            if acceptsStream { exchange.beginStream() }
            exchange.end()
        }
    }
}
