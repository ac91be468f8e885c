// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Synchronization

/// One server-sent event stream of a session, which outlives the connections that read it.
///
/// Events are kept for a while, so that a client that lost its connection can go on after the last event that it
/// has seen (MCP transports, resumability). One connection reads at a time.
final class EventStream: Sendable {
    /// What is kept of events that were read already.
    static let retained = (events: 256, bytes: 1 << 20)
    /// Unread events at which a sender has to wait for its reader.
    static let highWater = 256

    private struct State {
        var events = CircularBuffer<Event>()
        var bytes = 0
        var last = 0
        var sent = 0
        var isFinished = false
        /// The last event that the present connection gets, when it is to end before the stream does.
        var breakAfter: Int?
        var reader: Int?
        var readers = 0
        /// The first connection is about to read: nothing may be lost and senders wait, as if it did already.
        var isExpected = false
        var waiting: CheckedContinuation<Void, Never>?
        var senders: [CheckedContinuation<Void, Never>] = []
    }

    private struct Event {
        let sequence: Int
        let bytes: ByteBuffer
    }

    private static func isLive(_ state: State) -> Bool { state.reader != nil || state.isExpected }

    let number: Int
    private let encoder: EventEncoder
    private let state = Mutex(State())

    init(number: Int, encoder: EventEncoder, expectsReader: Bool = false) {
        self.number = number
        self.encoder = encoder
        if expectsReader { state.withLock { $0.isExpected = true } }
    }

    var isFinished: Bool { state.withLock { $0.isFinished } }
    var unread: Int { state.withLock { $0.last - $0.sent } }

    // MARK: Writing

    /// Adds a message without waiting; what no longer fits is lost, oldest first.
    func append(_ message: ByteBuffer, format: EventFormat = .plain) {
        _ = add(message, format)
    }

    /// Adds a comment, which says nothing but that the connection is alive.
    func comment() {
        wake { state in
            guard !state.isFinished, state.events.isEmpty || state.sent == state.last else { return }
            state.last += 1
            let bytes = ByteBuffer(string: ":\n\n")
            state.events.append(Event(sequence: state.last, bytes: bytes))
            state.bytes += bytes.readableBytes
            Self.forget(&state)
        }
    }

    /// Adds a message and waits while the reader lags behind.
    func send(_ message: ByteBuffer) async {
        guard add(message, .plain) else { return }
        await withCheckedContinuation { continuation in
            let mayGo = state.withLock { state in
                guard Self.isCrowded(state) else { return true }
                state.senders.append(continuation)
                return false
            }
            if mayGo { continuation.resume() }
        }
    }

    /// Ends the connection after what was sent so far; the stream itself goes on for whoever resumes it.
    func breakOff() {
        wake { $0.breakAfter = $0.last }
    }

    /// Ends the stream: the reader gets what is left.
    func finish() {
        wake { $0.isFinished = true }
        release()
    }

    /// True when the sender should wait.
    private func add(_ message: ByteBuffer, _ format: EventFormat) -> Bool {
        var crowded = false
        wake { state in
            guard !state.isFinished else { return }
            state.last += 1
            let bytes = encoder.event(message, stream: number, sequence: state.last, format: format)
            state.events.append(Event(sequence: state.last, bytes: bytes))
            state.bytes += bytes.readableBytes
            Self.forget(&state)
            crowded = Self.isCrowded(state)
        }
        return crowded
    }

    /// Drops what is above the bounds, unless somebody is about to read it.
    private static func forget(_ state: inout State) {
        while state.events.count > 1, let first = state.events.first,
            !isLive(state) || first.sequence <= state.sent,
            state.events.count > retained.events || state.bytes > retained.bytes
        {
            state.bytes -= first.bytes.readableBytes
            state.events.removeFirst()
        }
    }

    private static func isCrowded(_ state: State) -> Bool {
        isLive(state) && !state.isFinished && state.last - state.sent > highWater
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiting = state.withLock { state in
            change(&state)
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    private func release() {
        let senders = state.withLock { state in
            defer { state.senders.removeAll() }
            return Self.isCrowded(state) ? [] : state.senders
        }
        for sender in senders { sender.resume() }
    }

    // MARK: Reading

    /// The first bytes of a connection: the priming event, if the session's revision has one.
    var opening: ByteBuffer? { encoder.priming(stream: number, sequence: state.withLock { $0.sent }) }

    /// Takes the stream over for a connection, from the event after `sequence` or else from the first unread one.
    ///
    /// Nil when another connection reads it and may not be replaced.
    func attach(after sequence: Int? = nil, replacing: Bool) -> Int? {
        var reader: Int?
        wake { state in
            guard state.reader == nil || replacing else { return }
            state.readers += 1
            state.reader = state.readers
            state.isExpected = false
            if let sequence {
                state.sent = min(max(sequence, 0), state.last)
                state.breakAfter = nil
            }
            reader = state.readers
        }
        return reader
    }

    /// The connection that was to read first is gone.
    func expectNobody() {
        state.withLock { $0.isExpected = false }
        release()
    }

    func detach(_ reader: Int) {
        wake { state in
            if state.reader == reader { state.reader = nil }
        }
        release()
    }

    /// The next bytes for a connection; nil at the end of the stream or of the connection's turn.
    func next(_ reader: Int) async -> ByteBuffer? {
        while true {
            switch take(reader) {
            case .bytes(let bytes):
                release()
                return bytes
            case .end:
                release()
                return nil
            case .nothing:
                await withCheckedContinuation { continuation in
                    let changed = state.withLock { state in
                        guard state.reader == reader, state.sent == state.last, !state.isFinished,
                            state.breakAfter == nil
                        else { return true }
                        state.waiting = continuation
                        return false
                    }
                    if changed { continuation.resume() }
                }
            }
        }
    }

    private enum Taken {
        case bytes(ByteBuffer)
        case end
        case nothing
    }

    private func take(_ reader: Int) -> Taken {
        state.withLock { state in
            guard state.reader == reader else { return .end }
            let end = state.breakAfter ?? state.last
            if state.sent < end {
                var bytes = ByteBuffer()
                for event in state.events where (state.sent + 1...end).contains(event.sequence) {
                    bytes.writeImmutableBuffer(event.bytes)
                }
                state.sent = end
                return .bytes(bytes)
            }
            if state.isFinished || state.breakAfter != nil {
                state.reader = nil
                return .end
            }
            return .nothing
        }
    }
}
