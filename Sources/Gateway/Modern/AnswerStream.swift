// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import MCPTypes
import NIOCore
import Synchronization

/// The event stream that answers one Modern request: its events have no ids, and nothing outlives its connection
/// (2026-07-28, Transports).
///
/// Any thread may send. What waits for a client that does not read is bounded; beyond it the connection is dropped.
/// An idle stream holds no buffer, no timer and no task.
final class AnswerStream: Sendable {
    private struct State {
        var backlog = Backlog()
        var hasBegun = false
        var isFlushScheduled = false
        /// The last message has been sent.
        var isFinished = false
        /// Nobody reads any more.
        var isGone = false
    }

    private let exchange: ServerExchange
    private let maximumBytes: Int
    private let state = Mutex(State())

    init(_ exchange: ServerExchange, maximumBytes: Int) {
        self.exchange = exchange
        self.maximumBytes = maximumBytes
        state.withLock { $0.backlog.count(in: exchange.shard.answers) }
    }

    deinit { state.withLock { $0.backlog.removeAll() } }

    /// Begins the answer. Until then messages wait.
    func begin() { onLoop { $0.start() } }

    /// Sends one message; a finished stream takes none.
    func send(_ message: ByteBuffer) { add(message, isLast: false) }

    /// Sends the last message, if there is one, and ends the answer.
    func finish(_ message: ByteBuffer?) { add(message, isLast: true) }

    private enum Next { case nothing, flush, abandon }

    private func add(_ message: ByteBuffer?, isLast: Bool) {
        var event = ByteBuffer()
        if let message {
            event = ByteBufferAllocator().buffer(capacity: message.readableBytes + 16)
            SSEEncoder.event(data: message, into: &event)
        }
        let next = state.withLock { state -> Next in
            guard !state.isGone, !state.isFinished else { return .nothing }
            guard isLast || state.backlog.hasRoom(for: event, within: maximumBytes) else {
                state.isGone = true
                state.backlog.removeAll()
                return .abandon
            }
            if event.readableBytes > 0 { state.backlog.append(event) }
            state.isFinished = isLast
            guard !state.isFlushScheduled, state.hasBegun else { return .nothing }
            state.isFlushScheduled = true
            return .flush
        }
        switch next {
        case .nothing: break
        case .flush: onLoop { $0.flush() }
        case .abandon: onLoop { $0.exchange.abandon() }
        }
    }

    /// Never at once: whoever sends may hold a lock that the end of a connection wants.
    private func onLoop(_ body: @escaping @Sendable (AnswerStream) -> Void) {
        exchange.shard.eventLoop.execute { body(self) }
    }

    private func start() {
        guard !exchange.isEnded else {
            state.withLock { $0.isGone = true }
            return
        }
        exchange.beginStream()
        exchange.onWritable = { self.flush() }
        state.withLock { $0.hasBegun = true }
        flush()
    }

    /// Writes what waits, as long as the socket takes it.
    private func flush() {
        let isOpen = !exchange.isEnded
        let isWritable = isOpen && exchange.isWritable
        let (ready, ends) = state.withLock { state -> (ByteBuffer?, Bool) in
            state.isFlushScheduled = false
            if !isOpen {
                state.isGone = true
                state.backlog.removeAll()
            }
            guard isWritable || !isOpen else { return (nil, false) }
            return (state.backlog.take(), state.isFinished)
        }
        if let ready { exchange.write(ready) }
        if ends { exchange.end() }
    }
}
