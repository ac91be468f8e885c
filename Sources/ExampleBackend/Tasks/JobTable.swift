// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The jobs that can be asked for, bounded: the oldest one that has ended makes room.
package final class JobTable: Sendable {
    private struct State {
        var jobs: [String: Job] = [:]
        /// Ids in the order of creation.
        var order: [String] = []
        var timers: [String: Task<Void, Never>] = [:]
        var isClosed = false
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) {
        self.limit = limit
    }

    package var count: Int { state.withLock { $0.jobs.count } }

    /// Throws `-32603` when there is no room, or when the server is stopping.
    func insert(_ job: Job) throws(RPCError) {
        let isIn = state.withLock { state in
            if state.jobs.count >= limit,
                let index = state.order.firstIndex(where: {
                    state.jobs[$0]?.snapshot.status.isTerminal ?? true
                })
            {
                let id = state.order.remove(at: index)
                state.jobs[id] = nil
                state.timers.removeValue(forKey: id)?.cancel()
            }
            guard !state.isClosed, state.jobs.count < limit else { return false }
            state.jobs[job.id] = job
            state.order.append(job.id)
            return true
        }
        guard isIn else { throw RPCError(code: -32603, message: "Too many tasks are running") }
    }

    /// The job of an id, for its owner alone.
    func find(_ id: String, owner: String?) -> Job? {
        state.withLock { $0.jobs[id] }.flatMap { $0.owner == owner ? $0 : nil }
    }

    /// The jobs of a session, oldest first.
    func all(owner: String) -> [Job] {
        state.withLock { state in state.order.compactMap { state.jobs[$0] } }.filter { $0.owner == owner }
    }

    /// Forgets a job when its time is over, whether it has ended by then or not.
    func expire(_ job: Job) {
        let timer = Task {
            do { try await Task.sleep(for: .milliseconds(job.milliseconds)) } catch { return }
            remove(job.id, "The task has expired")
        }
        let isGone = state.withLock { state in
            if state.jobs[job.id] != nil { state.timers[job.id] = timer }
            return state.jobs[job.id] == nil
        }
        if isGone { timer.cancel() }
    }

    /// Forgets a job and stops its work.
    func remove(_ id: String, _ reason: String) {
        let job = state.withLock { state in
            state.order.removeAll { $0 == id }
            state.timers.removeValue(forKey: id)?.cancel()
            return state.jobs.removeValue(forKey: id)
        }
        job?.cancel(reason)
    }

    /// Forgets the jobs of a session that has ended.
    func removeAll(owner: String) {
        for job in all(owner: owner) { remove(job.id, "The session has ended") }
    }

    /// Forgets everything; nothing can be added any more.
    func close() {
        let jobs = state.withLock { state in
            state.isClosed = true
            state.order = []
            for timer in state.timers.values { timer.cancel() }
            state.timers = [:]
            defer { state.jobs = [:] }
            return Array(state.jobs.values)
        }
        for job in jobs { job.cancel("The server is stopping") }
    }
}
