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

    /// Sends a notification that belongs to the call.
    func notify(_ method: String, _ params: JSONObject) async {
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
        guard level >= session.logLevel else { return }
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

    /// Sends a request to the client and waits for its answer.
    ///
    /// A call that is cancelled meanwhile withdraws its question with `notifications/cancelled` and throws
    /// `CancellationError`. A client that does not answer in time makes the tool fail.
    func ask(_ method: String, _ params: JSONObject? = nil) async throws -> ClientAnswer {
        counters.count(.questions)
        let id = session.newQuestion()
        var message: JSONObject = ["jsonrpc": "2.0", "id": .number(JSONNumber(id)), "method": .string(method)]
        if let params { message["params"] = .object(params) }
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
    func result(of method: String, _ params: JSONObject? = nil) async throws -> JSONSlice {
        switch try await ask(method, params) {
        case .result(let result): return result
        case .error(let error): throw ToolFailure("The client refused \(method): \(error)")
        }
    }

    /// Fails the tool when the client did not declare what it is about to be asked for.
    func require(_ capability: StaticString, _ mode: StaticString? = nil) throws {
        let declared = session.capabilities[capability]
        guard let declared, declared.kind == .object else {
            throw ToolFailure("The client did not declare the capability \(capability).")
        }
        if let mode, declared[mode] == nil {
            throw ToolFailure("The client did not declare the capability \(capability).\(mode).")
        }
    }
}
