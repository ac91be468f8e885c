// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

extension Job {
    /// The task as the Modern extension spells it; `detailed` adds what belongs to its status.
    func modernValue(_ snapshot: Snapshot, detailed: Bool) -> JSONObject {
        var value = value(snapshot, ttl: "ttlMs", poll: "pollIntervalMs")
        guard detailed else { return value }
        if snapshot.status == .inputRequired {
            var requests: JSONObject = [:]
            for question in snapshot.questions {
                requests[question.key] = [
                    "method": .string(question.method), "params": .object(question.params),
                ]
            }
            value["inputRequests"] = .object(requests)
        }
        switch snapshot.outcome {
        case .result(let result): value["result"] = .slice(result)
        case .error(let error): value["error"] = .object(error.value)
        case nil: break
        }
        return value
    }

    /// The task as revision 2025-11-25 spells it.
    func legacyValue(_ snapshot: Snapshot) -> JSONObject {
        value(snapshot, ttl: "ttl", poll: "pollInterval")
    }

    private func value(_ snapshot: Snapshot, ttl: String, poll: String) -> JSONObject {
        var value: JSONObject = ["taskId": .string(id), "status": .string(snapshot.status.rawValue)]
        if let message = snapshot.message { value["statusMessage"] = .string(message) }
        value["createdAt"] = .string(createdAt)
        value["lastUpdatedAt"] = .string(snapshot.updatedAt)
        value[ttl] = .number(JSONNumber(milliseconds))
        value[poll] = .number(JSONNumber(pollMilliseconds))
        return value
    }

    /// `_meta` that ties a message to this task (MCP 2025-11-25, tasks, related task metadata).
    static func related(_ id: String) -> JSONObject {
        ["io.modelcontextprotocol/related-task": ["taskId": .string(id)]]
    }
}

/// Whether a tool may run as a task.
package enum TaskSupport: String, Sendable {
    case forbidden
    case optional
    case required
}

/// Where the notifications of a job go: to its session, or nowhere in the Modern era, which has none for tasks.
struct JobOutlet: Outlet {
    let session: Session

    func send(_ message: ByteBuffer) async {
        if !session.revision.isModern { await session.transport.announce(message) }
    }

    func breakOff() async {}
}
