// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import Synchronization

/// One resource of one backend that is subscribed to once for everybody who listens.
///
/// Subscribing and unsubscribing take turns: the first listener of a moment can never be undone by the last one of the
/// moment before, whose request is still on its way.
final class WatchedResource: Sendable {
    private struct State {
        var listeners: [ObjectIdentifier: any ResourceListener] = [:]
        var waiting: [ObjectIdentifier: Waiting] = [:]
        var isSubscribed = false
        var isWorking = false
        /// Nobody listens any more, and nobody will.
        var isRetired = false
    }

    private struct Waiting {
        let listener: any ResourceListener
        let continuation: CheckedContinuation<Outcome, Never>
    }

    /// What became of a listener.
    enum Outcome: Sendable {
        case listening
        /// The backend cannot tell of changes of this resource, or cannot be reached.
        case refused
        /// This object is of no more use; another one must be made.
        case retired
    }

    private let subscribe: @Sendable () async -> Bool
    private let unsubscribe: @Sendable () async -> Void
    private let onRetirement: @Sendable (WatchedResource) -> Void
    private let tasks: TaskSupervisor
    private let executor: (any TaskExecutor)?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - executor: of the loop that the backend is spoken to on.
    ///   - subscribe: says whether the backend has accepted.
    ///   - onRetirement: called once, when the last listener has gone and the backend knows.
    init(
        tasks: TaskSupervisor, on executor: (any TaskExecutor)? = nil, subscribe: @escaping @Sendable () async -> Bool,
        unsubscribe: @escaping @Sendable () async -> Void,
        onRetirement: @escaping @Sendable (WatchedResource) -> Void
    ) {
        self.tasks = tasks
        self.executor = executor
        self.subscribe = subscribe
        self.unsubscribe = unsubscribe
        self.onRetirement = onRetirement
    }

    var listeners: [any ResourceListener] { state.withLock { Array($0.listeners.values) } }

    /// Adds a listener and waits until the backend has accepted. Cancelling the task takes it out again.
    func add(_ listener: any ResourceListener) async -> Outcome {
        let outcome = await outcome(of: listener)
        guard outcome == .listening, Task.isCancelled else { return outcome }
        // Whether the cancellation came before or after the acceptance, it counts.
        remove(listener)
        return .refused
    }

    private func outcome(of listener: any ResourceListener) async -> Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (outcome, starts) = state.withLock { state -> (Outcome?, Bool) in
                    if state.isRetired { return (.retired, false) }
                    if Task.isCancelled { return (.refused, false) }
                    if state.isSubscribed && !state.isWorking {
                        state.listeners[ObjectIdentifier(listener)] = listener
                        return (.listening, false)
                    }
                    state.waiting[ObjectIdentifier(listener)] = Waiting(listener: listener, continuation: continuation)
                    defer { state.isWorking = true }
                    return (nil, !state.isWorking)
                }
                if let outcome { continuation.resume(returning: outcome) }
                if starts { tasks.run(on: executor) { await self.work() } }
            }
        } onCancel: {
            remove(listener)
        }
    }

    func remove(_ listener: any ResourceListener) {
        let (waiting, starts) = state.withLock { state -> (Waiting?, Bool) in
            let waiting = state.waiting.removeValue(forKey: ObjectIdentifier(listener))
            state.listeners[ObjectIdentifier(listener)] = nil
            guard !state.isWorking, !state.isRetired, state.isSubscribed, state.listeners.isEmpty else {
                return (waiting, false)
            }
            state.isWorking = true
            return (waiting, true)
        }
        waiting?.continuation.resume(returning: .refused)
        if starts { tasks.run(on: executor) { await self.work() } }
    }

    private enum Step { case subscribe, unsubscribe, admit([Waiting]), rest, retire }

    /// Goes on until what the backend knows is what is wanted.
    private func work() async {
        while true {
            switch state.withLock({ Self.step(&$0) }) {
            case .subscribe:
                let isAccepted = await subscribe()
                let refused = state.withLock { state -> [Waiting] in
                    state.isSubscribed = isAccepted
                    guard !isAccepted else { return [] }
                    defer { state.waiting = [:] }
                    return Array(state.waiting.values)
                }
                for waiting in refused { waiting.continuation.resume(returning: .refused) }
            case .unsubscribe:
                await unsubscribe()
                state.withLock { $0.isSubscribed = false }
            case .admit(let admitted):
                for waiting in admitted { waiting.continuation.resume(returning: .listening) }
            case .rest: return
            case .retire:
                onRetirement(self)
                return
            }
        }
    }

    private static func step(_ state: inout State) -> Step {
        guard state.waiting.isEmpty else {
            guard state.isSubscribed else { return .subscribe }
            defer { state.waiting = [:] }
            for (key, waiting) in state.waiting { state.listeners[key] = waiting.listener }
            return .admit(Array(state.waiting.values))
        }
        if state.isSubscribed && state.listeners.isEmpty { return .unsubscribe }
        state.isWorking = false
        if state.isSubscribed { return .rest }
        state.isRetired = true
        return .retire
    }
}
