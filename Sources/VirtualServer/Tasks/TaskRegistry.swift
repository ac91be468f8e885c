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
        /// What a Legacy client has been asked of a Modern backend's questions.
        let asked = AskedKeys()
        let news: TaskNews
        /// The result, where nobody else has it.
        let kept: JSONSlice?
        private let state: Mutex<(task: JSONSlice, isDelivered: Bool)>

        init(
            id: String, principal: Principal, backend: String, backendID: String?, session: BackendSession?,
            owner: BackendSessions? = nil, kept: JSONSlice? = nil, task: JSONSlice
        ) {
            self.id = id
            self.principal = principal
            self.backend = backend
            self.backendID = backendID
            self.session = session
            self.owner = owner
            self.kept = kept
            state = Mutex((task: TaskShape.remembered(task), isDelivered: false))
            questions = TaskQuestions(id: id)
            news = TaskNews(task)
        }

        /// The task as last heard of, in its backend's spelling, without what it asks and what it came to; a terminal
        /// one never changes again.
        var task: JSONSlice {
            get { state.withLock { $0.task } }
            set {
                let task = TaskShape.remembered(newValue)
                state.withLock { state in
                    if TaskShape.status(of: state.task)?.isTerminal != true { state.task = task }
                }
            }
        }

        var hasEnded: Bool { TaskShape.status(of: task)?.isTerminal == true }

        /// Whether a result that is kept here has been asked for.
        var isDelivered: Bool {
            get { state.withLock { $0.isDelivered } }
            set { state.withLock { $0.isDelivered = newValue } }
        }

        fileprivate var account: Account.Key { Account.Key(principal, owner) }
        fileprivate var keptBytes: Int { kept?.bytes.readableBytes ?? 0 }
    }

    package struct Limits: Sendable, Hashable {
        package var tasks = 10_000
        package var tasksPerPrincipal = 256
        /// Of a result that is kept here.
        package var resultBytes = 4 << 20
        /// Of all results that are kept here, and of those of one principal.
        package var keptBytes = 512 << 20
        package var keptBytesPerPrincipal = 128 << 20
        /// How long a task is remembered after it was last asked for.
        package var idleTime: TimeAmount = .hours(1)
        /// How long a call that has become a task waits while nothing can be heard of the task.
        package var patience = Duration.seconds(120)

        package init() {}
    }

    /// What counts together: the tasks of a principal, or of one client where nothing else tells clients apart.
    fileprivate struct Account {
        struct Key: Hashable {
            let principal: Principal
            let client: ObjectIdentifier?

            init(_ principal: Principal, _ sessions: BackendSessions?) {
                self.principal = principal
                client = principal == .anonymous ? sessions.map { ObjectIdentifier($0) } : nil
            }
        }

        /// In the order in which they were started.
        var ids: [String] = []
        var places = 0
        var bytes = 0

        var isEmpty: Bool { ids.isEmpty && places == 0 }
    }

    /// Room for one task, taken before the call that may start it and given back when nothing holds it any more.
    final class Place: Sendable {
        fileprivate let registry: TaskRegistry
        fileprivate let principal: Principal
        /// Keeps the account's name from being given to another client.
        fileprivate let sessions: BackendSessions?
        private let isTaken = Mutex(false)

        fileprivate init(_ registry: TaskRegistry, _ principal: Principal, _ sessions: BackendSessions?) {
            self.registry = registry
            self.principal = principal
            self.sessions = sessions
        }

        fileprivate var account: Account.Key { Account.Key(principal, sessions) }

        /// - Returns: whether the room was there still.
        fileprivate func take() -> Bool {
            isTaken.withLock { isTaken in
                defer { isTaken = true }
                return !isTaken
            }
        }

        deinit {
            if take() { registry.giveBack(account) }
        }
    }

    fileprivate struct State {
        var entries: [String: Entry] = [:]
        var lastUsed: [String: NIODeadline] = [:]
        var accounts: [Account.Key: Account] = [:]
        var places = 0
        /// Of kept results.
        var bytes = 0
    }

    let limits: Limits
    /// Runs what no request waits for.
    let supervisor = TaskSupervisor()
    private let state = Mutex(State())

    package init(limits: Limits = Limits()) { self.limits = limits }

    // MARK: Room

    /// Takes room for a task that is about to be started, so that a full table refuses the call and not the task.
    ///
    /// How long a result will be nobody knows before the call, so none is given bytes in advance: slow calls would keep
    /// everybody else out with what they may never need. What is kept of the account's already has to leave room.
    ///
    /// - Parameter keepsResult: whether what the call comes to may have to be kept here.
    /// - Returns: `nil` when there are too many tasks that have not ended, or too many bytes of the account's are kept.
    func reserve(for principal: Principal, sessions: BackendSessions?, keepsResult: Bool = false) -> Place? {
        let key = Account.Key(principal, sessions)
        let wanted = keepsResult ? limits.resultBytes : 0
        let (isTaken, forgotten) = state.withLock { state -> (Bool, [Entry]) in
            guard state.hasRoom(for: key, limits) else { return (false, []) }
            let forgotten = state.makeOwnRoom(of: wanted, for: key, limits)
            guard state.fitsOwn(wanted, for: key, limits) else { return (false, forgotten) }
            state.accounts[key, default: Account()].places += 1
            state.places += 1
            return (true, forgotten)
        }
        for entry in forgotten { entry.forget() }
        return isTaken ? Place(self, principal, sessions) : nil
    }

    fileprivate func giveBack(_ key: Account.Key) {
        state.withLock { $0.giveBack(key) }
    }

    /// Keeps a task in the place that was reserved for it. The one that was started first of those that have ended goes
    /// for it if need be, and for the result that it keeps others go that are kept here: of the account those that have
    /// been asked for, and where all together are too much, those of whoever has most.
    ///
    /// - Returns: `false` when there is no room for the result all the same; the task is not kept then.
    @discardableResult
    func insert(_ entry: Entry, in place: Place) -> Bool {
        let (isKept, forgotten) = state.withLock { state -> (Bool, [Entry]) in
            if place.take() { state.giveBack(place.account) }
            var forgotten = state.makeOwnRoom(of: entry.keptBytes, for: entry.account, limits)
            guard state.fitsOwn(entry.keptBytes, for: entry.account, limits) else { return (false, forgotten) }
            forgotten += state.makeRoom(of: entry.keptBytes, limits)
            guard state.fits(entry.keptBytes, for: entry.account, limits) else { return (false, forgotten) }
            forgotten += state.add(entry, limits)
            return (true, forgotten)
        }
        for entry in forgotten { entry.forget() }
        return isKept
    }

    /// Keeps a task that nobody has made room for.
    ///
    /// - Returns: the entry to use, which another request may have been faster with; `nil` when there is no room.
    func insert(_ entry: Entry) -> Entry? {
        let (kept, forgotten) = state.withLock { state -> (Entry?, [Entry]) in
            if let known = state.entries[entry.id] {
                return (known.principal == entry.principal ? known : nil, [])
            }
            guard state.hasRoom(for: entry.account, limits), state.fits(entry.keptBytes, for: entry.account, limits)
            else { return (nil, []) }
            return (entry, state.add(entry, limits))
        }
        for entry in forgotten { entry.forget() }
        return kept
    }

    // MARK: Looking up

    /// The task, if it belongs to `principal`: to anyone else it does not exist.
    func entry(_ id: String, for principal: Principal) -> Entry? {
        state.withLock { state in
            guard let entry = state.entries[id], entry.principal == principal else { return nil }
            state.lastUsed[id] = .now()
            return entry
        }
    }

    /// The principal's tasks in the order in which they were started. Callers that nothing tells apart see only those
    /// that they started with the same sessions (2025-11-25, Tasks, Security Considerations).
    func entries(for principal: Principal, sessions: BackendSessions? = nil) -> [Entry] {
        state.withLock { state in
            (state.accounts[Account.Key(principal, sessions)]?.ids ?? []).compactMap { state.entries[$0] }
        }
    }

    var count: Int { state.withLock { $0.entries.count } }
    /// Of kept results.
    var bytes: Int { state.withLock { $0.bytes } }

    /// The process ends; the tasks run on at their backends.
    package func close() {
        let entries = state.withLock { state in
            defer { state = State() }
            return Array(state.entries.values)
        }
        for entry in entries { entry.questions.close() }
        supervisor.cancelAll()
    }

    /// Forgets tasks that nobody has asked for in a long time, and that nobody waits to hear of.
    package func sweep(now: NIODeadline) {
        let forgotten = state.withLock { state -> [Entry] in
            let late = state.lastUsed.filter { $0.value + limits.idleTime < now }.map(\.key)
            return late.compactMap { id in
                guard state.entries[id]?.news.hasListeners != true else {
                    state.lastUsed[id] = now
                    return nil
                }
                return state.remove(id)
            }
        }
        for entry in forgotten { entry.forget() }
    }
}

