// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

/// The client as a running call sees it: someone to notify and to ask.
package struct Peer: Sendable {
    package let session: Session
    package let outlet: any Outlet
    let counters: Counters
    let patience: Duration
    /// How the client is asked.
    var asking = Asking.directly

    enum Asking: Sendable {
        /// By a request of the server (Legacy).
        case directly
        /// By the result of this round (Modern).
        case rounds(Round)
        /// By the task that the call became.
        case job(Job)
    }

    /// Sends a notification that belongs to the call.
    func notify(_ method: String, _ params: JSONObject) async {
        var params = params
        if case .job(let job) = asking { params["_meta"] = .object(Job.related(job.id)) }
        await outlet.send(Self.notification(method, params))
    }

    static func notification(_ method: String, _ params: JSONObject? = nil) -> ByteBuffer {
        var message: JSONObject = ["jsonrpc": "2.0", "method": .string(method)]
        if let params { message["params"] = .object(params) }
        var buffer = ByteBuffer()
        buffer.writeJSON(.object(message))
        return buffer
    }

    /// A log message, unless the session asked for more severe ones only.
    func log(_ level: LogLevel, _ text: String, logger: String = "example") async {
        guard let threshold = session.logLevel, level >= threshold else { return }
        await notify(
            "notifications/message",
            ["level": .string(level.rawValue), "logger": .string(logger), "data": .string(text)])
    }

    func progress(_ token: JSONSlice, _ progress: Int, of total: Int, _ message: String? = nil) async {
        var params: JSONObject = [
            "progressToken": .slice(token), "progress": .number(JSONNumber(progress)),
            "total": .number(JSONNumber(total)),
        ]
        if let message, session.revision >= .march2025 { params["message"] = .string(message) }
        await notify("notifications/progress", params)
    }

    /// Asks the client and waits for its answer; in the Modern era the wait is a round, and the call starts over.
    ///
    /// The key names the question among those of one call.
    func ask(_ key: String, _ method: String, _ params: JSONObject = [:]) async throws -> ClientAnswer {
        switch asking {
        case .directly: try await request(method, params)
        case .job(let job): try await job.answer(to: .init(key: key, method: method, params: params))
        case .rounds(let round): .result(try round.answer(.init(key: key, method: method, params: params)))
        }
    }

    /// Sends a request to the client and waits for its answer.
    ///
    /// A call that is cancelled meanwhile withdraws its question with `notifications/cancelled` and throws
    /// `CancellationError`. A client that does not answer in time makes the tool fail.
    private func request(_ method: String, _ params: JSONObject) async throws -> ClientAnswer {
        counters.count(.questions)
        let id = session.newQuestion()
        let message: JSONObject = [
            "jsonrpc": "2.0", "id": .number(JSONNumber(id)), "method": .string(method), "params": .object(params),
        ]
        var buffer = ByteBuffer()
        buffer.writeJSON(.object(message))
        await outlet.send(buffer)
        do {
            return try await withThrowingTaskGroup(of: ClientAnswer.self) { group in
                group.addTask { try await session.answer(to: id) }
                group.addTask {
                    try await Task.sleep(for: patience)
                    throw ToolFailure("The client did not answer \(method) within \(patience).")
                }
                defer { group.cancelAll() }
                guard let answer = try await group.next() else { throw CancellationError() }
                return answer
            }
        } catch {
            await notify(
                "notifications/cancelled",
                ["requestId": .number(JSONNumber(id)), "reason": "The call no longer needs the answer"])
            throw error
        }
    }

    /// Asks, and turns an error of the client into a failure of the tool that shows it.
    func result(of method: String, _ params: JSONObject = [:], key: String) async throws -> JSONSlice {
        switch try await ask(key, method, params) {
        case .result(let result): return result
        case .error(let error): throw ToolFailure("The client refused \(method): \(error)")
        }
    }

    /// Fails the call when the client did not declare what it is about to be asked for.
    ///
    /// In the Modern era this is the error `-32021`, before that a failure of the tool.
    func require(_ capability: StaticString, _ mode: StaticString? = nil) throws {
        let declared = session.capabilities[capability]
        guard let declared, declared.kind == .object else { throw missing(capability, mode) }
        if let mode, declared[mode] == nil { throw missing(capability, mode) }
    }

    /// Fails the call when the client takes no forms: `elicitation: {}` means that it does (MCP 2025-11-25).
    func requireForm() throws {
        guard let declared = session.capabilities["elicitation"], declared.kind == .object else {
            throw missing("elicitation", session.revision.isModern ? "form" : nil)
        }
        if declared["form"] == nil, declared["url"] != nil { throw missing("elicitation", "form") }
    }

    private func missing(_ capability: StaticString, _ mode: StaticString?) -> any Error {
        guard session.revision.isModern else {
            let name = mode.map { "\(capability).\($0)" } ?? "\(capability)"
            return ToolFailure("The client did not declare the capability \(name).")
        }
        let settings: JSONObject = mode.map { ["\($0)": [:]] } ?? [:]
        return RPCError.missingCapability(["\(capability)": .object(settings)])
    }
}
