// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore

/// Tasks as both eras spell them: the core tasks of 2025-11-25 and the extension of 2026-07-28 (SEP-2663).
enum TaskShape {
    enum Status: String, Sendable, Hashable {
        case working
        case inputRequired = "input_required"
        case completed
        case failed
        case cancelled

        var isTerminal: Bool { self == .completed || self == .failed || self == .cancelled }
    }

    static func status(of task: JSONSlice) -> Status? {
        task["status"]?.string.flatMap { Status(rawValue: $0) }
    }

    static func id(of task: JSONSlice) -> String? {
        guard let id = task["taskId"]?.string, !id.isEmpty, id.utf8.count <= 1024 else { return nil }
        return id
    }

    /// `task`, of either era, as 2025-11-25 spells it and under `id`.
    static func legacy(_ task: JSONSlice, id: String) -> JSONSlice {
        var object: JSONObject = ["taskId": .string(id), "status": .slice(task["status"] ?? unknownStatus)]
        if status(of: task) == .completed, task["result"]?["isError"]?.bool == true {
            // There a tool that reports an error has failed; in the extension it has completed.
            object["status"] = .string(Status.failed.rawValue)
        }
        copy(["statusMessage", "createdAt", "lastUpdatedAt"], of: task, to: &object)
        object["ttl"] = .slice(task["ttl"] ?? task["ttlMs"] ?? .null)
        if let interval = task["pollInterval"] ?? task["pollIntervalMs"] { object["pollInterval"] = .slice(interval) }
        return JSONSlice(.object(object))
    }

    /// `task`, of either era, as the extension spells it and under `id`; what belongs to its status is added by others.
    static func modern(_ task: JSONSlice, id: String) -> JSONObject {
        var object: JSONObject = ["taskId": .string(id), "status": .slice(task["status"] ?? unknownStatus)]
        copy(["statusMessage", "createdAt", "lastUpdatedAt"], of: task, to: &object)
        object["ttlMs"] = .slice(task["ttlMs"] ?? task["ttl"] ?? .null)
        if let interval = task["pollIntervalMs"] ?? task["pollInterval"] {
            object["pollIntervalMs"] = .slice(interval)
        }
        return object
    }

    private static let maximumRemembered = 4096

    /// What is remembered of a task: its state, and of what it came to only whether a tool has reported an error. The
    /// backend has the rest.
    static func remembered(_ task: JSONSlice) -> JSONSlice {
        var object = JSONObject()
        for key in [
            "taskId", "status", "statusMessage", "createdAt", "lastUpdatedAt", "ttl", "ttlMs", "pollInterval",
            "pollIntervalMs",
        ] {
            guard let value = task.member(key), value.bytes.readableBytes <= maximumRemembered else { continue }
            object[key] = .slice(value)
        }
        if task["result"]?["isError"]?.bool == true { object["result"] = ["isError": true] }
        return JSONSlice(.object(object))
    }

    /// `object` with the task's id replaced wherever the object itself says it: `taskId`, and the related-task key of
    /// its `_meta`.
    static func renamed(_ object: JSONSlice, to id: String) -> JSONSlice {
        var edits: [JSONEdit] = []
        if object["taskId"] != nil { edits.append(JSONEdit(key: "taskId", value: JSONSlice(string: id))) }
        if let meta = object["_meta"], let related = meta[relatedKey] {
            let renamed = related.editing([JSONEdit(key: "taskId", value: JSONSlice(string: id))])
            edits.append(
                JSONEdit(key: "_meta", value: meta.editing([JSONEdit(key: relatedText, value: renamed)])))
        }
        return edits.isEmpty ? object : object.editing(edits)
    }

    /// `object` with the mark that it belongs to the task (2025-11-25, Tasks, Related Task Metadata).
    static func related(_ object: JSONSlice, to id: String) -> JSONSlice {
        let meta = (object["_meta"] ?? .emptyObject).editing([
            JSONEdit(key: relatedText, value: JSONSlice(["taskId": .string(id)]))
        ])
        return object.editing([JSONEdit(key: "_meta", value: meta)])
    }

    /// `object` without that mark, for those who know of no task.
    static func unrelated(_ object: JSONSlice) -> JSONSlice {
        guard let meta = object["_meta"], meta[relatedKey] != nil else { return object }
        let rest = meta.editing([JSONEdit(key: relatedText, value: nil)])
        let isEmpty = !rest.members.contains { _ in true }
        return object.editing([JSONEdit(key: "_meta", value: isEmpty ? nil : rest)])
    }

    private static let relatedKey: StaticString = "io.modelcontextprotocol/related-task"
    private static let relatedText = "io.modelcontextprotocol/related-task"
    private static let unknownStatus = JSONSlice(string: Status.working.rawValue)

    private static func copy(_ keys: [String], of task: JSONSlice, to object: inout JSONObject) {
        for key in keys {
            if let value = task.member(key) { object[key] = .slice(value) }
        }
    }
}
