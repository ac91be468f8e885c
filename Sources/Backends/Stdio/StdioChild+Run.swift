// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import NIOPosix
import Subprocess
import SystemPackage

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

extension StdioChild {
    /// Makes the parent's ends of the pipes channels of the event loop; they are theirs to close from here on.
    func connect(_ pipes: StdioPipes, output: StdioOutputHandler.Callbacks) async throws(StdioError) {
        do {
            try await eventLoop.flatSubmit { self.connectOnLoop(pipes, output: output) }.get()
        } catch {
            // What a failed bootstrap left open stays open: a second close could hit a stranger's descriptor.
            throw .noResources("the pipes could not be attached to the event loop: \(error)")
        }
    }

    private func connectOnLoop(_ pipes: StdioPipes, output: StdioOutputHandler.Callbacks) -> EventLoopFuture<Void> {
        guard
            let inputBootstrap = bootstrap({ StdioInputHandler { self.inputClosed() } }),
            let outputBootstrap = bootstrap({ [logger] in
                StdioOutputHandler(callbacks: output, logger: logger) { self.outputClosed() }
            })
        else { return eventLoop.makeFailedFuture(StdioError.noResources("the event loop has no pipes")) }

        let input = inputBootstrap.takingOwnershipOfDescriptor(output: pipes.input.writeEnd.rawValue)
        let output = outputBootstrap.takingOwnershipOfDescriptor(input: pipes.output.readEnd.rawValue)
        return EventLoopFuture.andAllSucceed(
            [input.map { self.state.value.input = $0 }, output.map { self.state.value.output = $0 }],
            on: eventLoop
        )
    }

    private func bootstrap(_ makeHandler: @escaping @Sendable () -> any ChannelHandler) -> NIOPipeBootstrap? {
        NIOPipeBootstrap(validatingGroup: eventLoop)?.channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(makeHandler()) }
        }
    }

    /// Starts the child and returns when it has been reaped and nothing of its process group is left.
    ///
    /// Cancelling the surrounding task ends the child without the polite part of a stop.
    func run(_ command: StdioCommand, executable: String, pipes: StdioPipes) async {
        var options = PlatformOptions()
        // A session of its own makes the child the leader of a process group that its descendants share.
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: Self.closedStreamsGrace)
        ]
        var environment: [Environment.Key: String] = [:]
        for (name, value) in command.environment {
            if let key = Environment.Key(rawValue: name) { environment[key] = value }
        }
        var hasStarted = false
        var errorLog = StdioErrorLog(logger: logger)
        let outcome: Result<TerminationStatus, any Error>
        do {
            let result = try await Subprocess.run(
                .path(FilePath(executable)),
                arguments: Arguments(command.arguments),
                environment: .custom(environment),
                workingDirectory: command.workingDirectory.map { FilePath($0) },
                platformOptions: options,
                input: .fileDescriptor(pipes.input.readEnd, closeAfterSpawningProcess: true),
                output: .fileDescriptor(pipes.output.writeEnd, closeAfterSpawningProcess: true),
                error: .sequence
            ) { execution in
                hasStarted = true
                group.begin(execution.processIdentifier.value)
                eventLoop.execute { self.didStart(execution.processIdentifier.value) }
                await read(execution.standardError, into: &errorLog)
                await waitForExit(execution.processIdentifier.value)
                // From here on the child may be reaped and its number reused, so nothing is signalled later.
                group.end()
            }
            outcome = .success(result.terminationStatus)
        } catch {
            outcome = .failure(error)
        }
        let lastErrorLines = errorLog.lastLines
        eventLoop.execute { [hasStarted] in
            switch outcome {
            case .success(let status):
                self.reaped(StdioExit.Status(status), lastErrorLines: lastErrorLines)
            case .failure(let error) where hasStarted:
                self.logger.warning("backend exit status is unknown", metadata: ["error": "\(error)"])
                self.reaped(.unknown, lastErrorLines: lastErrorLines)
            case .failure(let error):
                self.failedToStart(StdioError(startFailure: error, command: command, executable: executable))
            }
        }
    }

    /// Logs standard error until the child exits or closes it.
    ///
    /// `Subprocess` ends the sequence when the child exits, even if a grandchild still holds the pipe.
    private func read(_ chunks: SubprocessOutputSequence, into log: inout StdioErrorLog) async {
        do {
            for try await chunk in chunks {
                let now = Int64(clamping: NIODeadline.now().uptimeNanoseconds)
                chunk.withUnsafeBytes { log.append($0, atNanoseconds: now) }
            }
        } catch {
            logger.warning("backend standard error could not be read", metadata: ["error": "\(error)"])
        }
        log.finish(atNanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds))
    }

    private func waitForExit(_ identifier: pid_t) async {
        let exited = eventLoop.flatSubmit { StdioExitWatch.exit(of: identifier, on: self.eventLoop) }
        do {
            try await exited.get()
        } catch {
            // Only a loop that was shut down fails here, and then nobody is left to talk to the child.
            logger.warning("backend is no longer watched and is killed", metadata: ["error": "\(error)"])
        }
    }
}

extension StdioExit.Status {
    fileprivate init(_ status: TerminationStatus) {
        switch status {
        case .exited(let code): self = .exited(code: code)
        case .signaled(let number): self = .signalled(number)
        }
    }
}

extension StdioError {
    /// What a failure to start means for the operator.
    init(startFailure error: any Error, command: StdioCommand, executable: String) {
        guard let error = error as? SubprocessError else {
            self = .spawnFailed(executable, reason: "\(error)")
            return
        }
        let number = error.underlyingError?.rawValue
        switch error.code {
        case .failedToChangeWorkingDirectory:
            let reason = number.map(systemErrorText) ?? error.description
            self = .badWorkingDirectory(command.workingDirectory ?? "", reason: reason)
        case .executableNotFound:
            // It was found before, so the kernel misses or refuses something else.
            self = .notExecutable(
                executable,
                reason: "the interpreter that its first line (#!) names or its loader is missing, or may not be run"
            )
        case .spawnFailed where number == ENOEXEC:
            self = .notExecutable(
                executable,
                reason: "it is not a program for this machine; a script needs a first line such as #!/bin/sh"
            )
        case .spawnFailed where number == E2BIG:
            self = .spawnFailed(executable, reason: "its arguments and environment are too large together")
        default:
            self = .spawnFailed(executable, reason: number.map(systemErrorText) ?? error.description)
        }
    }
}
