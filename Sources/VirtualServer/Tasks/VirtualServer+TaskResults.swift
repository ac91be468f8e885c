// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import JSONTypes
import MCPTypes
import Synchronization

/// Why what a task came to is not to be had.
enum TaskFailure: Error, Sendable {
    /// That is what it came to.
    case ended(RequestError)
    /// A request about the task failed, which says nothing of the task.
    case unheard(BackendError)
    /// Its backend does not know it, or not any more, or is not there for good.
    case lost(BackendError)
    /// The client could not answer what the task wants to know, or its backend refused the answer.
    case unanswered(RequestError)
    /// Nobody waits any more.
    case abandoned
}

/// What tasks come to, in either era towards the client and at the backend.
extension VirtualServer {
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
    /// - Parameters:
    ///   - channel: the way to whoever is asked.
    ///   - patience: how long requests about the task may go on failing, counted from the first one that does and from
    ///     each answer of the client. Without it the first request that fails is the end.
    func result(
        of entry: TaskRegistry.Entry, _ caller: Caller, _ channel: any ClientChannel, patience: Duration = .zero
    ) async throws(TaskFailure) -> JSONSlice {
        if let kept = entry.kept {
            entry.isDelivered = true
            return kept
        }
        let channel = AnsweredChannel(base: channel)
        var failingSince: ContinuousClock.Instant?
        while true {
            do throws(TaskFailure) {
                if let result = try await outcome(of: entry, caller, channel) { return result }
                failingSince = nil
            } catch {
                guard case .unheard = error, !Task.isCancelled else { throw error }
                let now = ContinuousClock.now
                if channel.takeAnswered() { failingSince = nil }
                let since = failingSince ?? now
                guard now - since < patience else { throw error }
                failingSince = since
            }
            do {
                try await Task.sleep(for: Self.pause(entry.task))
            } catch {
                throw .abandoned
            }
        }
    }

    /// - Returns: `nil` while the task is not at its end.
    private func outcome(
        of entry: TaskRegistry.Entry, _ caller: Caller, _ channel: any ClientChannel
    ) async throws(TaskFailure) -> JSONSlice? {
        let task: JSONSlice
        let modern: Bool
        do throws(BackendError) {
            task = try await heard(entry, caller, isWhole: true)
            modern = try await isModern(entry, caller)
        } catch {
            throw error.deniesTask || error == .closed ? .lost(error) : .unheard(error)
        }
        switch TaskShape.status(of: task) ?? .working {
        case .cancelled: throw .ended(RequestError(.cancelled, "The task was cancelled"))
        case .completed, .failed:
            if modern { return try Self.outcome(of: task) }
            return try await legacyOutcome(of: entry, caller, channel)
        case .inputRequired where modern:
            try await answerQuestions(of: task, entry, caller, channel)
            return nil
        case .inputRequired:
            do throws(TaskFailure) {
                return try await legacyOutcome(of: entry, caller, channel)
            } catch {
                // Answered, but not at its end yet.
                guard case .unheard(.timeout) = error else { throw error }
                return nil
            }
        case .working: return nil
        }
    }

    /// What an ended task of a Modern backend came to.
    private static func outcome(of task: JSONSlice) throws(TaskFailure) -> JSONSlice {
        if let result = task["result"], result.kind == .object {
            return MetaOwnership.crossing(ModernResult.legacy(result))
        }
        if let error = task["error"], error.kind == .object { throw .ended(RequestError(relaying: error)) }
        throw .ended(RequestError(.internalError, "The task ended without a result"))
    }

    private func legacyOutcome(
        of entry: TaskRegistry.Entry, _ caller: Caller, _ channel: any ClientChannel
    ) async throws(TaskFailure) -> JSONSlice {
        do throws(BackendError) {
            return try await ask(.tasksResult, entry, caller, channel: channel)
        } catch {
            guard case .answered(let answer) = error else { throw .unheard(error) }
            // A tool may have ended with this very code, or the task be gone with the session that it belonged to.
            if error.deniesTask, await isGone(entry, caller) { throw .lost(error) }
            throw .ended(answer)
        }
    }

    private func isGone(_ entry: TaskRegistry.Entry, _ caller: Caller) async -> Bool {
        do throws(BackendError) {
            _ = try await ask(.tasksGet, entry, caller)
            return false
        } catch {
            return error.deniesTask
        }
    }

    // MARK: Questions of Modern backends

    private static let questionsAtOnce = 32

