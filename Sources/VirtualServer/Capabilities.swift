// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Aggregation
package import Backends
package import Logging
import MCPTypes
import Synchronization

/// What to do with the lists of a backend that fails.
package enum PartialFailureMode: Sendable, Hashable {
    /// They disappear as soon as the backend counts as unhealthy.
    case withhold
    /// They stay as last known; calls to the backend fail one by one.
    case keep
}

/// Collects what the backends' monitors report and keeps one immutable snapshot of it.
///
/// Reports come in bursts, at the start above all, so merging waits a moment and then happens once for all of them.
package final class Capabilities: Sendable {
    private struct State {
        var reports: [String: BackendReport] = [:]
        var expected: Set<String>
        var listed: CapabilitySnapshot
        var routed: CapabilitySnapshot
        var catalogs = Catalogs()
        var announced: Set<CapabilityKind> = []
        var isMerging = false
        var isDirty = false
        var loggedWarnings: Set<AggregationWarning> = []
        var listeners: [Int: @Sendable (Set<CapabilityKind>) -> Void] = [:]
        var nextListener = 0
        var settleWaiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
        var hasSettled: Bool
        /// Someone got lists before every backend had been heard of, and must be told when they change.
        var hasServedEarly = false
    }

    private let settings: AggregationSettings
    private let mode: PartialFailureMode
    private let backends: [String: Backend]
    private let logger: Logger
    private let tasks: TaskSupervisor
    private let state: Mutex<State>
    private let merges = Atomic<Int>(0)

    private static let mergeDelay = Duration.milliseconds(10)
    private static let maximumLoggedWarnings = 1000

    package init(
        settings: AggregationSettings, mode: PartialFailureMode, backends: [Backend], logger: Logger,
        tasks: TaskSupervisor
    ) {
        self.settings = settings
        self.mode = mode
        self.backends = Dictionary(backends.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.logger = logger
        self.tasks = tasks
        state = Mutex(
            State(
                expected: Set(backends.map(\.name)), listed: CapabilitySnapshot(catalogs: [], settings: settings),
                routed: CapabilitySnapshot(catalogs: [], settings: settings),
                hasSettled: backends.isEmpty))
    }

    /// What lists show.
    package var listed: CapabilitySnapshot { state.withLock { $0.listed } }

    /// What names lead to: withheld lists included, so that a name means the same whoever is up, and a call to a backend
    /// that is away says so instead of pretending that its tool never was.
    package var routed: CapabilitySnapshot { state.withLock { $0.routed } }

    /// What the snapshots are made of, for those who make their own.
    struct Catalogs: Sendable {
        var visible: [BackendCatalog] = []
        var known: [BackendCatalog] = []
        /// Another number with each merge.
        var generation = 0
    }

    var catalogs: Catalogs { state.withLock { $0.catalogs } }

    /// That of `catalogs`, for those who only want to know whether they have changed.
    var generation: Int { merges.load(ordering: .acquiring) }

    /// A snapshot of other catalogs by the same settings.
    func snapshot(of catalogs: [BackendCatalog]) -> CapabilitySnapshot {
        CapabilitySnapshot(catalogs: catalogs, settings: settings)
    }

    /// Tells everybody that lists have changed which this object does not keep.
    func announce(_ kinds: Set<CapabilityKind>) {
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners { listener(kinds) }
    }

    package func report(of backend: String) -> BackendReport? { state.withLock { $0.reports[backend] } }

    /// Takes in what a monitor has found out.
    package func update(_ report: BackendReport) {
        let shouldMerge = state.withLock { state in
            state.reports[report.backend] = report
            state.announced.formUnion(report.announced)
            state.isDirty = true
            guard !state.isMerging else { return false }
            state.isMerging = true
            return true
        }
        if shouldMerge { tasks.run { await self.merge() } }
    }

    private func merge() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.mergeDelay)
            // Everything that this pass speaks about is taken at one moment: what is announced below must be in the lists.
            let (reports, announced) = state.withLock { state in
                defer { state.announced = [] }
                state.isDirty = false
                return (Array(state.reports.values), state.announced)
            }
            let known = reports.compactMap(\.catalog)
            let visible = reports.compactMap { visibleCatalog(of: $0) }
            let routed = CapabilitySnapshot(catalogs: known, settings: settings)
            let listed =
                visible.count == known.count ? routed : CapabilitySnapshot(catalogs: visible, settings: settings)
            var changed: Set<CapabilityKind> = []
            var isDone = false
            let (listeners, warnings, waiters) = state.withLock { state in
                changed = Set(listed.changedKinds(from: state.listed).map(CapabilityKind.init)).union(announced)
                state.listed = listed
                state.routed = routed
                state.catalogs = Catalogs(
                    visible: visible, known: known, generation: state.catalogs.generation + 1)
                merges.store(state.catalogs.generation, ordering: .releasing)
                isDone = !state.isDirty
                if isDone { state.isMerging = false }
                let fresh = routed.warnings.filter { !state.loggedWarnings.contains($0) }
                if state.loggedWarnings.count < Self.maximumLoggedWarnings { state.loggedWarnings.formUnion(fresh) }
                let wasSettled = state.hasSettled
                state.hasSettled = state.hasSettled || state.expected.isSubset(of: reports.map(\.backend))
                let waiters = state.hasSettled ? Array(state.settleWaiters.values) : []
                if state.hasSettled { state.settleWaiters = [:] }
                // Whoever waited gets the complete lists at once; a notification would only make them ask again.
                if !wasSettled && !state.hasServedEarly { changed = [] }
                return (Array(state.listeners.values), fresh, waiters)
            }
            for warning in warnings.prefix(100) {
                logger.warning(
                    "A listed item is left out or changed",
                    metadata: ["backend": "\(warning.backend)", "problem": "\(warning)"])
            }
            for waiter in waiters { waiter.resume() }
            if !changed.isEmpty { for listener in listeners { listener(changed) } }
            if isDone { return }
        }
    }

    private func visibleCatalog(of report: BackendReport) -> BackendCatalog? {
        if mode == .withhold, let backend = backends[report.backend], backend.health.isFailed { return nil }
        return report.catalog
    }

    /// Calls `listener` with every change of the lists, until `removeListener`.
    package func addListener(_ listener: @escaping @Sendable (Set<CapabilityKind>) -> Void) -> Int {
        state.withLock { state in
            state.nextListener += 1
            state.listeners[state.nextListener] = listener
            return state.nextListener
        }
    }

    package func removeListener(_ key: Int) {
        state.withLock { _ = $0.listeners.removeValue(forKey: key) }
    }

    /// Waits until every backend has been heard of once, but no longer than `limit`: a client that asks right after
    /// the start should not see an empty list, and a backend that hangs must not keep the others' tools back.
    package func settle(within limit: Duration) async {
        if state.withLock({ $0.hasSettled }) { return }
        let key = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isSettled = state.withLock { state in
                    if Task.isCancelled { return true }
                    if !state.hasSettled { state.settleWaiters[key] = continuation }
                    return state.hasSettled
                }
                if isSettled {
                    continuation.resume()
                } else {
                    tasks.run { await self.endWait(key, after: limit) }
                }
            }
        } onCancel: {
            state.withLock { $0.settleWaiters.removeValue(forKey: key) }?.resume()
        }
    }

    private func endWait(_ key: Int, after limit: Duration) async {
        try? await Task.sleep(for: limit)
        // What has been read already is worth the moment that merging takes.
        while state.withLock({ $0.isMerging }), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
        state.withLock { state in
            state.hasServedEarly = state.hasServedEarly || !state.hasSettled
            return state.settleWaiters.removeValue(forKey: key)
        }?.resume()
    }

    /// After this, nobody waits for backends that have not been heard of.
    package func stopWaiting() {
        let waiters = state.withLock { state in
            state.hasServedEarly = state.hasServedEarly || !state.hasSettled
            state.hasSettled = true
            defer { state.settleWaiters = [:] }
            return Array(state.settleWaiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// What the backends want a model to know, each under its name.
    package func instructions(limit: Int) -> String? {
        let sections = state.withLock { state in
            state.reports.values.sorted { $0.backend < $1.backend }.compactMap { report -> String? in
                guard let text = report.handshake?.instructions, !text.isEmpty else { return nil }
                return "[\(report.backend)]\n\(text.bounded(to: 2000))"
            }
        }
        return sections.isEmpty ? nil : sections.joined(separator: "\n\n").bounded(to: limit)
    }
}

extension CapabilityKind {
    init(_ kind: ListKind) {
        switch kind {
        case .tools: self = .tools
        case .resources, .resourceTemplates: self = .resources
        case .prompts: self = .prompts
        }
    }
}
