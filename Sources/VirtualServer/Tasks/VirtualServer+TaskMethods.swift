// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
package import JSONTypes
package import MCPTypes
import NIOCore

/// The `tasks/…` methods of both eras.
extension VirtualServer {
    /// `tasks/get`, `tasks/result`, `tasks/list` and `tasks/cancel` of 2025-11-25.
    package func legacyTask(
        _ method: MCPMethod, params: JSONSlice?, caller: Caller
    ) async throws(RequestError) -> JSONSlice {
        if method != .tasksCancel { try admit(caller.principal) }
        switch method {
        case .tasksList: return try await listTasks(params, caller)
        case .tasksGet:
            let entry = try task(params, caller)
            return TaskShape.legacy(try await refreshed(entry, caller), id: entry.id)
        case .tasksCancel:
            let entry = try task(params, caller)
            if TaskShape.status(of: try await refreshed(entry, caller))?.isTerminal == true {
                throw .invalidParams("The task has ended already")
            }
            let answer = try await cancel(entry, caller)
            let task = answer["status"] == nil ? try await refreshed(entry, caller) : answer
            return TaskShape.legacy(task, id: entry.id)
        case .tasksResult:
            let entry = try task(params, caller)
            let channel = TaskChannel(base: caller.channel, id: entry.id)
            do throws(TaskFailure) {
                return TaskShape.related(try await result(of: entry, caller, channel), to: entry.id)
            } catch {
                throw told(error, entry)
            }
        default: throw .methodNotFound(method.name)
        }
    }

    /// `tasks/get`, `tasks/update` and `tasks/cancel` of the extension.
    package func modernTask(
        _ method: MCPMethod, params: JSONSlice?, caller: Caller
    ) async throws(RequestError) -> JSONSlice {
        switch method {
        case .tasksGet, .tasksUpdate, .tasksCancel: break
        default:
            var error = RequestError.methodNotFound(method.name)
            error.httpStatus = 404
            throw error
        }
        guard caller.channel.capabilities.hasTasks else { throw Self.tasksNotDeclared }
        if method != .tasksCancel { try admit(caller.principal) }
        let entry = try task(params, caller)
        switch method {
        case .tasksUpdate:
            guard let responses = params?["inputResponses"], responses.kind == .object else {
                throw .invalidParams("inputResponses must be an object")
            }
            do throws(BackendError) {
                if try await isModern(entry, caller) {
                    _ = try await ask(.tasksUpdate, entry, caller, with: ["inputResponses": .slice(responses)])
                } else {
                    entry.questions.answer(responses)
                }
            } catch {
                throw told(error, entry)
            }
            return .emptyObject
        case .tasksCancel:
            if !entry.hasEnded {
                do throws(RequestError) {
                    _ = try await cancel(entry, caller)
                } catch {
                    // Acknowledged even when the task has ended (SEP-2663); a Legacy backend refuses that.
                    guard error.code == .invalidParams else { throw error }
                }
            }
            return .emptyObject
        default:
            do throws(BackendError) {
                return try await detailed(try await heard(entry, caller, isWhole: true), entry, caller)
            } catch {
                throw told(error, entry)
            }
        }
    }

    // MARK: Asking the backend

    func sessionOf(_ entry: TaskRegistry.Entry, _ caller: Caller) throws(BackendError) -> BackendSession {
        if let session = entry.session, !session.isClosed { return session }
        guard let backend = backends[entry.backend],
            let session = caller.sessions.session(with: backend, on: caller.shard)
        else { throw .closed }
        return session
    }

    func told(_ error: BackendError, _ entry: TaskRegistry.Entry) -> RequestError {
        guard let backend = backends[entry.backend] else { return error.requestError(backend: entry.backend) }
        return report(error, of: backend)
    }

    private func told(_ failure: TaskFailure, _ entry: TaskRegistry.Entry) -> RequestError {
        switch failure {
        case .ended(let error), .unanswered(let error): error
        case .unheard(let error), .lost(let error): told(error, entry)
        case .abandoned: told(.cancelled, entry)
        }
    }

    func isModern(_ entry: TaskRegistry.Entry, _ caller: Caller) async throws(BackendError) -> Bool {
        let session = try sessionOf(entry, caller)
        return try await session.open(on: caller.shard, headers: caller.headers).revision.era == .modern
    }

