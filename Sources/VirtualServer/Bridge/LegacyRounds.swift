// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import JSONTypes
import Logging
import MCPTypes

/// A Modern backend's rounds within one request of a Legacy client: each question is asked on the client's session, and
/// the answers go into the next attempt (2026-07-28, Multi Round-Trip Requests).
struct LegacyRounds {
    let server: VirtualServer
    let call: BackendCall
    let session: BackendSession
    let caller: Caller
    /// Where questions go, in the words of the client's revision.
    let channel: any ClientChannel

    private var settings: BridgeSettings { server.bridge }

    /// What the rounds so far have left behind.
    private struct Progress {
        var rounds = 0
        var silentRounds = 0
        /// How often an answer to a method had to be left out.
        var omissions: [MCPMethod: Int] = [:]
        /// The ids of the pages that the client was asked to visit, by question.
        var visits: [JSONSlice: String] = [:]
    }

    private struct Reply: Sendable {
        let index: Int
        let answer: Result<JSONSlice, RequestError>
    }

    /// - Parameter first: an `input_required` result.
    /// - Returns: the complete result at the end.
    func run(from first: JSONSlice) async throws(BackendError) -> JSONSlice {
        var progress = Progress()
        var result = first
        while true {
            let round = try InputRound(result, settings: settings)
            try await check(round, &progress)
            var next = call
            next.backendState = round.state
            next.responses = round.entries.isEmpty ? nil : try await responses(to: round, &progress)
            if Task.isCancelled { throw .cancelled }
            result = try await server.attempt(next, over: session, caller, channel)
            switch ResultType(of: result) {
            case .complete:
                completeVisits(&progress, stillAsked: nil)
                return result
            case .task where call.declaresTasks:
                completeVisits(&progress, stillAsked: nil)
                return result
            case .inputRequired: completeVisits(&progress, stillAsked: result)
            case .task, .unknown: throw .invalidResponse("a round ended in a task that nobody asked for")
            }
        }
    }

    /// Whether the client can be asked all of this, before it is asked any of it.
    private func check(_ round: InputRound, _ progress: inout Progress) async throws(BackendError) {
        progress.rounds += 1
        guard progress.rounds <= settings.maximumRounds else {
            throw failure("asked more than \(settings.maximumRounds) times within one request")
        }
        let missing = round.missing(in: channel.capabilities)
        guard missing.isEmpty else {
            let names = Set(missing.map(\.name)).sorted().joined(separator: ", ")
            throw failure("asked for \(names), which the client does not support")
        }
        guard round.entries.isEmpty else { return }
        progress.silentRounds += 1
        guard progress.silentRounds <= settings.maximumSilentRounds else {
            throw failure("asked for more time than there is within one request")
        }
        let waits = settings.silentWaits
        guard !waits.isEmpty else { return }
        try? await Task.sleep(for: waits[min(progress.silentRounds, waits.count) - 1])
    }

    /// An end that is the backend's own doing and no breach of the protocol.
    private func failure(_ what: String) -> BackendError {
        .answered(RequestError(.invalidBackendResponse, "Backend \"\(call.backend.name)\" \(what)"))
    }

    // MARK: Questions

    /// Asks everything at a time, as clients expect of one round, and collects `inputResponses`.
    private func responses(
        to round: InputRound, _ progress: inout Progress
    ) async throws(BackendError) -> JSONSlice {
        var questions: [(method: MCPMethod, params: JSONSlice?)] = []
        for entry in round.entries {
            var params = server.asked(entry, call.backend.name)
            if entry.need == .urls {
                let id = progress.visits[entry.visit] ?? "vmcp-" + UniqueID.make()
                progress.visits[entry.visit] = id
                params = params?.editing([JSONEdit(key: "elicitationId", value: JSONSlice(string: id))])
            }
            questions.append((entry.method, params))
        }
        let replies = await withTaskGroup(of: Reply.self) { group in
            for (index, question) in questions.enumerated() {
                group.addTask(executorPreference: caller.shard.executor) { [channel] in
                    do throws(RequestError) {
                        let answer = try await channel.ask(question.method, params: question.params)
                        return Reply(index: index, answer: .success(answer))
                    } catch {
                        return Reply(index: index, answer: .failure(error))
                    }
                }
            }
            return await group.reduce(into: [Reply]()) { $0.append($1) }
        }
        if Task.isCancelled { throw .cancelled }
        var members: [(key: JSONSlice, value: JSONSlice)] = []
        var omitted: Set<MCPMethod> = []
        for reply in replies.sorted(by: { $0.index < $1.index }) {
            let entry = round.entries[reply.index]
            switch reply.answer {
            case .success(let answer) where answer.kind == .object:
                members.append((entry.key, MetaOwnership.crossing(answer)))
            case .success, .failure:
                // No response stands for an error. Not to answer a form is to cancel it; the others may be asked again.
                if entry.method == .elicit {
                    members.append((entry.key, JSONSlice(["action": "cancel"])))
                } else {
                    omitted.insert(entry.method)
                }
            }
        }
        for method in omitted {
            progress.omissions[method, default: 0] += 1
            guard progress.omissions[method, default: 0] <= 1 else {
                throw .answered(
                    RequestError(
                        .clientDeclined,
                        "The client did not answer \(method.name), which backend \"\(call.backend.name)\" needs"))
            }
        }
        return JSONSlice(members: members)
    }

    /// A backend that stops asking for a visit has seen its end (2025-11-25, Elicitation, Completion Notifications).
    private func completeVisits(_ progress: inout Progress, stillAsked result: JSONSlice?) {
        guard !progress.visits.isEmpty else { return }
        let round = result.flatMap { try? InputRound($0, settings: settings) }
        let open = Set((round?.entries ?? []).filter { $0.need == .urls }.map(\.visit))
        for (visit, id) in progress.visits where !open.contains(visit) {
            progress.visits[visit] = nil
            channel.notify(.elicitationComplete, params: JSONSlice(["elicitationId": .string(id)]))
        }
    }
}

extension InputRound.Entry {
    /// Tells one visit from another within a call.
    fileprivate var visit: JSONSlice { params?["url"] ?? key }
}
