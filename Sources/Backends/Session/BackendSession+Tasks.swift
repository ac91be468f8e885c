// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
import MCPTypes
import NIOCore
import Synchronization

/// What a session hears of one task, which its owner has started through it or asks about.
struct TaskWatch: Sendable {
    /// Takes what the backend says of the task; `nil` when it may have said something that was missed.
    let report: @Sendable (JSONSlice?) -> Void
    /// Whether someone waits for reports, so that the session listens for their sake alone.
    var isFollowed = false
    /// Nothing more will be said of it.
    var isOver = false
}

/// What a backend says of tasks by itself: `notifications/tasks/status` of a Legacy one (2025-11-25, Tasks), and
/// `notifications/tasks` of a Modern one, which has to be asked for them (SEP-2663).
///
/// Reports reach only whoever watches the very task on the very session, so nothing of one owner's tasks can come to
/// another, whatever ids a backend uses.
extension BackendSession {
    /// Reports of tasks that nobody watches yet: a backend may be faster with them than its answer that starts the task.
    static let maximumEarlyReports = 16
    private static let maximumEarlyBytes = 64 << 10
    static let maximumTaskID = 1024

    /// Hears of a task from now on, as long as the backend tells of it by itself or the session listens anyway.
    package func watchTask(_ id: String, on shard: Shard, report: @escaping @Sendable (JSONSlice?) -> Void) {
        let early = state.withLock { state -> [JSONSlice] in
            if case .closed = state.phase { return [] }
            let isFollowed = state.taskWatches[id]?.isFollowed == true
            state.taskWatches[id] = TaskWatch(report: report, isFollowed: isFollowed)
            defer { state.earlyReports.removeAll { $0.id == id } }
            return state.earlyReports.filter { $0.id == id }.map(\.report)
        }
        for params in early { report(params) }
        adjustListening(on: shard)
    }

    /// Listens for what is said of a task that is watched already, until `unfollowTask` is called, whatever comes of
    /// this.
    ///
    /// - Returns: whether the backend tells, as far as it can be known.
    package func followTask(_ id: String, options: CallOptions) async throws(BackendError) -> Bool {
        let handshake = try await open(on: options.shard, headers: options.headers)
        guard handshake.capabilities.tasks, let link = readyConnection()?.link else { return false }
        let isKnown = state.withLock { state in
            guard state.taskWatches[id] != nil else { return false }
            state.taskWatches[id]?.isFollowed = true
            return true
        }
        guard isKnown else { return false }
        guard let modern = link.modern else {
            link.listen(on: options.shard)
            return true
        }
        do throws(BackendError) {
            try await join(.task(id), over: modern, options: options)
            return true
        } catch {
            guard case .notSubscribable = error else { throw error }
            return false
        }
    }

    /// Nobody waits for reports any more.
    ///
    /// - Parameter isFollowed: whether somebody does after all. Those who come say so before they call `followTask`, so
    ///   that none of them is undone by the last one that leaves.
    package func unfollowTask(_ id: String, on shard: Shard, unless isFollowed: () -> Bool = { false }) {
        state.withLock { state in
            if !isFollowed() { state.taskWatches[id]?.isFollowed = false }
        }
        listenAsNeeded(on: shard)
    }

    /// The task has ended, so that nothing is listened for on its account.
    package func endTask(_ id: String, on shard: Shard) {
        let isLast = state.withLock { state in
            state.taskWatches[id]?.isOver = true
            return !state.taskWatches.values.contains { !$0.isOver }
        }
        // While there are others the filter is brought up to date with the next change of it.
        if isLast { listenAsNeeded(on: shard) }
    }

    /// Forgets a task altogether.
    package func unwatchTask(_ id: String, on shard: Shard) {
        let watch = state.withLock { $0.taskWatches.removeValue(forKey: id) }
        if let watch, !watch.isOver { listenAsNeeded(on: shard) }
    }

    private func listenAsNeeded(on shard: Shard) {
        let (needed, link) = state.withLock { state -> (Bool, (any SessionLink)?) in
            guard case .ready(let connection) = state.phase else { return (true, nil) }
            return (state.needsListening, connection.link)
        }
        guard let link else { return }
        if link.modern != nil { return adjustListening(on: shard) }
        guard !needed else { return }
        link.stopListening()
        // Whoever has begun to need it meanwhile may have found it going on.
        if state.withLock({ $0.needsListening }) { link.listen(on: shard) }
    }

    // MARK: Reports

    func taskReported(_ params: JSONSlice?) {
        guard let params, let id = params["taskId"]?.string, !id.isEmpty, id.utf8.count <= Self.maximumTaskID else {
            return
        }
        let task = MetaOwnership.crossing(params)
        let watch = state.withLock { state -> TaskWatch? in
            if let watch = state.taskWatches[id] { return watch }
            guard task.bytes.readableBytes <= Self.maximumEarlyBytes else { return nil }
            if state.earlyReports.count >= Self.maximumEarlyReports { state.earlyReports.removeFirst() }
            state.earlyReports.append((id, task))
            return nil
        }
        watch?.report(task)
    }

    /// What was said of these tasks before the backend began to tell is unknown; `nil` means all of them.
    func missedReports(of ids: Set<String>? = nil) {
        let watches = state.withLock { state in
            state.taskWatches.filter { !$0.value.isOver && ids?.contains($0.key) != false }
        }
        for watch in watches.values { watch.report(nil) }
    }
}

extension BackendSession.State {
    /// Whether anybody needs what the backend sends outside of answers.
    var needsListening: Bool {
        wantsListening || !subscriptions.isEmpty || followsTasks
    }

    /// Whether someone waits for what is said of a task.
    var followsTasks: Bool { taskWatches.values.contains { $0.isFollowed && !$0.isOver } }

    /// The tasks that a Modern backend is asked to tell of.
    var listenedTasks: Set<String> {
        guard !taskWatches.isEmpty else { return [] }
        return Set(taskWatches.filter { !$0.value.isOver && ($0.value.isFollowed || wantsListening) }.keys)
    }

    /// Whether a task would be lost with the session: a Legacy backend knows its tasks by the session.
    var holdsTasks: Bool {
        guard !taskWatches.isEmpty else { return false }
        if case .ready(let connection) = phase, connection.handshake.revision.era == .modern {
            return followsTasks
        }
        return true
    }
}
