// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
package import NIOCore
import NIOPosix

/// One child process that speaks MCP over its standard input and output.
///
/// Ownership: a `StdioProcess` owns one task, which is the child's whole life (spawn, wait, reap). The task ends when
/// the child has been reaped and its process group killed. `stop` leads there politely; when the last reference to a
/// running `StdioProcess` goes away the task is cancelled, which ends the child too, so no child outlives its handle.
///
/// A line travels from the child to `onLine` on the given event loop without changing threads. `onLine` may be called
/// before `start` returns; `onExit` is called once for a child that ran, on the loop, after the last line.
package final class StdioProcess: Sendable {
    package let processIdentifier: Int32
    private let child: StdioChild
    private let life: Task<Void, Never>

    private init(processIdentifier: Int32, child: StdioChild, life: Task<Void, Never>) {
        self.processIdentifier = processIdentifier
        self.child = child
        self.life = life
    }

    deinit {
        life.cancel()
    }

    /// Starts a child and attaches it to `eventLoop` (a loop of a `MultiThreadedEventLoopGroup`).
    ///
    /// - Parameters:
    ///   - maxLineBytes: the bound of one message from the child; a longer line is skipped with a warning.
    ///   - maxQueuedBytes: how much may wait for a child that does not read before `send` refuses.
    ///   - logger: carries the metadata that names the backend; the child's standard error goes to it at `info`.
    ///   - onLine: one line without its end; it may be anything, a banner for example.
    ///   - answers: what the lines of all children may take together.
    ///   - onSkippedLine: a line was skipped, so an answer that is waited for may never come.
    ///   - onExit: the child has ended and was reaped. When `start` throws it is called only if the start was
    ///     cancelled too late to keep the child from running.
    package static func start(
        _ command: StdioCommand,
        on eventLoop: any EventLoop,
        maxLineBytes: Int,
        maxQueuedBytes: Int,
        answers: AnswerBudget = .unbounded,
        logger: Logger,
        onLine: @escaping @Sendable (ByteBuffer) -> Void,
        onSkippedLine: @escaping @Sendable (StdioSkippedLine) -> Void = { _ in },
        onExit: @escaping @Sendable (StdioExit) -> Void
    ) async throws(StdioError) -> StdioProcess {
        let executable = try await prepare(command)
        let pipes = try StdioPipes.open()
        let child = StdioChild(eventLoop: eventLoop, maxQueuedBytes: maxQueuedBytes, logger: logger, onExit: onExit)
        let callbacks = StdioOutputHandler.Callbacks(
            maxLineBytes: maxLineBytes, onLine: onLine, onSkippedLine: onSkippedLine, answers: answers)
        do {
            try await child.connect(pipes, output: callbacks)
        } catch {
            StdioPipes.close(pipes.childEnds)
            eventLoop.execute { child.failedToStart(error) }
            throw error
        }
        let life = Task { await child.run(command, executable: executable, pipes: pipes) }
        let identifier: Int32
        do {
            identifier = try await withTaskCancellationHandler {
                try await child.started.futureResult.get()
            } onCancel: {
                life.cancel()
            }
        } catch {
            throw error as? StdioError ?? .spawnFailed(executable, reason: "\(error)")
        }
        let process = StdioProcess(processIdentifier: identifier, child: child, life: life)
        if Task.isCancelled {
            await process.stop(gracePeriod: .zero)
            throw .cancelled
        }
        return process
    }

    /// Queues one message; callable from any thread. Messages of one thread keep their order.
    ///
    /// Everything queued in one turn of the loop leaves in one flush. Line breaks inside the message become spaces.
    ///
    /// - Throws: `notRunning`, or `queueFull` when the child does not keep up. The message was not sent then.
    package func send(_ message: ByteBuffer) throws(StdioError) {
        try child.send(message)
    }

    /// Ends the child: closes its input after what is queued, waits, SIGTERM, waits, SIGKILL to its process group.
    ///
    /// Returns when it has been reaped. Calling it again is harmless; a shorter grace period shortens the waits.
    ///
    /// - Parameter gracePeriod: each of the two waits.
    package func stop(gracePeriod: Duration) async {
        child.eventLoop.execute { self.child.stop(gracePeriod: gracePeriod, cause: .stopRequested) }
        await life.value
        _ = try? await child.ended.futureResult.get()
    }

    /// The end of the child, however it came.
    package func waitForExit() async -> StdioExit? {
        try? await child.ended.futureResult.get()
    }

    /// Finds the program and checks the working directory, off the event loops because it may block.
    private static func prepare(_ command: StdioCommand) async throws(StdioError) -> String {
        try command.validate()
        guard !Task.isCancelled else { throw .cancelled }
        do {
            return try await NIOThreadPool.singleton.runIfActive {
                if let directory = command.workingDirectory,
                    let problem = ExecutableSearch.problem(withDirectory: directory)
                {
                    throw StdioError.badWorkingDirectory(directory, reason: problem)
                }
                return try ExecutableSearch.resolve(command)
            }
        } catch {
            if error is CancellationError { throw .cancelled }
            throw error as? StdioError ?? .noResources("the thread pool is not running: \(error)")
        }
    }
}
