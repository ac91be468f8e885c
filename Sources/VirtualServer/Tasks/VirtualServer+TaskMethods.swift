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
            return TaskShape.related(try await result(of: entry, caller, channel), to: entry.id)
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
            if try await isModern(entry, caller) {
                _ = try await ask(.tasksUpdate, entry, caller, with: ["inputResponses": .slice(responses)])
            } else {
                entry.questions.answer(responses)
            }
            return .emptyObject
        case .tasksCancel:
            if TaskShape.status(of: entry.task)?.isTerminal != true {
                do throws(RequestError) {
                    _ = try await cancel(entry, caller)
                } catch {
                    // Acknowledged even when the task has ended (SEP-2663); a Legacy backend refuses that.
                    guard error.code == .invalidParams else { throw error }
                }
            }
            return .emptyObject
        default: return try await detailed(try await refreshed(entry, caller), entry, caller)
        }
    }

    // MARK: Asking the backend

    func sessionOf(
        _ entry: TaskRegistry.Entry, _ caller: Caller
    ) throws(RequestError) -> (session: BackendSession, backend: Backend) {
        if let session = entry.session, !session.isClosed { return (session, session.backend) }
        return try session(with: entry.backend, caller)
    }

    private func isModern(_ entry: TaskRegistry.Entry, _ caller: Caller) async throws(RequestError) -> Bool {
        let (session, backend) = try sessionOf(entry, caller)
        return try await opened(session, backend, caller).revision.era == .modern
    }

    private func ask(
        _ method: MCPMethod, _ entry: TaskRegistry.Entry, _ caller: Caller, with more: JSONObject = [:],
        channel: (any ClientChannel)? = nil
    ) async throws(RequestError) -> JSONSlice {
        guard let id = entry.backendID else { throw .invalidParams("Unknown task") }
        let (session, backend) = try sessionOf(entry, caller)
        var params: JSONObject = ["taskId": .string(id)]
        for (key, value) in more { params[key] = value }
        var options = BackendSession.CallOptions(
            shard: caller.shard, channel: channel, headers: caller.headers, isRepeatable: method != .tasksUpdate)
        options.declaresTasks = true
        return try await run(method, JSONSlice(.object(params)), session, backend, options)
    }

    /// The task as its backend has it now.
    func refreshed(_ entry: TaskRegistry.Entry, _ caller: Caller) async throws(RequestError) -> JSONSlice {
        if entry.backendID == nil || TaskShape.status(of: entry.task)?.isTerminal == true { return entry.task }
        let task = try await ask(.tasksGet, entry, caller)
        guard TaskShape.status(of: task) != nil else {
            throw BackendError.invalidResponse("tasks/get answered without a status").requestError(
                backend: entry.backend)
        }
        entry.task = task
        return task
    }

    func cancel(_ entry: TaskRegistry.Entry, _ caller: Caller) async throws(RequestError) -> JSONSlice {
        let answer = try await ask(.tasksCancel, entry, caller)
        entry.questions.close()
        return answer
    }

    // MARK: Results

    private static let shortestPause = 50
    private static let longestPause = 5000
    private static let usualPause = 500

    private static func pause(_ task: JSONSlice) -> Duration {
        let wanted = (task["pollInterval"] ?? task["pollIntervalMs"])?.int ?? usualPause
        return .milliseconds(min(max(wanted, shortestPause), longestPause))
    }

    /// Waits for the task's end, answering its questions through the caller, and returns what it came to.
    ///
    /// The backend is asked again and again, because a request that stays open as long as a task runs would meet every
    /// time limit on the way; what the client waits on is its own request.
    ///
    /// - Parameter channel: the way to whoever is asked.
    func result(
        of entry: TaskRegistry.Entry, _ caller: Caller, _ channel: any ClientChannel
    ) async throws(RequestError) -> JSONSlice {
        while true {
            if let outcome = entry.questions.outcome { return try outcome.get() }
            let task = try await refreshed(entry, caller)
            let status = TaskShape.status(of: task) ?? .working
            let modern = try await isModern(entry, caller)
            switch status {
            case .cancelled: throw RequestError(.cancelled, "The task was cancelled")
            case .completed, .failed:
                if modern { return try Self.outcome(of: task) }
                return MetaOwnership.crossing(try await ask(.tasksResult, entry, caller, channel: channel))
            case .inputRequired where modern:
                try await answerQuestions(of: task, entry, caller, channel)
            case .inputRequired:
                do throws(RequestError) {
                    return MetaOwnership.crossing(try await ask(.tasksResult, entry, caller, channel: channel))
                } catch {
                    // Answered, but not at its end yet.
                    guard error.code == .backendTimeout else { throw error }
                }
            case .working: break
            }
            do {
                try await Task.sleep(for: Self.pause(task))
            } catch {
                throw RequestError(.cancelled, "Request cancelled")
            }
        }
    }

    /// What an ended task of a Modern backend came to.
    private static func outcome(of task: JSONSlice) throws(RequestError) -> JSONSlice {
        if let result = task["result"], result.kind == .object {
            return MetaOwnership.crossing(ModernResult.legacy(result))
        }
        if let error = task["error"], error.kind == .object { throw RequestError(relaying: error) }
        throw RequestError(.internalError, "The task ended without a result")
    }

    /// Asks a Legacy client what a Modern backend's task wants to know.
    private func answerQuestions(
        of task: JSONSlice, _ entry: TaskRegistry.Entry, _ caller: Caller, _ channel: any ClientChannel
    ) async throws(RequestError) {
        guard let requests = task["inputRequests"], requests.kind == .object else { return }
        var responses = JSONObject()
        for request in requests.members.prefix(32) {
            guard let key = request.key.string, let method = request.value["method"]?.string else { continue }
            let params = request.value["params"].map { MetaOwnership.crossing($0) }
            do throws(RequestError) {
                responses[key] = .slice(try await channel.ask(MCPMethod(method), params: params))
            } catch {
                // Only an elicitation can say that there will be no answer.
                guard MCPMethod(method) == .elicit else { throw error }
                responses[key] = ["action": "cancel"]
            }
        }
        _ = try await ask(.tasksUpdate, entry, caller, with: ["inputResponses": .object(responses)])
    }

    /// A task as `tasks/get` of the extension shows it, with what belongs to its status.
    func detailed(
        _ task: JSONSlice, _ entry: TaskRegistry.Entry, _ caller: Caller
    ) async throws(RequestError) -> JSONSlice {
        var object = TaskShape.modern(task, id: entry.id)
        let isModern = entry.backendID == nil ? false : try await isModern(entry, caller)
        if isModern {
            for key in ["inputRequests", "result", "error"] {
                if let value = task.member(key) {
                    object[key] = .slice(TaskShape.renamed(MetaOwnership.crossing(value), to: entry.id))
                }
            }
            return JSONSlice(.object(object))
        }
        switch TaskShape.status(of: task) ?? .working {
        case .completed, .failed:
            await fetch(entry, caller)
            switch entry.questions.outcome {
            case .success(let result)?:
                object["status"] = "completed"
                object["result"] = .slice(result)
            case .failure(let error)?:
                object["status"] = "failed"
                object["error"] = [
                    "code": .number(JSONNumber(error.code.rawValue)), "message": .string(error.message),
                ]
            case nil: object["status"] = "working"
            }
        case .inputRequired:
            startFetching(entry, caller)
            let deadline = ContinuousClock.now + .milliseconds(500)
            while entry.questions.inputRequests == nil, ContinuousClock.now < deadline, !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(10))
            }
            if let requests = entry.questions.inputRequests {
                object["inputRequests"] = .slice(requests)
            } else {
                object["status"] = "working"
            }
        case .working, .cancelled: break
        }
        return JSONSlice(.object(object))
    }

    /// Gets a Legacy task's result, in whose course the backend asks what it wants to know.
    private func fetch(_ entry: TaskRegistry.Entry, _ caller: Caller) async {
        guard entry.questions.beginFetching() else { return }
        do throws(RequestError) {
            let result = try await ask(.tasksResult, entry, caller, channel: entry.questions)
            entry.questions.finishFetching(.success(TaskShape.renamed(MetaOwnership.crossing(result), to: entry.id)))
        } catch {
            let isOfTheTask = ![
                .backendTimeout, .backendUnavailable, .outcomeUnknown, .overloaded, .cancelled, .invalidBackendResponse,
            ].contains(error.code)
            if isOfTheTask {
                entry.questions.finishFetching(.failure(error))
            } else {
                entry.questions.abandonFetching()
            }
        }
    }

    private func startFetching(_ entry: TaskRegistry.Entry, _ caller: Caller) {
        tasks.supervisor.run(on: caller.shard.executor) { [self] in await fetch(entry, caller) }
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
