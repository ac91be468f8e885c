// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import MCPTypes
import NIOCore
import Synchronization

/// The answer to one Modern request over HTTP: JSON, unless something is to be said before it or it takes so long that
/// proxies and people wonder; then an event stream.
final class ModernAnswer: Sendable {
    private struct State {
        var stream: AnswerStream?
        var isOver = false
    }

    private let exchange: ServerExchange
    private let acceptsJSON: Bool
    private let acceptsStream: Bool
    private let maximumBytes: Int
    private let state = Mutex(State())

    init(_ exchange: ServerExchange, headers: RequestHeaders, limits: GatewayLimits) {
        self.exchange = exchange
        acceptsJSON = headers.acceptsJSON
        acceptsStream = headers.acceptsEventStream
        maximumBytes = limits.queuedBytesPerStream
    }

    /// Says something before the answer. A client that takes no event stream misses it.
    func notify(_ message: ByteBuffer) { openStream()?.send(message) }

    /// The stream, begun now if it has not been; `nil` when there cannot be one any more.
    @discardableResult
    func openStream() -> AnswerStream? {
        guard acceptsStream else { return nil }
        let (stream, isNew) = state.withLock { state -> (AnswerStream?, Bool) in
            if state.isOver { return (nil, false) }
            if let stream = state.stream { return (stream, false) }
            let stream = AnswerStream(exchange, maximumBytes: maximumBytes)
            state.stream = stream
            return (stream, true)
        }
        if isNew { stream?.begin() }
        return stream
    }

    /// Gives a result. Called on the exchange's loop.
    func finish(result: OutgoingMessage) {
        // Whoever takes nothing but streams gets one.
        if !acceptsJSON { openStream() }
        if let stream = close() {
            stream.finish(result.contiguous)
        } else {
            exchange.respond(result: result)
        }
    }

    /// Gives an error. Called on the exchange's loop.
    ///
    /// - Parameter status: of the answer, as long as none has been sent.
    func finish(error: OutgoingMessage, status: Int) {
        if status == 200 { return finish(result: error) }
        if let stream = close() {
            stream.finish(error.contiguous)
        } else {
            exchange.respond(.json(error, status: status))
        }
    }

    private func close() -> AnswerStream? {
        state.withLock { state in
            state.isOver = true
            return state.stream
        }
    }
}

extension ModernAnswer: SlowAnswer {
    func answerIsSlow() { openStream() }
}
