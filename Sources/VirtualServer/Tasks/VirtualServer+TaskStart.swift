// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import Backends
import Foundation
import JSONTypes
import Logging
package import MCPTypes
import NIOCore

/// Starting tasks: in either era towards the client, in either era at the backend.
extension VirtualServer {
    /// Runs a tool as a task because a 2025-11-25 client wants that; the answer is a `CreateTaskResult`.
    func startTask(_ call: BackendCall, caller: Caller) async throws(RequestError) -> JSONSlice {
        guard call.params["task"]?.kind == .object else { throw .invalidParams("task must be an object") }
        let session = try session(with: call.backend, caller)
        let handshake = try await opened(session, call.backend, caller)
        guard handshake.capabilities.tasks else {
            throw RequestError(
                .methodNotFound, "Tool \"\(call.target.bounded(to: 128))\" does not support task execution")
        }
        // What has run cannot be refused any more.
        let place = try place(for: caller, keepsResult: true)
        guard handshake.revision.era == .modern else {
            let result = try await run(
                .toolsCall, call.params, session, call.backend, options(caller, call.params, isRepeatable: false))
            guard let task = result["task"] else {
                // The backend has run it at once; then that is what there is to say.
                return try keepResult(result, of: call.backend, in: place, caller)
            }
            guard let id = TaskShape.id(of: task) else { throw noTask(call.backend) }
            let entry = try register(task, id, of: session, in: place, caller)
            return TaskShape.renamed(result, to: entry.id).editing([
                JSONEdit(key: "task", value: TaskShape.legacy(task, id: entry.id))
            ])
        }
        let result: JSONSlice
        do throws(BackendError) {
            result = try await modernTask(call, over: session, caller, QuestionDialect.channel(for: caller))
        } catch {
            throw report(error, of: call.backend)
        }
        // A backend decides for itself what becomes a task.
        guard ResultType(of: result) == .task else {
            return try keepResult(ModernResult.legacy(result), of: call.backend, in: place, caller)
        }
        guard let id = TaskShape.id(of: result) else { throw noTask(call.backend) }
        let entry = try register(result, id, of: session, in: place, caller)
        return JSONSlice(["task": .slice(TaskShape.legacy(result, id: entry.id))])
    }

    /// Calls a Modern backend's tool so that it may become a task; what the backend wants to know before is asked now,
    /// within the client's request. The result is complete or a task.
    private func modernTask(
        _ call: BackendCall, over session: BackendSession, _ caller: Caller, _ channel: any ClientChannel
    ) async throws(BackendError) -> JSONSlice {
        var call = call
        call.withoutTask()
        call.withoutRound()
        call.declaresTasks = true
        let result = try await attempt(call, over: session, caller, channel)
        switch ResultType(of: result) {
        case .complete, .task: return result
        case .inputRequired:
            let rounds = LegacyRounds(server: self, call: call, session: session, caller: caller, channel: channel)
            return try await rounds.run(from: result)
        case .unknown(let type): throw .invalidResponse("unknown resultType \"\(type)\"")
        }
    }

    /// Runs a tool that its backend runs as a task alone, for a Legacy client that wants none, or knows none: the client
    /// waits for the end, as it does for any call. The task is nobody's but this call's.
    func runAsTask(
        _ call: BackendCall, over session: BackendSession, _ caller: Caller, _ channel: any ClientChannel
    ) async throws(BackendError) -> BackendAnswer {
        let task: JSONSlice
        if session.era == .modern {
            task = try await modernTask(call, over: session, caller, channel)
            guard ResultType(of: task) == .task else { return BackendAnswer(result: task, era: .modern) }
        } else {
            var call = call
            call.params = call.params.editing([JSONEdit(key: "task", value: .emptyObject)])
            let result = try await attempt(call, over: session, caller, channel)
            guard let started = result["task"] else { return BackendAnswer(result: result, era: .legacy) }
            task = started
        }
        guard let id = TaskShape.id(of: task) else { throw .invalidResponse("its task has no id") }
        let entry = TaskRegistry.Entry(
            id: id, principal: caller.principal, backend: call.backend.name, backendID: id, session: session,
            owner: caller.sessions, task: task)
        do throws(TaskFailure) {
            let result = try await result(
                of: entry, caller, TaskChannel(base: channel, id: nil), patience: tasks.limits.patience)
            return BackendAnswer(result: TaskShape.unrelated(result), era: .legacy)
        } catch {
            if Task.isCancelled {
                abandon(entry, caller)
                throw .cancelled
            }
            switch error {
            case .ended(let error): throw .answered(error)
            case .unanswered(let error):
                abandon(entry, caller)
                throw .answered(error)
            case .abandoned:
                abandon(entry, caller)
                throw .cancelled
            case .unheard(let reason), .lost(let reason):
                // Where the task is gone indeed, ending it does no harm.
                abandon(entry, caller)
                throw lost(reason, call.backend)
            }
        }
    }

