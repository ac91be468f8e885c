// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Backends
import JSONTypes
import MCPTypes
package import NIOCore
import Synchronization

/// The tasks that clients have started here, each under an id of ours and for its principal alone.
///
/// An id is a sealed text that says where the task runs, so a task is found again after a restart or on another
/// replica; this table adds what only this process can know: the session that the task's backend knows it by, the
/// questions that wait, and results that nobody else keeps.
package final class TaskRegistry: Sendable {
    /// A task as the gateway knows it.
    final class Entry: Sendable {
        let id: String
        let principal: Principal
        let backend: String
        /// The backend's own id; `nil` for a result that is kept here because its backend made no task of it.
        let backendID: String?
        /// The session that started the task; it lives at least as long as the task.
        let session: BackendSession?
        /// The sessions of the client that started the task; what tells clients of one principal apart.
        let owner: BackendSessions?
        /// Where the task's questions wait when its backend asks them in the Legacy way.
        let questions: TaskQuestions
        let news: TaskNews
        private let last: Mutex<JSONSlice>

        init(
            id: String, principal: Principal, backend: String, backendID: String?, session: BackendSession?,
            owner: BackendSessions? = nil, task: JSONSlice
        ) {
            self.id = id
            self.principal = principal
            self.backend = backend
            self.backendID = backendID
            self.session = session
            self.owner = owner
            last = Mutex(task)
            questions = TaskQuestions(id: id)
            news = TaskNews(task)
        }

        /// The task as last heard of, in its backend's spelling; a terminal one never changes again.
        var task: JSONSlice {
            get { last.withLock { $0 } }
            set {
                last.withLock { task in
                    if TaskShape.status(of: task)?.isTerminal != true { task = newValue }
                }
            }
        }
    }

    package struct Limits: Sendable, Hashable {
        package var tasks = 10_000
        package var tasksPerPrincipal = 256
        /// Of a result that is kept here.
        package var resultBytes = 4 << 20
        /// How long a task is remembered after it was last asked for.
        package var idleTime: TimeAmount = .hours(1)

        package init() {}
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var lastUsed: [String: NIODeadline] = [:]
        var order: [String] = []
    }

    let limits: Limits
    /// Runs what no request waits for.
    let supervisor = TaskSupervisor()
    private let state = Mutex(State())

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// Keeps a task. A principal with too many loses the one that was started first and has ended, if there is one.
    ///
    /// - Returns: whether there was room.
    func insert(_ entry: Entry) -> Bool {
        let (isKept, forgotten) = state.withLock { state -> (Bool, Entry?) in
            var forgotten: Entry?
            let own = state.order.filter { state.entries[$0]?.principal == entry.principal }
            if own.count >= limits.tasksPerPrincipal || state.entries.count >= limits.tasks {
                let ended = own.first {
                    state.entries[$0].flatMap { TaskShape.status(of: $0.task) }?.isTerminal == true
                }
                guard let ended else { return (false, nil) }
                forgotten = state.entries[ended]
                Self.remove(ended, &state)
            }
            if state.entries.updateValue(entry, forKey: entry.id) == nil { state.order.append(entry.id) }
            state.lastUsed[entry.id] = .now()
            return (true, forgotten)
        }
        forgotten?.forget()
        return isKept
    }

    private static func remove(_ id: String, _ state: inout State) {
        state.entries[id] = nil
        state.lastUsed[id] = nil
        state.order.removeAll { $0 == id }
    }

    /// The task, if it belongs to `principal`: to anyone else it does not exist.
    func entry(_ id: String, for principal: Principal) -> Entry? {
        state.withLock { state in
            guard let entry = state.entries[id], entry.principal == principal else { return nil }
            state.lastUsed[id] = .now()
            return entry
        }
    }

    /// The principal's task that a backend knows by `backendID`.
    func entry(of backend: String, _ backendID: String, for principal: Principal) -> Entry? {
        state.withLock { state in
            state.entries.values.first {
                $0.backend == backend && $0.backendID == backendID && $0.principal == principal
            }
        }
    }

    /// The principal's tasks in the order in which they were started. Callers that nothing tells apart see only those
    /// that they started with the same sessions (2025-11-25, Tasks, Security Considerations).
    func entries(for principal: Principal, sessions: BackendSessions? = nil) -> [Entry] {
        state.withLock { state in
            state.order.compactMap { state.entries[$0] }.filter {
                $0.principal == principal && (principal != .anonymous || $0.owner === sessions)
            }
        }
    }

    var count: Int { state.withLock { $0.entries.count } }

    /// The process ends; the tasks run on at their backends.
    package func close() {
        let entries = state.withLock { state in
            defer { state = State() }
            return Array(state.entries.values)
        }
        for entry in entries { entry.questions.close() }
        supervisor.cancelAll()
    }

    /// Forgets tasks that nobody has asked for in a long time.
    package func sweep(now: NIODeadline) {
        let forgotten = state.withLock { state -> [Entry] in
            let late = state.lastUsed.filter { $0.value + limits.idleTime < now }.map(\.key)
            let entries = late.compactMap { state.entries[$0] }
            for id in late { Self.remove(id, &state) }
            return entries
        }
        for entry in forgotten { entry.forget() }
    }
}