extension TaskRegistry.State {
    /// Whether one more task can come, at the cost of some that have ended if need be.
    fileprivate func hasRoom(for key: TaskRegistry.Account.Key, _ limits: TaskRegistry.Limits) -> Bool {
        let account = accounts[key] ?? TaskRegistry.Account()
        let fitsAll = entries.count + places < limits.tasks
        if fitsAll, account.ids.count + account.places < limits.tasksPerPrincipal { return true }
        let ended = account.ids.count { entries[$0]?.hasEnded == true }
        // Each place can then be sure of one that goes.
        return account.ids.count - ended + account.places < limits.tasksPerPrincipal
            && (fitsAll || ended > account.places)
    }

    fileprivate func fits(_ more: Int, for key: TaskRegistry.Account.Key, _ limits: TaskRegistry.Limits) -> Bool {
        more == 0 || bytes + more <= limits.keptBytes && fitsOwn(more, for: key, limits)
    }

    fileprivate func fitsOwn(_ more: Int, for key: TaskRegistry.Account.Key, _ limits: TaskRegistry.Limits) -> Bool {
        more == 0 || (accounts[key]?.bytes ?? 0) + more <= limits.keptBytesPerPrincipal
    }

    /// Gives up the account's oldest results that have been asked for, as far as its own bound leaves no room without.
    fileprivate mutating func makeOwnRoom(
        of more: Int, for key: TaskRegistry.Account.Key, _ limits: TaskRegistry.Limits
    ) -> [TaskRegistry.Entry] {
        var forgotten: [TaskRegistry.Entry] = []
        while !fitsOwn(more, for: key, limits), let id = kept(key, isDelivered: true), let entry = remove(id) {
            forgotten.append(entry)
        }
        return forgotten
    }