    /// The tool was running when its task was last heard of, so whatever a request about it failed with, nothing can be
    /// said of the call.
    private func lost(_ reason: BackendError, _ backend: Backend) -> BackendError {
        backend.logger.warning("A call's task cannot be followed any more", metadata: ["error": "\(reason)"])
        return .outcomeUnknown("the call's task was lost sight of")
    }

    /// A task for a Modern client, which the gateway, being the server, decides on: the tool cannot run otherwise.
    func startRequiredTask(
        _ params: JSONSlice, _ session: BackendSession, caller: Caller
    ) async throws(RequestError) -> JSONSlice {
        guard caller.channel.capabilities.hasTasks else { throw Self.tasksNotDeclared }
        let backend = session.backend
        let params = params.editing([JSONEdit(key: "task", value: .emptyObject)])
        let place = try place(for: caller)
        let result = try await run(
            .toolsCall, params, session, backend, options(caller, params, isRepeatable: false))
        guard let task = result["task"], let id = TaskShape.id(of: task) else { return result }
        let entry = try register(task, id, of: session, in: place, caller)
        entry.questions.declare(caller.channel.capabilities)
        return Self.started(TaskShape.modern(task, id: entry.id))
    }

    /// A Modern backend's own task, under an id of ours.
    func relayedTask(
        _ result: JSONSlice, of backend: String, _ session: BackendSession, _ caller: Caller
    ) throws(RequestError) -> JSONSlice {
        guard caller.channel.capabilities.hasTasks, let id = TaskShape.id(of: result) else {
            throw BackendError.invalidResponse("it answered with a task that was not asked for").requestError(
                backend: backend)
        }
        let entry = try entry(for: result, id, of: session, caller)
        // Without room it is found by its id, as after a restart.
        if tasks.insert(entry) != nil { hear(of: entry, over: session, for: caller) }
        return Self.started(TaskShape.modern(result, id: entry.id))
    }

    private static func started(_ task: JSONObject) -> JSONSlice {
        var object = task
        object["resultType"] = "task"
        return JSONSlice(.object(object))
    }

    package static let tasksNotDeclared = RequestError.missingCapability([
        "extensions": .object([TasksExtension.identifier: [:]])
    ])

    private func noTask(_ backend: Backend) -> RequestError {
        BackendError.invalidResponse("its task has no id").requestError(backend: backend.name)
    }

    private static let tooMany = RequestError(.overloaded, "Too many tasks; wait until some have ended")

    private func place(
        for caller: Caller, keepsResult: Bool = false
    ) throws(RequestError) -> TaskRegistry.Place {
        guard
            let place = tasks.reserve(
                for: caller.principal, sessions: caller.sessions, keepsResult: keepsResult)
        else { throw Self.tooMany }
        return place
    }

    /// Remembers a task before anyone hears of it.
    private func register(
        _ task: JSONSlice, _ id: String, of session: BackendSession, in place: TaskRegistry.Place, _ caller: Caller
    ) throws(RequestError) -> TaskRegistry.Entry {
        let entry = try entry(for: task, id, of: session, caller)
        tasks.insert(entry, in: place)
        hear(of: entry, over: session, for: caller)
        return entry
    }

    /// A task that runs. One that no id can be made for is ended, because nobody could ask for it.
    private func entry(
        for task: JSONSlice, _ id: String, of session: BackendSession, _ caller: Caller
    ) throws(RequestError) -> TaskRegistry.Entry {
        func entry(_ ownID: String) -> TaskRegistry.Entry {
            TaskRegistry.Entry(
                id: ownID, principal: caller.principal, backend: session.backend.name, backendID: id,
                session: session, owner: caller.sessions, task: task)
        }
        do throws(RequestError) {
            return entry(try sealedID(backend: session.backend.name, id: id, task, caller))
        } catch {
            abandon(entry(""), caller)
            throw report(.outcomeUnknown("its task could not be given an id"), of: session.backend)
        }
    }

