// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Synchronization

/// Standard output: one message per line, each written whole.
final class LineOutlet: Outlet, SessionTransport {
    private let descriptors: Descriptors

    init(_ descriptors: Descriptors) {
        self.descriptors = descriptors
    }

    func send(_ message: ByteBuffer) async {
        var line = message
        line.writeStaticString("\n")
        await write(line)
    }

    /// Writes bytes as they are, for an answer that breaks the framing.
    func write(_ bytes: ByteBuffer) async {
        do {
            try await descriptors.write(bytes)
        } catch {
            // The reader is gone or the server stops: there is nobody left to tell.
            descriptors.stop()
        }
    }

    /// Ends the conversation in the middle.
    func hangUp() { descriptors.stop() }

    func announce(_ message: ByteBuffer) async { await send(message) }
    func breakOff() async {}
    func close() {}
}

/// The answers to one line: one message, or an array of them for a batch.
final class LineExchange: Sendable {
    private struct State {
        var expected: Int
        var frames: [ByteBuffer] = []
    }

    let outlet: LineOutlet
    private let isBatch: Bool
    private let state: Mutex<State>

    init(_ outlet: LineOutlet, expecting count: Int, isBatch: Bool) {
        self.outlet = outlet
        self.isBatch = isBatch
        state = Mutex(State(expected: count))
    }

    func deliver(_ reply: Reply?, to id: JSONSlice) async {
        guard let reply else { return }
        if case .lie(.halfBody) = reply.payload {
            for frame in Lie.halfBody.frames(id: id) { await outlet.write(frame) }
            outlet.hangUp()
            return
        }
        let frames = reply.frames(id: id)
        guard isBatch else {
            for frame in frames { await outlet.send(frame) }
            if let last = reply.afterwards { await outlet.send(last) }
            return
        }
        let all = state.withLock { state in
            state.expected -= 1
            state.frames += frames
            return state.expected == 0 ? state.frames : []
        }
        guard !all.isEmpty else { return }
        var line = ByteBuffer(string: "[")
        for (index, frame) in all.enumerated() {
            if index > 0 { line.writeStaticString(",") }
            line.writeImmutableBuffer(frame)
        }
        line.writeStaticString("]")
        await outlet.send(line)
    }
}
