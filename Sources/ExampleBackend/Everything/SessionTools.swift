// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

/// Tools that show what the server knows about its sessions.
enum SessionTools {
    static var all: [Tool] {
        [
            stats, headers, whoami, remember.only(.legacy), recall.only(.legacy), dropSessions.only(.legacy),
        ]
    }

    private static let stats = Tool.answering("stats", "Counters of the server, as JSON.") { call in
        var object = call.server.counters.value
        object["liveSessions"] = .number(JSONNumber(call.server.sessions.count))
        object["runningCalls"] = .number(JSONNumber(call.session.runningCount + call.server.counters.running))
        object["openSubscriptions"] = .number(JSONNumber(call.server.subscriptions.count))
        return ToolResult(text: JSONSlice(.object(object)).description)
    }

    private static let headers = Tool.answering(
        "headers", "The header fields of the HTTP request, as JSON."
    ) { call in
        guard let fields = call.origin.headers else { throw ToolFailure("There are no headers over stdio.") }
        var object: JSONObject = [:]
        for (name, value) in fields {
            if case .string(let earlier) = object[name] {
                object[name] = .string("\(earlier), \(value)")
            } else {
                object[name] = .string(value)
            }
        }
        return ToolResult(text: JSONSlice(.object(object)).description)
    }

    private static let whoami = Tool.answering(
        "whoami", "What the session agreed on and how the client introduced itself, as JSON."
    ) { call in
        let session = call.session
        let object: JSONObject = [
            "revision": .string(session.revision.rawValue), "capabilities": .slice(session.capabilities),
            "clientInfo": .slice(session.clientInfo), "session": .string(session.idHash),
            "logLevel": session.logLevel.map { .string($0.rawValue) } ?? .null,
        ]
        return ToolResult(text: JSONSlice(.object(object)).description)
    }

    private static let remember = Tool.answering(
        "remember", "Keeps a value under a key for the rest of the session.", .changing,
        input: Schema.object(
            ["key": Schema.string("The key."), "value": Schema.string("The value.")], required: ["key", "value"])
    ) { call in
        let key = try call.string("key")
        guard call.session.remember(try call.string("value"), for: key) else {
            throw ToolFailure("The session remembers too much already.")
        }
        return ToolResult(text: "Remembered \(key)")
    }

    private static let recall = Tool.answering(
        "recall", "The value that the session remembers under a key.",
        input: Schema.object(["key": Schema.string("The key.")], required: ["key"])
    ) { call in
        let key = try call.string("key")
        guard let value = call.session.recall(key) else { throw ToolFailure("Nothing is remembered as \(key).") }
        return ToolResult(text: value)
    }

    private static let dropSessions = Tool.answering(
        "drop_sessions", "Forgets every session, this one too; the next request gets 404.", .destructive
    ) { call in
        guard call.origin.headers != nil else { throw ToolFailure("Sessions can only be dropped over HTTP.") }
        call.server.dropSessions()
        return ToolResult(text: "All sessions are gone")
    }
}
