// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Logging
import MCPTypes
import NIOCore
import Synchronization

/// A session with a child process over its standard input and output.
final class StdioLink: SessionLink {
    private let process: StdioProcess
    private let session: BackendSession
    private let speaksModern = Mutex(false)
    let listener: ModernListener

    /// How long a child may take to end by itself, and then again after SIGTERM.
    private static let gracePeriod = Duration.seconds(2)

    private init(process: StdioProcess, session: BackendSession) {
        self.process = process
        self.session = session
        listener = ModernListener(session: session)
    }

    static func start(
        _ command: StdioCommand, session: BackendSession, on shard: Shard
    ) async throws(BackendError) -> StdioLink {
        let settings = session.backend.settings
        let owner = Mutex<WeakLink>(WeakLink())
        let process: StdioProcess
        do throws(StdioError) {
            process = try await StdioProcess.start(
                command, on: shard.eventLoop,
                maxLineBytes: settings.limits.responseBytes,
                maxQueuedBytes: settings.maximumQueuedBytes,
                answers: shard.answers,
                logger: session.backend.logger,
                onLine: { line in
                    // Before the link exists nothing was asked: such a line is a banner at best.
                    if let link = owner.withLock({ $0.link }) { session.receive(line, during: nil, from: link) }
                },
                onSkippedLine: { session.skipped($0) },
                onExit: { exit in
                    let level: Logger.Level = exit.cause == .stopRequested ? .debug : .warning
                    session.backend.logger.log(level: level, "Backend process ended", metadata: ["exit": "\(exit)"])
                    guard let link = owner.withLock({ $0.exit() }) else { return }
                    session.lose(link, failing: .outcomeUnknown("its process ended"))
                })
        } catch {
            session.backend.logger.warning("Backend process could not be started", metadata: ["error": "\(error)"])
            throw .unavailable("\(error)")
        }
        let link = StdioLink(process: process, session: session)
        let hasExited = owner.withLock { $0.adopt(link) }
        if hasExited { throw .unavailable("the process ended at once") }
        return link
    }

    func send(_ message: RequestMessage, for call: PendingCall, headers: ForwardedHeaders) {
        call.transport = self
        do throws(StdioError) {
            try process.send(message.bytes)
        } catch {
            call.deliver(.failed(error.sendFailure))
        }
    }

    func send(_ message: ByteBuffer, on shard: Shard) async throws(BackendError) {
        do throws(StdioError) {
            try process.send(message)
        } catch {
            throw error.sendFailure
        }
    }

    func adopt(_ revision: ProtocolRevision) {}

    var modern: (any ModernLink)? { speaksModern.withLock { $0 } ? self : nil }
    var hasSingleChannel: Bool { true }

    /// Which era's requests the child gets from now on.
    func speakModern(_ modern: Bool) { speaksModern.withLock { $0 = modern } }

    /// A child sends everything on its one channel; a Modern one wants to be asked for it.
    func listen(on shard: Shard) { session.adjustListening(on: shard) }
    func stopListening() { session.adjustListening(on: session.backend.anyShard) }

    /// The process has ended already.
    func discard() { listener.close() }

    func close() async {
        listener.close()
        await process.stop(gracePeriod: Self.gracePeriod)
    }
}

extension StdioLink: CallTransport {
    /// A child is shared by all calls.
    func release(_ call: PendingCall) {}

    func withdraw(_ call: PendingCall) { session.withdraw(call, over: self) }
}

extension StdioLink: ModernLink {
    var mayChangeEra: Bool { false }

    func send(_ request: ModernRequest, for call: PendingCall) {
        let params = ModernMeta.request(
            request.params,
            ModernMeta.Declaration(
                capabilities: session.capabilities.modernDeclaration(
                    withTasks: request.declaresTasks || session.capabilities.hasTasks)),
            logLevel: request.logLevel, progressToken: request.progressToken)
        send(RequestMessage(id: call.id, method: request.method, params: params), for: call, headers: request.headers)
    }
}

/// Brings an exit that comes before the link exists together with the link.
private struct WeakLink {
    private(set) weak var link: StdioLink?
    private var hasExited = false

    mutating func adopt(_ link: StdioLink) -> Bool {
        self.link = link
        return hasExited
    }

    mutating func exit() -> StdioLink? {
        hasExited = true
        return link
    }
}

extension StdioError {
    fileprivate var sendFailure: BackendError {
        if case .queueFull = self { .busy } else { .unavailable("\(self)") }
    }
}