    /// Asks a Legacy client what a Modern backend's task wants to know, each question once.
    private func answerQuestions(
        of task: JSONSlice, _ entry: TaskRegistry.Entry, _ caller: Caller, _ channel: any ClientChannel
    ) async throws(TaskFailure) {
        guard let requests = task["inputRequests"], requests.kind == .object else { return }
        var keys: [String] = []
        var responses = JSONObject()
        // What ends the round; the answers that are there already are sent all the same.
        var failure: TaskFailure?
        for request in requests.members where keys.count < Self.questionsAtOnce && failure == nil {
            guard let key = request.key.string, let method = request.value["method"]?.string else { continue }
            guard key.utf8.count <= AskedKeys.maximumKeyBytes else {
                failure = .unheard(
                    .invalidResponse("its task asks under a key of more than \(AskedKeys.maximumKeyBytes) bytes"))
                continue
            }
            let answer: JSONSlice
            switch entry.asked.claim(key) {
            case .leave: continue
            case .send(let known): answer = known
            case .ask:
                let params = request.value["params"].map { MetaOwnership.crossing($0) }
                do throws(RequestError) {
                    answer = try await channel.ask(MCPMethod(method), params: params)
                } catch {
                    // Only an elicitation can say that there will be no answer.
                    guard MCPMethod(method) == .elicit, !Task.isCancelled else {
                        entry.asked.unanswered(key)
                        failure = .unanswered(error)
                        continue
                    }
                    answer = JSONSlice(["action": "cancel"])
                }
                entry.asked.answered(key, answer)
            }
            keys.append(key)
            responses[key] = .slice(answer)
        }
        if !keys.isEmpty {
            do throws(BackendError) {
                _ = try await ask(.tasksUpdate, entry, caller, with: ["inputResponses": .object(responses)])
                entry.asked.delivered(keys)
            } catch {
                if error.refusesAnswers { entry.asked.refused(keys) } else { entry.asked.undelivered(keys) }
                // The code does not tell answers that do not fit from a task that is gone.
                if error.deniesTask, await isGone(entry, caller) { throw .lost(error) }
                if error.refusesAnswers { throw .unanswered(told(error, entry)) }
                throw .unheard(error)
            }
        }
        if Task.isCancelled { throw .abandoned }
        if let failure { throw failure }
    }

    // MARK: Modern clients

    /// A task as `tasks/get` of the extension shows it, with what belongs to its status.
    func detailed(
        _ task: JSONSlice, _ entry: TaskRegistry.Entry, _ caller: Caller
    ) async throws(BackendError) -> JSONSlice {
        var object = TaskShape.modern(task, id: entry.id)
        if let kept = entry.kept {
            entry.isDelivered = true
            object["status"] = "completed"
            object["result"] = .slice(kept)
            return JSONSlice(.object(object))
        }
        if try await isModern(entry, caller) {
            for key in ["inputRequests", "result", "error"] {
                if let value = task.member(key) {
                    object[key] = .slice(TaskShape.renamed(MetaOwnership.crossing(value), to: entry.id))
                }
            }
            return JSONSlice(.object(object))
        }
        switch TaskShape.status(of: task) ?? .working {
        case .completed, .failed:
            switch await fetched(entry, caller, patience: Self.fetchingPatience) {
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

    /// How long the result of a task that has ended waits for whoever is fetching it: the backend has it, so that is over
    /// soon, and a task that has been told to be at its end is not at work again.
    private static let fetchingPatience = Duration.seconds(5)

    /// A Legacy task's result, in whose course the backend asks what it wants to know; `nil` when nothing is heard of it
    /// now, or somebody else waits for it.
    private func fetched(
        _ entry: TaskRegistry.Entry, _ caller: Caller, patience: Duration = .zero
    ) async -> Result<JSONSlice, RequestError>? {
        let deadline = ContinuousClock.now + patience
        while !entry.questions.beginFetching() {
            guard ContinuousClock.now < deadline, !Task.isCancelled else { return nil }
            try? await Task.sleep(for: .milliseconds(10))
        }
        defer { entry.questions.endFetching() }
        do throws(BackendError) {
            let result = try await ask(.tasksResult, entry, caller, channel: entry.questions)
            return .success(TaskShape.renamed(result, to: entry.id))
        } catch {
            let reported = told(error, entry)
            if case .answered = error { return .failure(reported) }
            return nil
        }
    }

    private func startFetching(_ entry: TaskRegistry.Entry, _ caller: Caller) {
        tasks.supervisor.run(on: caller.shard.executor) { [self] in _ = await fetched(entry, caller) }
    }
}

/// The way to a client, which remembers that somebody has answered: how long that took was no silence of a backend.
private final class AnsweredChannel: ClientChannel {
    private let base: any ClientChannel
    private let hasAnswered = Mutex(false)

    init(base: any ClientChannel) { self.base = base }

    var capabilities: ClientCapabilities { base.capabilities }
    var mayRepeatCall: Bool { base.mayRepeatCall }

    /// Whether there was an answer, or a refusal, since this was last asked.
    func takeAnswered() -> Bool {
        hasAnswered.withLock { hasAnswered in
            defer { hasAnswered = false }
            return hasAnswered
        }
    }

    func notify(_ method: MCPMethod, params: JSONSlice?) { base.notify(method, params: params) }

    func ask(_ method: MCPMethod, params: JSONSlice?) async throws(RequestError) -> JSONSlice {
        defer { hasAnswered.withLock { $0 = true } }
        return try await base.ask(method, params: params)
    }
}

extension BackendError {
    /// Whether the backend says that what it was sent is wrong, so that sending it again would not help.
    fileprivate var refusesAnswers: Bool {
        guard case .answered(let error) = self else { return false }
        return [.invalidParams, .invalidRequest].contains(error.code)
    }

    /// Whether the backend says that there is no such task (2025-11-25, Tasks, Protocol Errors; SEP-2663).
    fileprivate var deniesTask: Bool {
        guard case .answered(let error) = self else { return false }
        return [.invalidParams, .methodNotFound, .resourceNotFound].contains(error.code)
    }
}