    func ask(
        _ method: MCPMethod, _ entry: TaskRegistry.Entry, _ caller: Caller, with more: JSONObject = [:],
        channel: (any ClientChannel)? = nil
    ) async throws(BackendError) -> JSONSlice {
        guard let id = entry.backendID else { throw .answered(.invalidParams("Unknown task")) }
        let session = try sessionOf(entry, caller)
        var params: JSONObject = ["taskId": .string(id)]
        for (key, value) in more { params[key] = value }
        var options = BackendSession.CallOptions(
            shard: caller.shard, channel: channel, headers: caller.headers, isRepeatable: method != .tasksUpdate)
        options.declaresTasks = true
        let result = try await session.call(
            method, params: MetaOwnership.crossing(JSONSlice(.object(params))), options: options)
        guard result.kind == .object else { throw .invalidResponse("the result is no object") }
        return MetaOwnership.crossing(result)
    }

    /// The task as its backend has it now.
    ///
    /// - Parameter isWhole: whether what it came to is wanted too, of which nothing is remembered here.
    func heard(
        _ entry: TaskRegistry.Entry, _ caller: Caller, isWhole: Bool = false
    ) async throws(BackendError) -> JSONSlice {
        let known = entry.task
        if entry.backendID == nil { return known }
        switch TaskShape.status(of: known) {
        case .cancelled: return known
        case .completed, .failed:
            // Of a Legacy backend's task there is more to know only by `tasks/result`.
            guard isWhole, try await isModern(entry, caller) else { return known }
        case .working, .inputRequired, nil: break
        }
        let task = try await ask(.tasksGet, entry, caller)
        guard TaskShape.status(of: task) != nil else {
            throw .invalidResponse("tasks/get answered without a status")
        }
        entry.task = task
        return task
    }

    /// The same for those who answer with it.
    func refreshed(_ entry: TaskRegistry.Entry, _ caller: Caller) async throws(RequestError) -> JSONSlice {
        do throws(BackendError) {
            return try await heard(entry, caller)
        } catch {
            throw told(error, entry)
        }
    }

    func cancel(_ entry: TaskRegistry.Entry, _ caller: Caller) async throws(RequestError) -> JSONSlice {
        do throws(BackendError) {
            let answer = try await ask(.tasksCancel, entry, caller)
            entry.questions.close()
            return answer
        } catch {
            throw told(error, entry)
        }
    }

    /// Ends a task at its backend that nobody waits for and nobody can name; whoever needs it gone need not wait.
    func abandon(_ entry: TaskRegistry.Entry, _ caller: Caller) {
        let detached = caller.detached(entry.questions)
        tasks.supervisor.run(on: caller.shard.executor) { [self] in _ = try? await cancel(entry, detached) }
    }

    // MARK: Lists

    private static let tasksPerPage = 50

    /// The principal's own tasks; what a backend lists could be anybody's who shares its credential.
    private func listTasks(_ params: JSONSlice?, _ caller: Caller) async throws(RequestError) -> JSONSlice {
        let all = tasks.entries(for: caller.principal, sessions: caller.sessions)
        var start = 0
        if let cursor = params?["cursor"], !cursor.isNull {
            guard let text = cursor.string, let index = all.firstIndex(where: { $0.id == text }) else {
                throw .invalidParams("Invalid cursor")
            }
            start = index + 1
        }
        let page = Array(all[start...].prefix(Self.tasksPerPage))
        let shown = await withTaskGroup(of: (Int, JSONSlice).self) { group in
            for (index, entry) in page.enumerated() {
                group.addTask {
                    // A backend that is away leaves what was last heard of its tasks.
                    let task = (try? await self.refreshed(entry, caller)) ?? entry.task
                    return (index, TaskShape.legacy(task, id: entry.id))
                }
            }
            return await group.reduce(into: [(Int, JSONSlice)]()) { $0.append($1) }
        }
        var object: JSONObject = [
            "tasks": .array(shown.sorted { $0.0 < $1.0 }.map { .slice($0.1) })
        ]
        if start + page.count < all.count, let last = page.last { object["nextCursor"] = .string(last.id) }
        return JSONSlice(.object(object))
    }
}

/// The way to a client for what a task asks: every message says which task it is about, as far as the client knows.
struct TaskChannel: ClientChannel {
    let base: any ClientChannel
    /// `nil` for a client that knows of no task.
    let id: String?

    var capabilities: ClientCapabilities { base.capabilities }

    func notify(_ method: MCPMethod, params: JSONSlice?) {
        base.notify(method, params: params.map(related))
    }

    func ask(_ method: MCPMethod, params: JSONSlice?) async throws(RequestError) -> JSONSlice {
        let params = params ?? .emptyObject
        guard let id else { return try await base.ask(method, params: TaskShape.unrelated(params)) }
        return try await base.ask(method, params: TaskShape.related(params, to: id))
    }

    private func related(_ params: JSONSlice) -> JSONSlice {
        guard let id else { return TaskShape.unrelated(params) }
        return TaskShape.renamed(params, to: id)
    }
}
