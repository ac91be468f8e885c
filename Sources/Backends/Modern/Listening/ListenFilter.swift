// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// What a `subscriptions/listen` request asks to be told of (2026-07-28, Subscriptions).
struct ListenFilter: Sendable, Hashable {
    var kinds: Set<CapabilityKind> = []
    var uris: Set<String> = []
    /// Of the tasks extension.
    var taskIDs: Set<String> = []

    static let none = ListenFilter()

    var isEmpty: Bool { kinds.isEmpty && uris.isEmpty && taskIDs.isEmpty }

    init(kinds: Set<CapabilityKind> = [], uris: Set<String> = [], taskIDs: Set<String> = []) {
        self.kinds = kinds
        self.uris = uris
        self.taskIDs = taskIDs
    }

    /// What an acknowledgement grants.
    init(acknowledged params: JSONSlice?) {
        guard let granted = params?["notifications"] else { return }
        func has(_ key: StaticString) -> Bool { granted[key]?.bool == true }
        if has("toolsListChanged") { kinds.insert(.tools) }
        if has("promptsListChanged") { kinds.insert(.prompts) }
        if has("resourcesListChanged") { kinds.insert(.resources) }
        uris = Set((granted["resourceSubscriptions"] ?? .emptyArray).elements.compactMap(\.string))
        taskIDs = Set((granted["taskIds"] ?? .emptyArray).elements.compactMap(\.string))
    }

    var params: JSONSlice {
        var object = JSONObject()
        if kinds.contains(.tools) { object["toolsListChanged"] = true }
        if kinds.contains(.prompts) { object["promptsListChanged"] = true }
        if kinds.contains(.resources) { object["resourcesListChanged"] = true }
        if !uris.isEmpty { object["resourceSubscriptions"] = .array(uris.sorted().map { .string($0) }) }
        if !taskIDs.isEmpty { object["taskIds"] = .array(taskIDs.sorted().map { .string($0) }) }
        return JSONSlice(["notifications": .object(object)])
    }

    /// One thing that somebody waits to be told of.
    enum Subject: Sendable, Hashable {
        case resource(String)
        case task(String)
    }

    func contains(_ subject: Subject) -> Bool {
        switch subject {
        case .resource(let uri): uris.contains(uri)
        case .task(let id): taskIDs.contains(id)
        }
    }
}
