// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import DequeModule
import JSONTypes
import MCPTypes
import NIOCore
import Synchronization

/// One event stream of a session: numbered events, the connection that carries them at the moment, and what is kept
/// for resuming (2025-11-25, Transports, Resumability and Redelivery).
///
/// Any thread may send. Event ids are `stream-number`, unique in the session, and name the stream they belong to.
final class EventStream: Sendable {
    let number: Int
    private let revision: ProtocolRevision
    private let limits: GatewayLimits

    fileprivate struct State {
        var nextEvent = 1
        var log: Deque<(event: Int, bytes: ByteBuffer)> = []
        var loggedBytes = 0
        var isFinished = false
        /// Until the first connection carries the stream, messages wait for it.
        var hasBeenAttached = false
        var exchange: ServerExchange?
        /// Written by senders, taken by the exchange's loop: keeps the order over threads.
        var backlog = Backlog()
        var isFlushScheduled = false
    }

    private let state = Mutex(State())

    init(number: Int, revision: ProtocolRevision, limits: GatewayLimits) {
        self.number = number
        self.revision = revision
        self.limits = limits
    }

    deinit { state.withLock { $0.backlog.removeAll() } }

    /// Revision 2024-11-05 knows no resumption, so its events carry no ids.
    private var isResumable: Bool { revision >= .v2025_03_26 }

    var isAttached: Bool { state.withLock { $0.exchange != nil } }
    var isFinished: Bool { state.withLock { $0.isFinished } }

    /// Whether nothing of this stream can be of use any more.
    var isSpent: Bool { state.withLock { $0.isFinished && $0.exchange == nil && $0.log.isEmpty } }

    /// Begins to answer `exchange` with this stream. Called on the exchange's loop.
    ///
    /// - Parameter lastEvent: the event after which to go on, when the client resumes.
    func attach(_ exchange: ServerExchange, after lastEvent: Int? = nil) {
        // The client may have gone before there was anything to say; then events are only kept.
        guard !exchange.isEnded else { return }
        exchange.beginStream()
        exchange.onDisconnect = { [weak self, weak exchange] in self?.detach(exchange) }
        let endsNow = state.withLock { state -> Bool in
            // A second connection for the same stream takes over; the first is of no more use to its client.
            if let previous = state.exchange, previous !== exchange {
                previous.shard.eventLoop.execute { previous.end() }
            }
            let waiting = state.hasBeenAttached ? nil : state.backlog.take()
            state.hasBeenAttached = true
            state.exchange = exchange
            state.backlog.removeAll()
            state.backlog.count(in: exchange.shard.answers)
            if let lastEvent {
                for (event, bytes) in state.log where event > lastEvent { state.backlog.append(bytes) }
            } else {
                if isResumable && revision.hasPrimingEvent {
                    var priming = ByteBuffer()
                    SSEEncoder.event(id: "\(number)-0", data: ByteBuffer(), into: &priming)
                    state.backlog.append(priming)
                }
                if let waiting { state.backlog.append(waiting) }
            }
            return state.isFinished
        }
        flush(exchange)
        if endsNow { exchange.end() }
    }

    private func detach(_ exchange: ServerExchange?) {
        state.withLock { state in
            guard state.exchange === exchange else { return }
            state.exchange = nil
            // Whoever comes back is told from the log.
            state.backlog.removeAll()
        }
    }

    /// Sends one message. It is kept for resumption within the session's bounds, so a stream whose connection is gone
    /// still takes messages; `false` says that nobody will get this one.
    @discardableResult
    func send(_ message: ByteBuffer) -> Bool { add(message, isLast: false) }

    private func add(_ message: ByteBuffer, isLast: Bool) -> Bool {
        var overflowing: ServerExchange?
        let (target, isKept) = state.withLock { state -> (ServerExchange?, Bool) in
            guard !state.isFinished else { return (nil, false) }
            let bytes = record(message, &state)
            guard let exchange = state.exchange else {
                guard !state.hasBeenAttached, state.backlog.bytes < limits.queuedBytesPerStream else {
                    return (nil, isResumable)
                }
                state.backlog.append(bytes)
                return (nil, true)
            }
            guard isLast || state.backlog.hasRoom(for: bytes, within: limits.queuedBytesPerStream) else {
                // The client does not read. It may come back and resume; its connection must not hold our memory.
                overflowing = exchange
                state.exchange = nil
                state.backlog.removeAll()
                return (nil, isResumable)
            }
            state.backlog.append(bytes)
            guard !state.isFlushScheduled else { return (nil, true) }
            state.isFlushScheduled = true
            return (exchange, true)
        }
        if let overflowing { overflowing.shard.eventLoop.execute { overflowing.abandon() } }
        if let target { schedule(target) }
        return isKept
    }

    private func record(_ message: ByteBuffer, _ state: inout State) -> ByteBuffer {
        var bytes = ByteBufferAllocator().buffer(capacity: message.readableBytes + 32)
        guard isResumable else {
            SSEEncoder.event(id: nil, data: message, into: &bytes)
            return bytes
        }
        let event = state.nextEvent
        state.nextEvent += 1
        SSEEncoder.event(id: "\(number)-\(event)", data: message, into: &bytes)
        state.log.append((event, bytes))
        state.loggedBytes += bytes.readableBytes
        while state.loggedBytes > limits.resumableBytesPerSession, !state.log.isEmpty {
            state.loggedBytes -= state.log.removeFirst().bytes.readableBytes
        }
        return bytes
    }

    private func schedule(_ exchange: ServerExchange) {
        if exchange.shard.eventLoop.inEventLoop {
            flush(exchange)
        } else {
            exchange.shard.eventLoop.execute { self.flush(exchange) }
        }
    }

    /// Writes what waits, as long as the socket takes it.
    private func flush(_ exchange: ServerExchange) {
        let ready = state.withLock { state -> ByteBuffer? in
            state.isFlushScheduled = false
            guard state.exchange === exchange, exchange.isWritable else { return nil }
            return state.backlog.take()
        }
        if let ready { exchange.write(ready) }
        if exchange.onWritable == nil {
            exchange.onWritable = { [weak self, weak exchange] in
                guard let self, let exchange else { return }
                self.flush(exchange)
            }
        }
    }

    /// Sends the last message, if there is one, and ends the stream. What is kept of it stays for a client that lost
    /// its connection.
    func finish(_ message: ByteBuffer? = nil) {
        if let message { _ = add(message, isLast: true) }
        let exchange = state.withLock { state in
            state.isFinished = true
            return state.exchange
        }
        guard let exchange else { return }
        exchange.shard.eventLoop.execute {
            self.drain(exchange)
        }
    }

    private func drain(_ exchange: ServerExchange) {
        flush(exchange)
        let isEmpty = state.withLock { $0.backlog.isEmpty }
        if isEmpty || exchange.isEnded {
            detach(exchange)
            exchange.end()
        } else {
            exchange.onWritable = { [weak self, weak exchange] in
                guard let self, let exchange else { return }
                self.drain(exchange)
            }
        }
    }

    /// Forgets what was kept. Returns how much that was.
    func forget() {
        state.withLock { state in
            state.log = []
            state.loggedBytes = 0
        }
    }

    var keptBytes: Int { state.withLock { $0.loggedBytes } }

    /// The event id that `text` names, if it is one of ours.
    static func parse(_ text: String) -> (stream: Int, event: Int)? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let stream = Int(parts[0]), let event = Int(parts[1]), stream >= 0, event >= 0 else {
            return nil
        }
        return (stream, event)
    }
}
