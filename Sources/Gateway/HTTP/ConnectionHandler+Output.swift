// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import NIOCore

/// What exchanges write, and what happens when nobody does anything.
extension ConnectionHandler {
    var isWritable: Bool { context?.channel.isWritable ?? false }

    func writeAndFlush(_ bytes: ByteBuffer) {
        context?.writeAndFlush(wrapOutboundOut(.byteBuffer(bytes)), promise: account(of: bytes))
    }

    func write(_ bytes: ByteBuffer) {
        context?.write(wrapOutboundOut(.byteBuffer(bytes)), promise: account(of: bytes))
    }

    /// What a client does not read is kept by its connection, and counts until it is gone.
    private func account(of bytes: ByteBuffer) -> EventLoopPromise<Void>? {
        guard bytes.readableBytes > AnswerBudget.uncountedBytes, let context else { return nil }
        var share = BudgetShare(of: shard.answers)
        share.hold(bytes.readableBytes)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { [share] _ in
            var share = share
            share.giveBack()
        }
        return written
    }

    func flush() { context?.flush() }

    func close() { context?.close(promise: nil) }

    // MARK: Deadlines

    func sweep(now: NIODeadline) {
        guard let context else { return }
        if let unwritableSince, now - unwritableSince > limits.writeTimeout {
            context.close(promise: nil)
            return
        }
        switch phase {
        case .idle:
            if now > requestDeadline { context.close(promise: nil) }
        case .collecting:
            if now > requestDeadline { reject(.text(408, "Request Timeout"), context) }
        case .forwarding(isRead: false, _):
            if now > requestDeadline { context.close(promise: nil) }
        case .forwarding: break
        case .answering(let exchange): exchange.sweep(now: now)
        case .draining(let until):
            if now > until { context.close(promise: nil) }
        }
    }
}
