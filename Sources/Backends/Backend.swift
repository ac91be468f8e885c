// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
package import MCPTypes
import NIOCore
import NIOSSL
import OutboundHTTP
import Synchronization

/// One backend as this process sees it: its settings, connections, limits and health. Sessions hang on it.
package final class Backend: Sendable {
    package let settings: BackendSettings
    package let logger: Logger
    package let limiter: ConcurrencyLimiter
    package let shards: Shards
    package let health: HealthRecord

    private let pools: [HTTPConnectionPool]
    private let signals = Mutex<(@Sendable (BackendSignal) -> Void)?>(nil)
    private let knownEras = Mutex(BackendEras())
    private let announcer = Mutex<WeakSession>(WeakSession())
    private let announcements = Mutex<(@Sendable (CapabilityKind) -> Void)?>(nil)

    package var name: String { settings.name }

    /// - Throws: when the CA bundle cannot be read.
    package init(settings: BackendSettings, shards: Shards, logger: Logger) throws {
        self.settings = settings
        self.shards = shards
        var logger = logger
        logger[metadataKey: "backend"] = "\(settings.name)"
        for (key, value) in settings.metadata { logger[metadataKey: "backend.\(key)"] = "\(value)" }
        self.logger = logger
        limiter = ConcurrencyLimiter(
            maximumActive: settings.maximumConcurrentRequests, maximumWaiting: settings.maximumQueuedRequests)
        health = HealthRecord(
            settings: settings.health, breaker: settings.breaker, hasCredentials: settings.credentials != .none)
        if let endpoint = settings.endpoint.http {
            let tls = endpoint.isTLS ? try BackendTLS.context(caBundlePath: settings.caBundlePath) : nil
            pools = shards.all.map { shard in
                HTTPConnectionPool(
                    shard: shard, endpoint: endpoint, tls: tls, connectTimeout: settings.connectTimeout,
                    probes: QuietPeerProbes(every: settings.probeInterval))
            }
        } else {
            pools = []
        }
        let shard = anyShard
        shard.eventLoop.execute { [limiter] in shard.watch(limiter) }
    }

    package func close() {
        let shard = anyShard
        shard.eventLoop.execute { shard.unwatch(self.limiter) }
        for pool in pools { pool.eventLoop.execute { pool.close() } }
    }

    func pool(on shard: Shard) -> HTTPConnectionPool { pools[shard.index] }

    /// For work that no client's request causes.
    var anyShard: Shard { shards.all[abs(name.hashValue % shards.all.count)] }

    // MARK: Health

    /// What a call's end says of the backend.
    func observed(_ error: BackendError?, _ permit: CircuitBreaker.Permit) {
        let transition: HealthTracker.Transition?
        switch error?.verdict ?? .works {
        case .works:
            transition = health.trafficSucceeded(permit)
        case .says(let category):
            transition = health.trafficFailed(permit, category)
            signal(.trafficFailed)
        case .nothing:
            transition = health.trafficFailed(permit, .cancelled)
        }
        if let transition { report(transition) }
    }

    func report(_ transition: HealthTracker.Transition) {
        logger.notice("Backend health changed", metadata: ["from": "\(transition.from)", "to": "\(transition.to)"])
        signal(.healthChanged)
    }

    // MARK: Eras

    /// What the backend has shown that it speaks.
    package var eras: BackendEras { knownEras.withLock { $0 } }

    func learn(_ lesson: (inout BackendEras) -> Void) {
        let (old, new) = knownEras.withLock { eras in
            let old = eras
            lesson(&eras)
            return (old, eras)
        }
        guard old != new else { return }
        func name(_ speaks: Bool?) -> String { speaks.map { $0 ? "yes" : "no" } ?? "unknown" }
        logger.debug(
            "Learned what the backend speaks",
            metadata: ["legacy": "\(name(new.legacy))", "modern": "\(name(new.modern))"])
    }

    // MARK: Signals to the monitor

    package func onSignal(_ handler: @escaping @Sendable (BackendSignal) -> Void) {
        signals.withLock { $0 = handler }
    }

    func signal(_ signal: BackendSignal) { signals.withLock { $0 }?(signal) }

    /// A session's backend announced changed lists.
    package func announce(_ kind: CapabilityKind, by session: BackendSession) {
        announcements.withLock { $0 }?(kind)
        announcer.withLock { $0.session = session }
        signal(.listChanged(kind))
    }

    /// Calls `handler` whenever a session hears of changed lists; for those who read lists themselves.
    package func onAnnouncement(_ handler: @escaping @Sendable (CapabilityKind) -> Void) {
        announcements.withLock { $0 = handler }
    }

    /// Where changed lists are to be read. Sessions of an HTTP backend share its lists; a child process has its own, so
    /// those of the child that spoke last are read from it.
    func session(announcing fallback: BackendSession) -> BackendSession {
        guard case .stdio = settings.endpoint, let session = announcer.withLock({ $0.session }),
            session.handshake != nil
        else { return fallback }
        return session
    }

    /// The backend may have restarted with other capabilities, or changed its lists without being heard.
    func mayHaveChanged() { signal(.mayHaveChanged) }

    /// A session ended by itself.
    func sessionEnded() { signal(.sessionEnded) }

    // MARK: Exchanges

    /// Runs one exchange and waits for its end. Cancelling the task aborts it.
    func exchange(
        _ request: ByteBuffer, on shard: Shard, timeout: TimeAmount?,
        onHead: (@Sendable (HTTP1ResponseHead) -> Void)? = nil, onEvent: (@Sendable (SSEEvent) -> Void)? = nil
    ) async -> HTTPReply {
        let running = RunningExchange()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let start: @Sendable () -> Void = {
                    guard !running.isCancelled else {
                        continuation.resume(returning: .failed(.aborted))
                        return
                    }
                    let exchange = HTTPExchange(
                        request: request, limits: self.settings.limits, onHead: onHead, onEvent: onEvent ?? { _ in },
                        completion: { reply in
                            running.deadline?.cancel()
                            continuation.resume(returning: reply)
                        })
                    running.exchange = exchange
                    if let timeout {
                        running.deadline = shard.eventLoop.scheduleTask(in: timeout) { running.exchange?.abort() }
                    }
                    self.pool(on: shard).run(exchange)
                }
                if shard.eventLoop.inEventLoop {
                    start()
                } else {
                    shard.eventLoop.execute(start)
                }
            }
        } onCancel: {
            shard.eventLoop.execute {
                running.isCancelled = true
                running.exchange?.abort()
            }
        }
    }
}

/// The handle that cancellation needs.
///
/// `@unchecked Sendable`: once it is made, confined to the loop of the shard that runs the exchange.
private final class RunningExchange: @unchecked Sendable {
    var exchange: HTTPExchange?
    var deadline: Scheduled<Void>?
    var isCancelled = false
}

private struct WeakSession {
    weak var session: BackendSession?
}

/// What a backend's monitor should look at.
package enum BackendSignal: Sendable, Hashable {
    case listChanged(CapabilityKind)
    case mayHaveChanged
    case sessionEnded
    case trafficFailed
    case healthChanged
    case tick
}

/// The lists that a backend can announce as changed.
package enum CapabilityKind: Sendable, Hashable, CaseIterable {
    case tools, resources, prompts

    package init?(changedBy method: MCPMethod) {
        switch method {
        case .toolsListChanged: self = .tools
        case .resourcesListChanged: self = .resources
        case .promptsListChanged: self = .prompts
        default: return nil
        }
    }
}