    /// Gives up results of whoever has most, as far as the bound of all leaves no room without: those that have been
    /// asked for, then the oldest. Nobody is kept out by what others have left here.
    fileprivate mutating func makeRoom(of more: Int, _ limits: TaskRegistry.Limits) -> [TaskRegistry.Entry] {
        var forgotten: [TaskRegistry.Entry] = []
        while more > 0, bytes + more > limits.keptBytes,
            let largest = accounts.max(by: { $0.value.bytes < $1.value.bytes })?.key,
            let id = kept(largest, isDelivered: true) ?? kept(largest, isDelivered: false), let entry = remove(id)
        {
            forgotten.append(entry)
        }
        return forgotten
    }

    /// The account's oldest result that is kept here and has been asked for, or has not.
    private func kept(_ key: TaskRegistry.Account.Key, isDelivered: Bool) -> String? {
        accounts[key]?.ids.first { id in
            guard let entry = entries[id], entry.kept != nil else { return false }
            return entry.isDelivered == isDelivered
        }
    }

    fileprivate mutating func giveBack(_ key: TaskRegistry.Account.Key) {
        // After the end of the table there is nothing to give back to.
        guard var account = accounts[key], account.places > 0 else { return }
        account.places -= 1
        accounts[key] = account.isEmpty ? nil : account
        places -= 1
    }

    /// - Returns: what had to go.
    fileprivate mutating func add(
        _ entry: TaskRegistry.Entry, _ limits: TaskRegistry.Limits
    ) -> [TaskRegistry.Entry] {
        let key = entry.account
        var forgotten: [TaskRegistry.Entry] = []
        let own = accounts[key]?.ids ?? []
        if own.count >= limits.tasksPerPrincipal || entries.count + places >= limits.tasks, let id = dispensable(own),
            let ended = remove(id)
        {
            forgotten.append(ended)
        }
        entries[entry.id] = entry
        lastUsed[entry.id] = .now()
        accounts[key, default: TaskRegistry.Account()].ids.append(entry.id)
        accounts[key]?.bytes += entry.keptBytes
        bytes += entry.keptBytes
        return forgotten
    }

    /// The first of those that have ended; rather one that its backend still has, or that has been asked for.
    private func dispensable(_ ids: [String]) -> String? {
        let ended = ids.filter { entries[$0]?.hasEnded == true }
        return ended.first { entries[$0]?.kept == nil || entries[$0]?.isDelivered == true } ?? ended.first
    }

    fileprivate mutating func remove(_ id: String) -> TaskRegistry.Entry? {
        lastUsed[id] = nil
        guard let entry = entries.removeValue(forKey: id), var account = accounts[entry.account] else { return nil }
        account.ids.removeAll { $0 == id }
        account.bytes -= entry.keptBytes
        accounts[entry.account] = account.isEmpty ? nil : account
        bytes -= entry.keptBytes
        return entry
    }
}
