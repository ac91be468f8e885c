// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

extension ExampleServer {
    /// Serves `tasks/get`, `tasks/update` and `tasks/cancel` of the Modern extension.
    func task(_ request: ClientRequest, _ meta: RequestMeta) throws(RPCError) -> Reply {
        guard meta.declaresTasks else { throw .missingCapability(RPCError.tasksCapability) }
        let id = try string("taskId", request)
        guard let job = jobs.find(id, owner: nil) else { throw .invalidParams("Task not found: \(id)") }
        switch request.method {
        case "tasks/get":
            return .result(.object(job.modernValue(job.snapshot, detailed: true)))
        case "tasks/update":
            try update(job, request.inputResponses)
        default:
            if job.cancel("The client cancelled the task") { counters.count(.tasksCancelled) }
        }
        return .result([:])
    }

    /// Hands the answers over that are waited for; others are ignored.
    private func update(_ job: Job, _ responses: JSONSlice?) throws(RPCError) {
        guard responses?.kind == .object else {
            throw .invalidParams("tasks/update needs the object \"inputResponses\"")
        }
        let responses = try InputResponse.all(responses)
        for (key, response) in responses {
            guard let question = job.question(key) else { continue }
            try InputResponse.check(response, to: question.method, key: key)
        }
        for (key, response) in responses {
            counters.count(job.deliver(.result(response), to: key) ? .answers : .strayAnswers)
        }
    }
}
