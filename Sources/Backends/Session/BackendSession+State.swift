// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import MCPTypes
import NIOCore
import Synchronization

/// What a session keeps beyond one connection, and its end.
extension BackendSession {
    /// Sets the level of the log messages that the backend sends to this session, now and after a reconnection.
    package func setLogLevel(_ level: LogLevel, on shard: Shard) async throws(BackendError) {
        state.withLock { $0.logLevel = level }
        // Modern requests carry it each.
        guard let handshake, handshake.capabilities.logging, handshake.revision.era == .legacy else { return }
        _ = try await call(
            .setLevel, params: JSONSlice(["level": .string(level.rawValue)]),
            options: CallOptions(shard: shard, isRepeatable: true))
    }

    package func presetLogLevel(_ level: LogLevel) {
        state.withLock { $0.logLevel = level }
    }

    /// The level for requests that name none.
    var ownLogLevel: LogLevel? { state.withLock { $0.logLevel } }

    package func subscribe(to uri: String, params: JSONSlice, options: CallOptions) async throws(BackendError) {
        _ = try await open(on: options.shard, headers: options.headers)
        if let modern = readyConnection()?.link.modern {
            return try await subscribeModern(to: uri, over: modern, options: options)
        }
        listen(on: options.shard)
        await untilTold(on: options.shard)
        _ = try await call(.resourcesSubscribe, params: params, options: options)
        state.withLock { _ = $0.subscriptions.insert(uri) }
    }

    /// Ends a subscription. One of a connection that was lost has ended with it.
    package func unsubscribe(from uri: String, params: JSONSlice, options: CallOptions) async throws(BackendError) {
        let isOver = state.withLock { state in
            state.subscriptions.remove(uri)
            if case .idle = state.phase { return true } else { return false }
        }
        if isOver { return }
        // A connection that is being made may have subscribed already.
        _ = try await open(on: options.shard, headers: options.headers)
        guard openEra != .modern else { return adjustListening(on: options.shard) }
        do throws(BackendError) {
            _ = try await call(.resourcesUnsubscribe, params: params, options: options)
        } catch {
            // Lost on the way, and its era with it.
            guard openEra == .modern else { throw error }
            adjustListening(on: options.shard)
        }
    }

    /// Whether the session has been closed for good.
    package var isClosed: Bool {
        state.withLock { state in
            if case .closed = state.phase { true } else { false }
        }
    }

    /// Whether the backend keeps a subscription for this session.
    package var hasSubscriptions: Bool { state.withLock { !$0.subscriptions.isEmpty } }

    /// The connection has ended by itself; the next call opens a new one.
    func lose(_ link: any SessionLink, failing error: BackendError? = nil) {
        let (wasCurrent, orphans) = state.withLock { state -> (Bool, [PendingCall]) in
            let orphans = error == nil ? [] : Array(state.calls.values) + state.listening.values.map(\.call)
            if case .ready(let connection) = state.phase, connection.link === link {
                state.phase = .idle
                state.telling = .unasked
                state.hasGap = true
                return (true, orphans)
            }
            if case .connecting = state.phase { return (false, orphans) }
            return (false, [])
        }
        if let error {
            for call in orphans { call.deliver(.failed(error)) }
        }
        if wasCurrent {
            link.discard()
            backend.learn { $0.lacksListening = false }
            backend.sessionEnded()
            if waitsForMessages { reopenInBackground() }
        }
    }

    private var waitsForMessages: Bool { state.withLock { !$0.subscriptions.isEmpty || $0.followsTasks } }

    /// Someone waits for updates that only an open session brings, and perhaps makes no call for hours.
    func reopenInBackground() {
        let shard = backend.anyShard
        tasks.run(on: shard.executor) { [self] in
            var backoff = RestartBackoff()
            while !Task.isCancelled, waitsForMessages {
                let pause = backoff.wait(afterRunOf: .zero, jitter: .random(in: 0..<1))
                try? await Task.sleep(for: pause)
                do throws(BackendError) {
                    _ = try await open(on: shard)
                    return
                } catch {
                    if case .closed = error { return }
                }
            }
        }
    }

    /// Ends the session here and at the backend. Requests in flight end as `closed`.
    package func close() async {
        let (link, calls, waiting, questions) = state.withLock { state in
            var link: (any SessionLink)?
            var waiting: [PendingCall] = []
            switch state.phase {
            case .ready(let connection): link = connection.link
            case .connecting(let waiters): waiting = waiters
            case .idle, .closed: break
            }
            state.phase = .closed
            state.taskWatches = [:]
            state.earlyReports = []
            return (link, Array(state.calls.values), waiting, Array(state.questions.values))
        }
        for call in waiting + calls { call.deliver(.failed(.closed)) }
        for question in questions { question.task.cancel() }
        await link?.close()
        tasks.cancelAll()
    }
}
