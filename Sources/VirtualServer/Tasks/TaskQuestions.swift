// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization

/// The questions of a Legacy backend's task, kept until a Modern client answers them with `tasks/update`.
///
/// Such a backend asks while its `tasks/result` runs (2025-11-25, Tasks, Input Required); a Modern client learns of the
/// questions from `tasks/get` and answers when it likes.
final class TaskQuestions: ClientChannel {
    private struct Waiting {
        let entry: JSONSlice
        let continuation: CheckedContinuation<Result<JSONSlice, RequestError>, Never>
    }

    private struct State {
        var next = 1
        var waiting: [String: Waiting] = [:]
        var declared = ClientCapabilities.none
        var isFetching = false
        var isClosed = false
    }

    private static let maximumWaiting = 32
    private static let maximumBytes = 64 << 10

    /// The task's id as clients know it.
    private let id: String
    private let state = Mutex(State())

    init(id: String) { self.id = id }

    var capabilities: ClientCapabilities { state.withLock { $0.declared } }

    /// What the client declared on the request that started the task.
    func declare(_ capabilities: ClientCapabilities) { state.withLock { $0.declared = capabilities } }

    /// A task has no progress and no log messages (SEP-2663).
    func notify(_ method: MCPMethod, params: JSONSlice?) {}

    func ask(_ method: MCPMethod, params: JSONSlice?) async throws(RequestError) -> JSONSlice {
        let entry = JSONSlice([
            "method": .string(method.name),
            "params": .slice(params.map { TaskShape.renamed(MetaOwnership.crossing($0), to: id) } ?? .emptyObject),
        ])
        guard entry.bytes.readableBytes <= Self.maximumBytes else {
            throw RequestError(.invalidParams, "The question is too large")
        }
        let key = state.withLock { state -> String? in
            guard !state.isClosed, state.waiting.count < Self.maximumWaiting else { return nil }
            defer { state.next += 1 }
            // Never reused within the task's life (SEP-2663).
            return "q\(state.next)"
        }
        guard let key else { throw RequestError(.clientDeclined, "Too many questions wait for the client") }
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isKept = state.withLock { state in
                    guard !state.isClosed, !Task.isCancelled else { return false }
                    state.waiting[key] = Waiting(entry: entry, continuation: continuation)
                    return true
                }
                if !isKept { continuation.resume(returning: .failure(Self.withdrawn)) }
            }
        } onCancel: {
            settle(key, .failure(Self.withdrawn))
        }
        return try answer.get()
    }

    private static let withdrawn = RequestError(.clientDeclined, "The question was withdrawn")

    private func settle(_ key: String, _ answer: Result<JSONSlice, RequestError>) {
        state.withLock { $0.waiting.removeValue(forKey: key) }?.continuation.resume(returning: answer)
    }

    /// The open questions, as `inputRequests`; `nil` when there is none.
    var inputRequests: JSONSlice? {
        let waiting = state.withLock { $0.waiting }
        guard !waiting.isEmpty else { return nil }
        var object = JSONObject()
        for (key, question) in waiting.sorted(by: { $0.key < $1.key }) { object[key] = .slice(question.entry) }
        return JSONSlice(.object(object))
    }

    /// Delivers answers; unknown and answered keys mean nothing (SEP-2663, `tasks/update`).
    func answer(_ responses: JSONSlice) {
        for member in responses.members {
            guard let key = member.key.string, member.value.kind == .object else { continue }
            settle(key, .success(MetaOwnership.crossing(ModernResult.legacy(member.value))))
        }
    }

    // MARK: The result

    /// Whether nobody else is fetching the result, in whose course the backend asks.
    func beginFetching() -> Bool {
        state.withLock { state in
            defer { state.isFetching = true }
            return !state.isFetching
        }
    }

    /// The result is not remembered here: it may be large, and the backend has it.
    func endFetching() { state.withLock { $0.isFetching = false } }

    /// Nobody will answer any more.
    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [:] }
            return state.waiting.values.map(\.continuation)
        }
        for continuation in waiting { continuation.resume(returning: .failure(Self.withdrawn)) }
    }
}
