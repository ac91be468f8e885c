// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Aggregation
import Logging
import MCPTypes
import NIOCore
import Synchronization

/// What a monitor knows of its backend at one moment.
package struct BackendReport: Sendable {
    package var backend: String
    /// The lists as last read; kept while the backend is away. `nil` until the first successful reading.
    package var catalog: BackendCatalog?
    package var handshake: Handshake?
    package var isReachable: Bool
    /// The backend announced these lists as changed, which is passed on even when nothing differs.
    package var announced: Set<CapabilityKind> = []
    /// Why the last attempt failed.
    package var problem: BackendError?
}

/// Keeps one session of its own with a backend: reads its lists, hears of their changes, probes its health, and comes
/// back by itself after every loss.
package final class BackendMonitor: Sendable {
    private let backend: Backend
    private let shard: Shard
    private let publish: @Sendable (BackendReport) -> Void
    private let inbox = SignalInbox()

    /// Notifications that come in a burst cause one reading.
    private static let coalescing = Duration.milliseconds(50)
    /// How often an open breaker is asked whether it lets one attempt through.
    private static let breakerPause = Duration.milliseconds(250)

    package init(backend: Backend, publish: @escaping @Sendable (BackendReport) -> Void) {
        self.backend = backend
        self.shard = backend.anyShard
        self.publish = publish
        backend.onSignal { [inbox] in inbox.add($0) }
    }

    /// Runs until cancelled.
    package func run() async {
        let inbox = self.inbox
        let interval = backend.settings.health.interval
        await withDiscardingTaskGroup { group in
            group.addTask(executorPreference: self.shard.executor) { await self.watch() }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: interval)
                    inbox.add(.tick)
                }
            }
        }
    }

    private func watch() async {
        var wakes = inbox.wakes.makeAsyncIterator()
        var backoff = RestartBackoff()
        var report = BackendReport(backend: backend.name, isReachable: false)
        var lastCounted: ContinuousClock.Instant?
        while !Task.isCancelled {
            guard let permit = backend.health.admit() else {
                try? await Task.sleep(for: Self.breakerPause)
                continue
            }
            let session = makeSession()
            let opened = ContinuousClock.now
            do throws(BackendError) {
                try await watch(session, permit, &report, &wakes)
            } catch {
                // Attempts to come back are more frequent than probes; the threshold is meant in probes.
                let now = ContinuousClock.now
                let counts =
                    report.isReachable || lastCounted.map { now - $0 >= backend.settings.health.interval } ?? true
                if counts { lastCounted = now }
                if !Task.isCancelled { noteFailure(error, permit, counts, &report) }
            }
            await session.close()
            if Task.isCancelled { return }
            let pause = backoff.wait(afterRunOf: ContinuousClock.now - opened, jitter: .random(in: 0..<1))
            try? await Task.sleep(for: min(pause, backend.settings.health.interval))
        }
    }

    private func noteFailure(
        _ error: BackendError, _ permit: CircuitBreaker.Permit, _ counts: Bool, _ report: inout BackendReport
    ) {
        // The monitor asks as nobody. A backend that wants to know who asks works; its callers read its lists themselves.
        var wantsToKnow = false
        if case .unauthorized = error { wantsToKnow = backend.settings.credentials == .ofCaller }
        if wantsToKnow, report.problem == nil {
            backend.logger.info(
                "Backend lists nothing to the gateway itself; its callers are asked with their own sign-in")
        } else if !wantsToKnow, report.isReachable || report.problem == nil {
            backend.logger.warning("Backend is not usable", metadata: ["reason": "\(error)"])
        }
        let category: HealthErrorCategory =
            if case .says(let category) = error.verdict { category } else { .healthCheckFailed }
        if counts {
            // A probe's own report counts even if the breaker has moved on since this session began.
            let current = backend.health.admit() ?? permit
            if let transition = backend.health.probeFailed(current, category) { backend.report(transition) }
        }
        // What comes back may be another server.
        if !wantsToKnow { backend.learn { $0.lacksListening = false } }
        report.isReachable = wantsToKnow
        report.problem = error
        report.announced = []
        publish(report)
    }

    /// What the session hears of changed lists comes back as a signal of the backend.
    private func makeSession() -> BackendSession {
        BackendSession(backend: backend, capabilities: .none) { _, _ in }
    }

    /// Ends by throwing when the backend is away, or by returning when its session should be opened anew.
    private func watch(
        _ session: BackendSession, _ permit: CircuitBreaker.Permit, _ report: inout BackendReport,
        _ wakes: inout AsyncStream<Void>.Iterator
    ) async throws(BackendError) {
        let started = ContinuousClock.now
        let handshake = try await session.open(on: shard)
        let opening = ContinuousClock.now - started
        // Before the lists are read, so that no change falls in between.
        session.listen(on: shard)
        await session.untilTold(on: shard)
        let asked = ContinuousClock.now
        try await refresh(Set(CapabilityKind.allCases), session, handshake, &report)
        let isReturn = report.problem != nil
        noteSuccess(permit, opening + (ContinuousClock.now - asked))
        report.isReachable = true
        report.problem = nil
        publish(report)
        backend.logger.info(
            isReturn ? "Backend is back" : "Backend is ready",
            metadata: ["revision": "\(handshake.revision.rawValue)", "tools": "\(report.catalog?.tools.count ?? 0)"])
        while await wakes.next(isolation: nil) != nil, !Task.isCancelled {
            if inbox.announcesChange { try? await Task.sleep(for: Self.coalescing) }
            let signals = inbox.take()
            if signals.contains(.sessionEnded), session.handshake == nil {
                throw .unavailable("its session ended")
            }
            if signals.contains(.tick), signals.isSubset(of: [.tick, .trafficFailed, .healthChanged]) {
                let overdue = overdueKinds(session, report)
                if !overdue.isEmpty {
                    // Not all gateways, and not all backends of one, at the same moment.
                    try? await Task.sleep(for: backend.settings.health.interval * .random(in: 0..<0.1))
                    try await refresh(overdue, session, session.handshake ?? handshake, &report)
                    publish(report)
                    continue
                }
            }
            let announced = Set(CapabilityKind.allCases.filter { signals.contains(.listChanged($0)) })
            let kinds = signals.contains(.mayHaveChanged) ? Set(CapabilityKind.allCases) : announced
            if kinds.isEmpty {
                if signals.contains(.healthChanged) { publish(report) }
                if signals.contains(where: { $0 != .healthChanged }) { try await probe(session) }
                continue
            }
            let source = announced.isEmpty ? session : backend.session(announcing: session)
            // The session may have been opened anew since, by a backend that restarted with other capabilities.
            try await refresh(kinds, source, source.handshake ?? handshake, &report)
            report.announced = announced
            publish(report)
            report.announced = []
        }
    }

    private func refresh(
        _ kinds: Set<CapabilityKind>, _ session: BackendSession, _ handshake: Handshake, _ report: inout BackendReport
    ) async throws(BackendError) {
        var catalog = report.catalog ?? BackendCatalog(backend: backend.name)
        try await CatalogReader(session: session, shard: shard).read(kinds, of: handshake, into: &catalog)
        report.catalog = catalog
        report.handshake = handshake
    }

    /// The lists of a Modern backend that nobody would tell us a change of, and whose time has run out. They are read at
    /// most once in an interval, however short the backend says that they are good for.
    private func overdueKinds(_ session: BackendSession, _ report: BackendReport) -> Set<CapabilityKind> {
        guard let handshake = session.handshake, handshake.revision.era == .modern, let catalog = report.catalog else {
            return []
        }
        let pushed = session.pushedKinds
        let now = ContinuousClock.now
        func isOverdue(_ list: ListKind) -> Bool { catalog.freshness[list].map { $0.expires <= now } ?? true }
        return Set(
            CapabilityKind.allCases.filter { kind in
                guard !pushed.contains(kind), handshake.capabilities.has(kind) else { return false }
                return kind.lists.contains(where: isOverdue)
            })
    }

    /// A `ping`: cheap, side-effect free, and answered by every Legacy server. Modern ones are asked what they serve.
    private func probe(_ session: BackendSession) async throws(BackendError) {
        guard let permit = backend.health.admit() else { return }
        let started = ContinuousClock.now
        let options = BackendSession.CallOptions(
            shard: shard, isRepeatable: true, timeout: backend.settings.health.timeout.map { TimeAmount($0) },
            isProbe: true)
        do throws(BackendError) {
            let result = try await session.call(.ping, params: nil, options: options)
            if session.adoptDiscovered(result) {
                backend.learn { $0.lacksListening = false }
                session.adjustListening(on: shard)
                backend.signal(.mayHaveChanged)
            }
        } catch {
            // Whoever answers, even with an error, is alive.
            guard case .answered = error else { throw error }
        }
        noteSuccess(permit, ContinuousClock.now - started)
    }

    private func noteSuccess(_ permit: CircuitBreaker.Permit, _ latency: Duration) {
        if let transition = backend.health.probeSucceeded(permit, latency: latency) { backend.report(transition) }
    }
}

/// Signals that wait to be looked at. Equal ones count once, so a flood of them costs nothing.
private final class SignalInbox: Sendable {
    let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private let pending = Mutex<Set<BackendSignal>>([])

    init() {
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func add(_ signal: BackendSignal) {
        pending.withLock { _ = $0.insert(signal) }
        wake.yield()
    }

    var announcesChange: Bool {
        pending.withLock { pending in CapabilityKind.allCases.contains { pending.contains(.listChanged($0)) } }
    }

    func take() -> Set<BackendSignal> {
        pending.withLock { pending in
            defer { pending = [] }
            return pending
        }
    }
}

extension CapabilityKind {
    /// The lists that change together.
    var lists: [ListKind] {
        switch self {
        case .tools: [.tools]
        case .resources: [.resources, .resourceTemplates]
        case .prompts: [.prompts]
        }
    }
}

extension ServerCapabilities {
    func has(_ kind: CapabilityKind) -> Bool {
        switch kind {
        case .tools: tools
        case .resources: resources
        case .prompts: prompts
        }
    }
}
