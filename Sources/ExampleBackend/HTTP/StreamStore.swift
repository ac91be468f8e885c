// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Synchronization

/// The event streams of one HTTP session: number 0 belongs to no request and is read by GET.
final class StreamStore: SessionTransport {
    /// Finished streams that can still be resumed.
    static let retained = 16

    private struct State {
        var streams: [Int: EventStream] = [:]
        /// Numbers in order of their beginning.
        var order: [Int] = []
        var last = 0
        var isClosed = false
    }

    let standalone: EventStream
    private let encoder: EventEncoder
    private let state = Mutex(State())

    init(_ encoder: EventEncoder) {
        self.encoder = encoder
        standalone = EventStream(number: 0, encoder: encoder)
    }

    /// Begins the stream of one POST, which its connection is about to read.
    func make() -> EventStream {
        state.withLock { state in
            state.last += 1
            let stream = EventStream(number: state.last, encoder: encoder, expectsReader: true)
            guard !state.isClosed else { return stream }
            state.streams[stream.number] = stream
            state.order.append(stream.number)
            if state.order.count > Self.retained { Self.forgetOldest(&state) }
            return stream
        }
    }

    private static func forgetOldest(_ state: inout State) {
        guard let index = state.order.firstIndex(where: { state.streams[$0]?.isFinished ?? true }) else { return }
        state.streams[state.order.remove(at: index)] = nil
    }

    func find(_ number: Int) -> EventStream? {
        number == 0 ? standalone : state.withLock { $0.streams[number] }
    }

    func announce(_ message: ByteBuffer) async {
        standalone.append(message)
    }

    func close() {
        let streams = state.withLock { state in
            state.isClosed = true
            defer { state.streams.removeAll() }
            return Array(state.streams.values)
        }
        standalone.finish()
        for stream in streams { stream.finish() }
    }
}
