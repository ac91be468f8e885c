// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Synchronization

/// The bytes that arrived on a connection and were not read yet, and the wait for more.
final class ByteInbox: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private struct State {
        var unread = ByteBuffer()
        var isEnded = false
        var waiter: (number: Int, continuation: CheckedContinuation<Bool, Never>)?
        var nextWaiter = 0
    }

    private let state = Mutex(State())

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        add(unwrapInboundIn(data))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { end() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) { end() }

    /// A reset connection has ended too.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func add(_ bytes: ByteBuffer) {
        let waiter = state.withLock { state in
            state.unread.writeImmutableBuffer(bytes)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.continuation.resume(returning: true)
    }

    private func end() {
        let waiter = state.withLock { state in
            state.isEnded = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.continuation.resume(returning: true)
    }

    /// Everything that has arrived, and whether it was the last.
    func take() -> (bytes: ByteBuffer, isEnded: Bool) {
        state.withLock { state in
            defer { state.unread = ByteBuffer() }
            return (state.unread, state.isEnded)
        }
    }

    /// Waits until something arrives or the peer ends; false when neither happens within `limit`.
    func waitForMore(on eventLoop: any EventLoop, within limit: TimeAmount) async -> Bool {
        await withCheckedContinuation { continuation in
            let number: Int? = state.withLock { state in
                if state.unread.readableBytes > 0 || state.isEnded { return nil }
                state.nextWaiter += 1
                state.waiter = (state.nextWaiter, continuation)
                return state.nextWaiter
            }
            guard let number else {
                continuation.resume(returning: true)
                return
            }
            eventLoop.scheduleTask(in: limit) {
                let waiter = self.state.withLock { state -> CheckedContinuation<Bool, Never>? in
                    guard let waiter = state.waiter, waiter.number == number else { return nil }
                    state.waiter = nil
                    return waiter.continuation
                }
                waiter?.resume(returning: false)
            }
        }
    }
}
