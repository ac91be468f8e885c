// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import Synchronization

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// One child and its two channels, all confined to one event loop.
///
/// `StdioProcess` is the handle that callers keep. This object is kept by the task that runs the child and by the
/// channels, so it lives exactly as long as there is something to clean up.
final class StdioChild: Sendable {
    struct State {
        var input: (any Channel)?
        var output: (any Channel)?
        var ladder = StopLadder()
        var stopWait: Scheduled<Void>?
        var cause = StdioExit.Cause.itself
        var started: NIODeadline?
        var status: StdioExit.Status?
        var lastErrorLines: [String] = []
        var isFinished = false
    }

    /// How long a child that closed its streams may take to exit by itself, and then to obey SIGTERM.
    static let closedStreamsGrace = Duration.seconds(2)
    /// How long output may still arrive after the exit: only a process that left the group can hold the pipe.
    static let drainLimit = TimeAmount.milliseconds(500)

    let eventLoop: any EventLoop
    let logger: Logger
    let group = StdioProcessGroup()
    let started: EventLoopPromise<pid_t>
    let ended: EventLoopPromise<StdioExit>
    let outbox: Mutex<StdioOutbox>
    let state: NIOLoopBoundBox<State>
    private let onExit: @Sendable (StdioExit) -> Void

    init(
        eventLoop: any EventLoop,
        maxQueuedBytes: Int,
        logger: Logger,
        onExit: @escaping @Sendable (StdioExit) -> Void
    ) {
        self.eventLoop = eventLoop
        self.logger = logger
        self.started = eventLoop.makePromise()
        self.ended = eventLoop.makePromise()
        self.outbox = Mutex(StdioOutbox(limit: maxQueuedBytes))
        self.state = NIOLoopBoundBox.makeBoxSendingValue(State(), eventLoop: eventLoop)
        self.onExit = onExit
    }

    // MARK: Writing

    func send(_ message: ByteBuffer) throws(StdioError) {
        let mustDrain = try outbox.withLock { outbox throws(StdioError) in try outbox.enqueue(message) }
        if mustDrain { eventLoop.execute { self.drain() } }
    }

    /// Writes everything that has gathered in this turn of the loop with one flush.
    func drain() {
        let messages = outbox.withLock { $0.take() }
        guard !messages.isEmpty else { return }
        let size = messages.reduce(messages.count) { $0 + $1.readableBytes }
        guard let input = state.value.input else {
            outbox.withLock { $0.written(size) }
            return
        }
        var frames = StdioFrames.encode(messages, allocator: input.allocator)
        let last = frames.removeLast()
        for frame in frames { input.write(frame, promise: nil) }
        input.writeAndFlush(last).whenComplete { _ in
            let unwritten = self.outbox.withLock { outbox in
                outbox.written(size)
                return outbox.unwritten
            }
            if unwritten == 0, self.state.value.ladder.rung > .running { self.closeInput() }
        }
    }

    // MARK: Stopping

    func stop(gracePeriod: Duration, cause: StdioExit.Cause) {
        if cause == .stopRequested, state.value.status == nil { state.value.cause = cause }
        perform(state.value.ladder.stop(gracePeriod: gracePeriod))
    }

    private func perform(_ action: StopLadder.Action) {
        switch action {
        case .nothing:
            break
        case .closeInput(let wait):
            let unwritten = outbox.withLock { outbox in
                outbox.close()
                return outbox.unwritten
            }
            if unwritten == 0 { closeInput() }
            waitThenStep(wait)
        case .hurry(let wait):
            waitThenStep(wait)
        case .terminate(let wait):
            closeInput()
            logger.info("backend did not exit when its input was closed, sending SIGTERM")
            if state.value.cause == .itself, !group.leaderHasEnded { state.value.cause = .closedStreams }
            group.signal(SIGTERM)
            waitThenStep(wait)
        case .kill:
            logger.warning("backend did not exit on SIGTERM, sending SIGKILL")
            group.signal(SIGKILL)
        }
    }

    private func waitThenStep(_ wait: Duration) {
        state.value.stopWait?.cancel()
        state.value.stopWait = eventLoop.scheduleTask(in: TimeAmount(wait)) {
            self.perform(self.state.value.ladder.waited())
        }
    }

    private func closeInput() {
        state.value.input?.close(promise: nil)
    }

    // MARK: Events

    func didStart(_ identifier: pid_t) {
        state.value.started = .now()
        started.succeed(identifier)
        // It may have closed them already.
        if state.value.input == nil || state.value.output == nil { endUnlessStopping() }
    }

    func inputClosed() {
        state.value.input = nil
        outbox.withLock { $0.close() }
        endUnlessStopping()
    }

    func outputClosed() {
        state.value.output = nil
        endUnlessStopping()
        finishIfDone()
    }

    func reaped(_ status: StdioExit.Status, lastErrorLines: [String]) {
        state.value.ladder.exited()
        state.value.stopWait?.cancel()
        state.value.stopWait = nil
        state.value.status = status
        state.value.lastErrorLines = lastErrorLines
        closeInput()
        finishIfDone()
        guard !state.value.isFinished else { return }
        eventLoop.scheduleTask(in: Self.drainLimit) {
            self.state.value.output?.close(promise: nil)
        }
    }

    func failedToStart(_ error: StdioError) {
        state.value.isFinished = true
        state.value.ladder.exited()
        outbox.withLock { $0.close() }
        for channel in [state.value.input, state.value.output] { channel?.close(promise: nil) }
        started.fail(error)
        ended.fail(error)
    }

    /// A child without standard input or output is no MCP server: let it exit, then make it.
    private func endUnlessStopping() {
        guard !state.value.isFinished, state.value.started != nil else { return }
        stop(gracePeriod: Self.closedStreamsGrace, cause: .closedStreams)
    }

    private func finishIfDone() {
        guard !state.value.isFinished, let status = state.value.status, state.value.output == nil else { return }
        state.value.isFinished = true
        let exit = StdioExit(
            status: status,
            cause: state.value.cause,
            uptime: state.value.started.map { Duration.nanoseconds((NIODeadline.now() - $0).nanoseconds) } ?? .zero,
            lastErrorLines: state.value.lastErrorLines
        )
        onExit(exit)
        ended.succeed(exit)
    }
}
