// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import MCPTypes
import NIOCore

/// Why a line of a child was skipped.
package enum StdioSkippedLine: Sendable {
    case tooLong
    /// Beside other large answers there was no room for it.
    case noRoom
}

/// Reads a child's standard output on the event loop and hands out whole lines.
final class StdioOutputHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    struct Callbacks: Sendable {
        var maxLineBytes: Int
        var onLine: @Sendable (ByteBuffer) -> Void
        var onSkippedLine: @Sendable (StdioSkippedLine) -> Void
        var answers: AnswerBudget
    }

    private var framer: LineFramer
    private var share: BudgetShare
    private let callbacks: Callbacks
    private let logger: Logger
    private let onClosed: () -> Void

    init(callbacks: Callbacks, logger: Logger, onClosed: @escaping () -> Void) {
        self.framer = LineFramer(maxLineBytes: callbacks.maxLineBytes)
        self.share = BudgetShare(of: callbacks.answers)
        self.callbacks = callbacks
        self.logger = logger
        self.onClosed = onClosed
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        framer.append(unwrapInboundIn(data))
        deliver()
        guard !share.cover(framer.unfinishedBytes) else { return }
        logger.warning("backend line was skipped: there is no room for it beside other large answers")
        framer.skipLine()
        share.giveBack()
        callbacks.onSkippedLine(.noRoom)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.warning("backend output could not be read", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deliver()
        while let line = framer.finish() { callbacks.onLine(line) }
        share.giveBack()
        onClosed()
        context.fireChannelInactive()
    }

    private func deliver() {
        while true {
            do {
                guard let line = try framer.next() else { return }
                callbacks.onLine(line)
            } catch {
                logger.warning(
                    "backend line is too long and was skipped",
                    metadata: ["limitBytes": "\(callbacks.maxLineBytes)"]
                )
                callbacks.onSkippedLine(.tooLong)
            }
        }
    }
}

/// Watches a child's standard input, which is only written to.
final class StdioInputHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let onClosed: () -> Void

    init(onClosed: @escaping () -> Void) {
        self.onClosed = onClosed
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A broken pipe: the child closed its end. What that means is decided where the closure is reported.
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        onClosed()
        context.fireChannelInactive()
    }
}
