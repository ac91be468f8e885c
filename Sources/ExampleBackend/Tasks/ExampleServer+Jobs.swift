// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

extension ExampleServer {
    /// Until when the result of a call is kept as a task, in milliseconds; nil for a call that is answered itself.
    ///
    /// In 2025-11-25 the client decides, in the Modern extension the server does. Throws `-32601` for a tool that
    /// does not support what is asked (MCP 2025-11-25, tasks) and `-32021` for a client without the extension.
    func taskLifetime(
        _ tool: Tool, _ request: ClientRequest, _ session: Session
    ) throws(RPCError) -> Int? {
        let most = Int(options.taskLifetime / .milliseconds(1))
        if session.revision.isModern {
            if tool.tasks == .forbidden { return nil }
            if session.capabilities["extensions"]?.member(RequestMeta.tasks)?.kind == .object { return most }
            if tool.tasks == .required { throw .missingCapability(RPCError.tasksCapability) }
            return nil
        }
        guard hasCoreTasks(session) else { return nil }
        guard let task = request.params?["task"] else {
            if tool.tasks == .required {
                throw RPCError(code: -32601, message: "The tool \(tool.name) runs as a task alone")
            }
            return nil
        }
        guard tool.tasks != .forbidden else {
            throw RPCError(code: -32601, message: "The tool \(tool.name) does not run as a task")
        }
        guard task.kind == .object else { throw .invalidParams("task is an object") }
        guard let ttl = task["ttl"] else { return most }
        guard let milliseconds = ttl.int, milliseconds >= 0 else {
            throw .invalidParams("task.ttl is a number of milliseconds")
        }
        return min(milliseconds, most)
    }

    /// True where tasks are a part of the core protocol.
    func hasCoreTasks(_ session: Session) -> Bool {
        session.revision.hasCoreTasks && !options.faults.withoutSessions
    }

    /// Answers a call with a task; what the tool asks before it begins, it asks during the call.
    func work(_ tool: Tool, _ call: Call, milliseconds: Int) -> Work {
        .running { [self] peer in
            var call = call
            if let prelude = tool.prelude { call.prelude = try await prelude(call, peer) }
            let session = call.session
            let (job, changes) = self.job(of: session, milliseconds)
            try jobs.insert(job)
            if let changes {
                Task { for await change in changes { await session.transport.announce(change) } }
            }
            counters.count(.tasks)
            let snapshot = job.snapshot
            begin(job, tool, call)
            jobs.expire(job)
            guard session.revision.isModern else {
                return .result(["task": .object(job.legacyValue(snapshot))])
            }
            var result = job.modernValue(snapshot, detailed: false)
            result["resultType"] = "task"
            return .result(.object(result))
        }
    }

    /// A job, and the notifications of its changes where a session has to hear of them; they end with the job.
    private func job(of session: Session, _ milliseconds: Int) -> (Job, AsyncStream<ByteBuffer>?) {
        if session.revision.isModern {
            let job = Job(
                owner: nil, milliseconds: milliseconds, pollMilliseconds: options.taskPollMilliseconds
            ) { [subscriptions] job, snapshot in
                subscriptions.changed(task: job.id, job.modernValue(snapshot, detailed: true))
            }
            return (job, nil)
        }
        let (changes, continuation) = AsyncStream<ByteBuffer>.makeStream()
        let job = Job(
            owner: session.id, milliseconds: milliseconds, pollMilliseconds: options.taskPollMilliseconds
        ) { job, snapshot in
            continuation.yield(Peer.notification("notifications/tasks/status", job.legacyValue(snapshot)))
            if snapshot.status.isTerminal { continuation.finish() }
        }
        return (job, changes)
    }

    private func begin(_ job: Job, _ tool: Tool, _ call: Call) {
        let peer = Peer(
            session: call.session, outlet: JobOutlet(session: call.session), counters: counters,
            patience: options.patience, asking: .job(job))
        job.keep(
            Task { [self] in
                let reply: Reply
                do {
                    switch tool.handler {
                    case .answering(let answer): reply = try answer(call)
                    case .running(let run): reply = try await run(call, peer)
                    }
                } catch is CancellationError {
                    job.cancel("The work was cancelled")
                    return
                } catch {
                    reply = Self.reply(to: error, in: call.session)
                }
                finish(job, reply, call.session.revision)
            })
    }

    /// A tool error is a failure of the task in 2025-11-25 and a completed task in the Modern extension.
    private func finish(_ job: Job, _ reply: Reply, _ revision: Revision) {
        switch reply.payload {
        case .result(let bytes):
            let result = JSONSlice(trusted: bytes)
            job.finish(.result(result), failed: !revision.isModern && result["isError"]?.bool == true)
        case .text(let text):
            let content: JSONValue = [["type": "text", "text": .slice(text)]]
            job.finish(.result(JSONSlice(["content": content, "resultType": "complete"])), failed: false)
        case .failure(let error):
            job.finish(.error(error), failed: true)
        case .silence, .lie, .status:
            job.finish(.error(RPCError(code: -32603, message: "The tool has no answer for a task")), failed: true)
        }
    }
}
