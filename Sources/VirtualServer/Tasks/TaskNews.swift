// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
package import JSONTypes
import MCPTypes
import NIOCore
import Synchronization

/// Someone who wants to hear of a task.
package protocol TaskListener: AnyObject, Sendable {
    /// - Parameter task: the whole task, as `tasks/get` of the extension shows it at this moment.
    func taskChanged(_ task: JSONSlice)
}

/// What is told of one task, and to whom, in the order in which its backend told it.
final class TaskNews: Sendable {
    enum Item: Sendable {
        case report(JSONSlice)
        /// Something may have been missed, so the backend has to be asked.
        case look

        var bytes: Int {
            switch self {
            case .report(let report): report.bytes.readableBytes
            case .look: 0
            }
        }
    }

    private struct State {
        var session: BackendSession?
        /// As whom the backend is asked about the task.
        var caller: Caller?
        var announces = false
        var listeners: [ObjectIdentifier: any TaskListener] = [:]
        var waiting: [Item] = []
        var isWorking = false
        var told: JSONSlice
    }

    private static let maximumWaiting = 64
    /// Of all reports that wait. What does not fit is forgotten, and the backend is asked instead.
    static let maximumWaitingBytes = 4 << 20

    private let state: Mutex<State>

    /// - Parameter task: what its owner knows of it.
    init(_ task: JSONSlice) { state = Mutex(State(told: TaskShape.remembered(task))) }

    /// The session that hears of the task.
    var session: BackendSession? { state.withLock { $0.session } }

    /// - Parameter announces: whether the Legacy session that owns the task is told.
    func begin(over session: BackendSession, as caller: Caller, announces: Bool) {
        state.withLock { state in
            state.session = session
            state.caller = caller
            state.announces = state.announces || announces
        }
    }

    func add(_ listener: any TaskListener, as caller: Caller) {
        state.withLock { state in
            state.listeners[ObjectIdentifier(listener)] = listener
            state.caller = caller
        }
    }

    /// - Returns: whether that was the last one.
    func remove(_ listener: any TaskListener) -> Bool {
        state.withLock { $0.listeners.removeValue(forKey: ObjectIdentifier(listener)) != nil && $0.listeners.isEmpty }
    }

    var listeners: [any TaskListener] { state.withLock { Array($0.listeners.values) } }
    var hasListeners: Bool { state.withLock { !$0.listeners.isEmpty } }
    var announces: Bool { state.withLock { $0.announces } }
    var hasMore: Bool { state.withLock { !$0.waiting.isEmpty } }

    /// - Parameter report: `nil` for something that was missed.
    /// - Returns: whether somebody has to begin telling.
    func add(_ report: JSONSlice?) -> Bool {
        state.withLock { state in
            guard state.announces || !state.listeners.isEmpty else { return false }
            var item = report.map { Item.report($0) } ?? .look
            if item.bytes + state.waiting.reduce(0, { $0 + $1.bytes }) > Self.maximumWaitingBytes {
                state.waiting = []
                item = .look
            }
            if state.waiting.count >= Self.maximumWaiting { state.waiting.removeFirst() }
            state.waiting.append(item)
            defer { state.isWorking = true }
            return !state.isWorking
        }
    }

    /// The next thing to tell; `nil` ends the telling.
    func next() -> (item: Item, caller: Caller)? {
        state.withLock { state in
            guard let caller = state.caller, !state.waiting.isEmpty else {
                state.isWorking = false
                return nil
            }
            return (state.waiting.removeFirst(), caller)
        }
    }

    /// - Returns: whether `task` is news.
    func isNews(_ task: JSONSlice) -> Bool {
        state.withLock { $0.told["status"] != task["status"] || $0.told["lastUpdatedAt"] != task["lastUpdatedAt"] }
    }

    func told(_ task: JSONSlice) {
        let task = TaskShape.remembered(task)
        state.withLock { $0.told = task }
    }

    /// The task is forgotten here.
    func end(_ backendID: String?) {
        let (session, caller) = state.withLock { state in
            defer {
                state.session = nil
                state.caller = nil
                state.listeners = [:]
                state.waiting = []
            }
            return (state.session, state.caller)
        }
        if let session, let caller, let backendID { session.unwatchTask(backendID, on: caller.shard) }
    }
}

extension TaskRegistry.Entry {
    /// Nobody will ask for the task any more.
    func forget() {
        questions.close()
        news.end(backendID)
    }
}

/// A listener's place at one task.
package struct TaskFollowing: Sendable {
    let entry: TaskRegistry.Entry
    let session: BackendSession?
    let listener: any TaskListener
    let shard: Shard

    package func end() {
        guard entry.news.remove(listener), let session, let id = entry.backendID else { return }
        // Somebody may have come since.
        session.unfollowTask(id, on: shard) { entry.news.hasListeners }
    }
}
