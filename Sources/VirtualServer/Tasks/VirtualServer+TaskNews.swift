// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import JSONTypes
import MCPTypes

/// Telling clients of their tasks what backends tell by themselves, under the ids that the clients know.
///
/// A Legacy session is told of the tasks that were started in it (2025-11-25, Tasks, Status Notifications), Modern
/// clients of those that their `subscriptions/listen` names (SEP-2663). A backend that tells nothing makes nobody tell
/// anything: clients poll anyway.
extension VirtualServer {
    /// Hears of a task from now on.
    func hear(of entry: TaskRegistry.Entry, over session: BackendSession, for caller: Caller) {
        guard let id = entry.backendID else { return }
        entry.news.begin(
            over: session, as: caller.detached(entry.questions), announces: caller.revision == .v2025_11_25)
        session.watchTask(id, on: caller.shard) { [weak self, weak entry, shard = caller.shard] report in
            guard let self, let entry else { return }
            look(at: entry, report, on: shard)
        }
    }

    private func look(at entry: TaskRegistry.Entry, _ report: JSONSlice?, on shard: Shard) {
        guard entry.news.add(report) else { return }
        tasks.supervisor.run(on: shard.executor) { [self] in await tell(entry, on: shard) }
    }

    /// Tells a Modern client of a task of its principal; `nil` when there is no such task, or nothing will be told of it.
    package func followTask(_ id: String, for caller: Caller, _ listener: any TaskListener) async -> TaskFollowing? {
        do throws(RequestError) {
            let entry = try task(JSONSlice(["taskId": .string(id)]), caller)
            // An ended task is honoured as well: between its start and this request it may have ended unheard.
            let isOver = TaskShape.status(of: try await refreshed(entry, caller))?.isTerminal == true
            let detached = caller.detached(entry.questions)
            guard let backendID = entry.backendID, !isOver else {
                entry.news.add(listener, as: detached)
                look(at: entry, nil, on: caller.shard)
                return TaskFollowing(entry: entry, session: nil, listener: listener, shard: caller.shard)
            }
            do throws(BackendError) {
                let session = try sessionOf(entry, caller)
                if entry.news.session !== session { hear(of: entry, over: session, for: caller) }
                // Before anything is waited for: whoever leaves meanwhile is not the last one then.
                entry.news.add(listener, as: detached)
                let following = TaskFollowing(
                    entry: entry, session: session, listener: listener, shard: caller.shard)
                let options = BackendSession.CallOptions(
                    shard: caller.shard, headers: caller.headers, isRepeatable: true)
                do throws(BackendError) {
                    guard try await session.followTask(backendID, options: options) else {
                        following.end()
                        return nil
                    }
                } catch {
                    following.end()
                    throw error
                }
                look(at: entry, nil, on: caller.shard)
                return following
            } catch {
                throw told(error, entry)
            }
        } catch {
            return nil
        }
    }

    /// Tells everything that waits to be told of a task. Runs on the loop of `shard`.
    private func tell(_ entry: TaskRegistry.Entry, on shard: Shard) async {
        while let (item, owner) = entry.news.next() {
            // Whoever it is told for may have come on another loop.
            var caller = owner
            caller.shard = shard
            let task: JSONSlice
            switch item {
            case .report(let report):
                // What was said before the end and comes after it is history.
                guard let status = TaskShape.status(of: report),
                    status.isTerminal || TaskShape.status(of: entry.task)?.isTerminal != true
                else { continue }
                entry.task = report
                task = report
            case .look:
                guard let now = try? await heard(entry, caller, isWhole: true), entry.news.isNews(now) else { continue }
                task = now
            }
            entry.news.told(task)
            if entry.news.announces {
                entry.owner?.generalChannel?.notify(.taskStatus, params: TaskShape.legacy(task, id: entry.id))
            }
            let listeners = entry.news.listeners
            if !listeners.isEmpty, let whole = await whole(task, entry, caller) {
                for listener in listeners { listener.taskChanged(whole) }
            }
            if TaskShape.status(of: task)?.isTerminal == true, let id = entry.backendID {
                entry.news.session?.endTask(id, on: caller.shard)
            }
        }
    }

    private static let looks = 100

    /// The task with what belongs to its status, which of a Legacy backend's has to be fetched first; `nil` when that
    /// cannot be had, or is no news any more.
    private func whole(
        _ task: JSONSlice, _ entry: TaskRegistry.Entry, _ caller: Caller
    ) async -> JSONSlice? {
        let status = TaskShape.status(of: task)
        for _ in 0..<Self.looks {
            guard let whole = try? await detailed(task, entry, caller) else { return nil }
            if status == .working || TaskShape.status(of: whole) != .working { return whole }
            if entry.news.hasMore || Task.isCancelled { return nil }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return nil
    }
}

extension Caller {
    /// The same caller when its request has ended.
    func detached(_ channel: any ClientChannel) -> Caller {
        Caller(
            principal: principal, revision: revision, shard: shard, channel: channel, sessions: sessions,
            headers: headers)
    }
}
