// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Backends
import JSONTypes
import MCPTypes
import Synchronization
import VirtualServer

/// All open subscriptions, bounded in all and per principal. An idle one is an entry here and nothing more.
final class Subscriptions: Sendable {
    private struct State {
        /// With those whose resources are still being asked for.
        var all: [ObjectIdentifier: Subscription] = [:]
        var perPrincipal: [Principal: Int] = [:]
        var isClosed = false
    }

    private let dispatcher: ModernDispatcher
    private let limits: GatewayLimits
    private let watches: ResourceWatches
    private let state = Mutex(State())
    private let listener = Mutex<Int?>(nil)

    /// How long backends may take to accept; the acknowledgement waits for them.
    private static let patience = Duration.seconds(5)
    /// How many resources of one subscription are asked for at a time.
    private static let width = 16

    init(dispatcher: ModernDispatcher, limits: GatewayLimits) {
        self.dispatcher = dispatcher
        self.limits = limits
        watches = ResourceWatches(server: dispatcher.server)
        let key = dispatcher.server.capabilities.addListener { [weak self] in self?.listsChanged($0) }
        listener.withLock { $0 = key }
    }

    deinit {
        if let key = listener.withLock({ $0 }) { dispatcher.server.capabilities.removeListener(key) }
    }

    var count: Int { state.withLock { $0.all.count } }

    /// Begins a subscription; `open` must follow.
    func begin(
        _ id: RequestID, _ params: JSONSlice?, for principal: Principal, hasTasks: Bool,
        output: any SubscriptionOutput
    ) throws(RequestError) -> Subscription {
        let filter = try SubscriptionFilter(
            params, maximumResources: limits.resourcesPerSubscription, hasTasks: hasTasks)
        try dispatcher.server.admit(principal)
        let subscription = Subscription(id: id, principal: principal, filter: filter, output: output)
        let isKept = state.withLock { state in
            let own = state.perPrincipal[principal, default: 0]
            guard !state.isClosed, state.all.count < limits.subscriptions, own < limits.subscriptionsPerPrincipal
            else { return false }
            state.all[ObjectIdentifier(subscription)] = subscription
            state.perPrincipal[principal] = own + 1
            return true
        }
        guard isKept else {
            throw RequestError(.overloaded, "Too many subscriptions at a time; try again later", httpStatus: 503)
        }
        return subscription
    }

    /// Asks the backends for what is wanted of them and acknowledges what can be had. With nothing to ask for, it
    /// returns without having waited.
    func open(_ subscription: Subscription, _ caller: Caller) async {
        var honoured = subscription.filter
        var watches: [ResourceWatches.Watch] = []
        if let uris = honoured.uris, !uris.isEmpty {
            let found = await each(of: uris, for: caller) { [resources = self.watches] uri in
                await resources.watch(uri, for: caller, subscription)
            }
            honoured.uris = uris.indices.filter { found[$0] != nil }.map { uris[$0] }
            watches = Array(found.values)
        }
        var tasks: [TaskFollowing] = []
        if let ids = honoured.taskIDs, !ids.isEmpty {
            let found = await each(of: ids, for: caller) { [server = dispatcher.server] id in
                await server.followTask(id, for: caller, subscription)
            }
            honoured.taskIDs = ids.indices.filter { found[$0] != nil }.map { ids[$0] }
            tasks = Array(found.values)
        }
        guard !subscription.acknowledge(honoured, watches: watches, tasks: tasks) else { return }
        for watch in watches { watch.end() }
        for task in tasks { task.end() }
    }

    /// Asks for many things, some of them at a time, and returns what was got until patience ended.
    private func each<Got: Sendable>(
        of subjects: [String], for caller: Caller, _ get: @escaping @Sendable (String) async -> Got?
    ) async -> [Int: Got] {
        let counter = Counter()
        let executor = caller.shard.executor
        return await withTaskGroup(of: [Int: Got]?.self) { group in
            group.addTask {
                try? await Task.sleep(for: Self.patience)
                return nil
            }
            for _ in 0..<min(Self.width, subjects.count) {
                group.addTask(executorPreference: executor) {
                    var found: [Int: Got] = [:]
                    while !Task.isCancelled {
                        let index = counter.next()
                        guard index < subjects.count else { break }
                        found[index] = await get(subjects[index])
                    }
                    return found
                }
            }
            var all: [Int: Got] = [:]
            var working = min(Self.width, subjects.count)
            for await found in group {
                guard let found else {
                    group.cancelAll()
                    continue
                }
                all.merge(found) { first, _ in first }
                working -= 1
                if working == 0 { group.cancelAll() }
            }
            return all
        }
    }

    /// The client has gone, or wants no more: nothing is said.
    func drop(_ subscription: Subscription) {
        forget(subscription)
        subscription.end()
    }

    /// The server ends a subscription and says so.
    func end(_ subscription: Subscription) {
        forget(subscription)
        subscription.end(dispatcher.endOfSubscription(subscription.id))
    }

    /// The server ends what is no longer allowed.
    func end(where isOver: (Subscription) -> Bool) {
        for subscription in state.withLock({ Array($0.all.values) }) where isOver(subscription) { end(subscription) }
    }

    /// Ends all of them, and takes no more.
    func close() async {
        state.withLock { $0.isClosed = true }
        end { _ in true }
        await watches.close()
    }

    private func forget(_ subscription: Subscription) {
        state.withLock { state in
            guard state.all.removeValue(forKey: ObjectIdentifier(subscription)) != nil else { return }
            let left = state.perPrincipal[subscription.principal, default: 1] - 1
            state.perPrincipal[subscription.principal] = left > 0 ? left : nil
        }
    }

    private func listsChanged(_ kinds: Set<CapabilityKind>) {
        let all = state.withLock { Array($0.all.values) }
        for subscription in all {
            for kind in CapabilityKind.allCases where kinds.contains(kind) && subscription.filter.includes(kind) {
                subscription.listChanged(kind.changed)
            }
        }
    }
}

/// Gives each worker the next thing to do.
private final class Counter: Sendable {
    private let value = Mutex(0)

    func next() -> Int {
        value.withLock { value in
            defer { value += 1 }
            return value
        }
    }
}

extension CapabilityKind {
    /// The notification that announces a change.
    fileprivate var changed: MCPMethod {
        switch self {
        case .tools: .toolsListChanged
        case .resources: .resourcesListChanged
        case .prompts: .promptsListChanged
        }
    }
}