    /// The result of a tool that ended before it could become a task, kept for `tasks/result`.
    private func keepResult(
        _ result: JSONSlice, of backend: Backend, in place: TaskRegistry.Place, _ caller: Caller
    ) throws(RequestError) -> JSONSlice {
        guard result.bytes.readableBytes <= tasks.limits.resultBytes else {
            throw RequestError(
                .outcomeUnknown,
                "The tool has run, but its result is too large to be kept as a task's. Check before you repeat it")
        }
        let now = seal.currentTime.formatted(.iso8601)
        let failed = result["isError"]?.bool == true
        let task = JSONSlice([
            "taskId": "", "status": .string(failed ? "failed" : "completed"), "createdAt": .string(now),
            "lastUpdatedAt": .string(now),
            "ttl": .number(JSONNumber(Int(tasks.limits.idleTime.nanoseconds / 1_000_000))),
        ])
        let id: String
        do throws(RequestError) {
            id = try sealedID(backend: backend.name, id: "", task, caller)
        } catch {
            throw report(.outcomeUnknown("the result could not be given an id"), of: backend)
        }
        let entry = TaskRegistry.Entry(
            id: id, principal: caller.principal, backend: backend.name, backendID: nil, session: nil,
            owner: caller.sessions, kept: result, task: task)
        guard tasks.insert(entry, in: place) else {
            throw RequestError(
                .outcomeUnknown,
                "The tool has run, but there is no room to keep its result beside others that nobody has asked for. "
                    + "Check before you repeat it")
        }
        return JSONSlice(["task": .slice(TaskShape.legacy(task, id: entry.id))])
    }

    // MARK: Ids

    /// Tasks without a time limit are found by their id this long.
    private static let longestLife: TimeInterval = 30 * 86_400

    private func sealedID(
        backend: String, id: String, _ task: JSONSlice, _ caller: Caller
    ) throws(RequestError) -> String {
        let milliseconds = (task["ttl"] ?? task["ttlMs"])?.int
        let life = milliseconds.map { min(TimeInterval($0) / 1000 + 3600, Self.longestLife) } ?? Self.longestLife
        return try seal.seal(
            .task, ["b": .string(backend), "x": .string(id)], for: Self.taskSubject(caller),
            expires: seal.currentTime.addingTimeInterval(life))
    }

    private static func taskSubject(_ caller: Caller) -> StateSubject {
        StateSubject(method: .tasksGet, target: "", arguments: nil, principal: caller.principal)
    }

    /// The task that a client names; one that was started before a restart, or on another replica, is found by what its
    /// id says.
    func task(_ params: JSONSlice?, _ caller: Caller) throws(RequestError) -> TaskRegistry.Entry {
        guard let id = params?["taskId"]?.string else { throw .invalidParams("taskId must be a string") }
        if let entry = tasks.entry(id, for: caller.principal) { return entry }
        let opened: OpenedState
        do throws(RequestError) {
            opened = try seal.open(id, as: [.task], for: Self.taskSubject(caller))
        } catch {
            throw .invalidParams("Unknown task")
        }
        guard let backend = opened.fields["b"]?.string, let backendID = opened.fields["x"]?.string,
            !backendID.isEmpty
        else { throw .invalidParams("Unknown task") }
        let entry = TaskRegistry.Entry(
            id: id, principal: caller.principal, backend: backend, backendID: backendID, session: nil,
            owner: caller.sessions, task: JSONSlice(["taskId": .string(backendID), "status": "working"]))
        entry.questions.declare(caller.channel.capabilities)
        // Another request may have been faster with the same task.
        guard let kept = tasks.insert(entry) else { throw Self.tooMany }
        return kept
    }
}

// MARK: Backends

extension VirtualServer {
    /// The session's handshake, made if need be.
    func opened(
        _ session: BackendSession, _ backend: Backend, _ caller: Caller
    ) async throws(RequestError) -> Handshake {
        do throws(BackendError) {
            return try await session.open(on: caller.shard, headers: caller.headers)
        } catch {
            throw report(error, of: backend)
        }
    }

    /// One request about a task; whatever its result is, the caller looks at it.
    func run(
        _ method: MCPMethod, _ params: JSONSlice, _ session: BackendSession, _ backend: Backend,
        _ options: BackendSession.CallOptions
    ) async throws(RequestError) -> JSONSlice {
        do throws(BackendError) {
            let result = try await session.call(method, params: MetaOwnership.crossing(params), options: options)
            guard result.kind == .object else { throw BackendError.invalidResponse("the result is no object") }
            return MetaOwnership.crossing(result)
        } catch {
            throw report(error, of: backend)
        }
    }
}
