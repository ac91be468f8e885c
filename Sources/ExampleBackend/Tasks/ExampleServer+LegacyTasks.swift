// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

extension ExampleServer {
    /// Serves the task methods of revision 2025-11-25, for the tasks of this session.
    func task(_ request: ClientRequest, _ session: Session) throws(RPCError) -> Work {
        guard hasCoreTasks(session) else { throw .methodNotFound(request.method) }
        if request.method == "tasks/list" { return .ready(try list(request, session)) }
        let id = try string("taskId", request)
        guard let job = jobs.find(id, owner: session.id) else { throw .invalidParams("Task not found: \(id)") }
        switch request.method {
        case "tasks/get":
            return .ready(.result(.object(job.legacyValue(job.snapshot))))
        case "tasks/result":
            return .running { [self] peer in try await outcome(of: job, peer) }
        default:
            guard job.cancel("The client cancelled the task") else {
                throw .invalidParams("The task has ended already: \(job.snapshot.status.rawValue)")
            }
            counters.count(.tasksCancelled)
            return .ready(.result(.object(job.legacyValue(job.snapshot))))
        }
    }

    /// Waits for the end; what the tool wants to know meanwhile is asked on the way.
    private func outcome(of job: Job, _ peer: Peer) async throws -> Reply {
        while case .question(let question) = try await job.next() {
            var params = question.params
            params["_meta"] = .object(Job.related(job.id))
            do {
                let answer = try await peer.ask(question.key, question.method, params)
                job.deliver(answer, to: question.key)
            } catch {
                job.release(question.key)
                throw error
            }
        }
        switch job.snapshot.outcome {
        case .result(let result):
            let meta = (result["_meta"] ?? .emptyObject).editing(
                Job.related(job.id).map { JSONEdit(key: $0.key, value: JSONSlice($0.value)) })
            let tied = result.editing([JSONEdit(key: "_meta", value: meta)])
            return Reply(payload: .result(tied.bytes))
        case .error(let error):
            return .failure(error)
        case nil:
            return .failure(RPCError(code: -32603, message: job.snapshot.message ?? "The task was cancelled"))
        }
    }

    private func list(_ request: ClientRequest, _ session: Session) throws(RPCError) -> Reply {
        let all = jobs.all(owner: session.id)
        let size = options.pageSize == 0 ? max(all.count, 1) : options.pageSize
        var first = 0
        if let cursor = request.params?["cursor"] {
            guard let id = cursor.string, let index = all.firstIndex(where: { $0.id == id }) else {
                throw .invalidParams("Unknown cursor")
            }
            first = index
        }
        let end = min(first + size, all.count)
        let shown = all[first..<end].map { JSONValue.object($0.legacyValue($0.snapshot)) }
        var result: JSONObject = ["tasks": .array(shown)]
        if end < all.count { result["nextCursor"] = .string(all[end].id) }
        return .result(.object(result))
    }
}
