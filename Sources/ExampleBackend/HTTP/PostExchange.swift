// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Synchronization

/// The answer to one POST while it is not known yet whether it becomes JSON or a stream of events.
///
/// The first message before the last reply makes it a stream.
final class PostExchange: Outlet {
    struct Answer: Sendable {
        let id: JSONSlice
        let reply: Reply
    }

    enum Opening: Sendable {
        /// Every request was answered before anything else was sent.
        case answers([Answer])
        case stream(EventStream)
        /// The client is gone.
        case nobody
    }

    private struct State {
        var expected: Int
        var answers: [Answer] = []
        var stream: EventStream?
        var opening: Opening?
        var waiting: CheckedContinuation<Opening, Never>?
    }

    private let streams: StreamStore
    private let state: Mutex<State>

    init(_ streams: StreamStore, expecting count: Int) {
        self.streams = streams
        state = Mutex(State(expected: count))
    }

    func send(_ message: ByteBuffer) async {
        await stream().send(message)
    }

    func breakOff() async {
        stream().breakOff()
    }

    /// Takes the reply to one of the requests.
    func deliver(_ reply: Reply, to id: JSONSlice) async {
        let (stream, isLast) = state.withLock { state in
            state.expected -= 1
            if state.stream == nil { state.answers.append(Answer(id: id, reply: reply)) }
            return (state.stream, state.expected == 0)
        }
        if let stream {
            for frame in reply.frames(id: id) { await stream.send(frame) }
            if isLast { stream.finish() }
        } else if isLast {
            open { .answers($0.answers) }
        }
    }

    /// Waits for the first thing to be sent, or for the last reply.
    func opening() async -> Opening {
        await withCheckedContinuation { continuation in
            let opening = state.withLock { state in
                if state.opening == nil { state.waiting = continuation }
                return state.opening
            }
            if let opening { continuation.resume(returning: opening) }
        }
    }

    /// Lets the waiting connection go; the calls go on, because a lost connection cancels nothing.
    func abandon() {
        open { _ in .nobody }
    }

    private func open(_ decide: (inout State) -> Opening) {
        let (waiting, opening) = state.withLock { state -> (CheckedContinuation<Opening, Never>?, Opening?) in
            guard state.opening == nil else { return (nil, nil) }
            let opening = decide(&state)
            state.opening = opening
            defer { state.waiting = nil }
            return (state.waiting, opening)
        }
        if let opening { waiting?.resume(returning: opening) }
    }

    /// The stream, begun with the answers that are there already.
    private func stream() -> EventStream {
        let (stream, answers) = state.withLock { state -> (EventStream, [Answer]) in
            if let stream = state.stream { return (stream, []) }
            let stream = streams.make()
            state.stream = stream
            defer { state.answers.removeAll() }
            return (stream, state.answers)
        }
        for answer in answers {
            for frame in answer.reply.frames(id: answer.id) { stream.append(frame) }
        }
        open { _ in .stream(stream) }
        if case .nobody = state.withLock({ $0.opening }) { stream.expectNobody() }
        return stream
    }
}

extension Reply {
    /// The messages that make up the reply on a stream; lies included.
    func frames(id: JSONSlice) -> [ByteBuffer] {
        if case .lie(let lie) = payload { return lie.frames(id: id) }
        return message(id: id).map { [$0] } ?? []
    }
}
