// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// What a `subscriptions/listen` request asks to be told of (2026-07-28, Subscriptions).
struct ListenFilter: Sendable, Hashable {
    var kinds: Set<CapabilityKind> = []
    var uris: Set<String> = []

    static let none = ListenFilter()

    var isEmpty: Bool { kinds.isEmpty && uris.isEmpty }

    init(kinds: Set<CapabilityKind> = [], uris: Set<String> = []) {
        self.kinds = kinds
        self.uris = uris
    }

    /// What an acknowledgement grants.
    init(acknowledged params: JSONSlice?) {
        guard let granted = params?["notifications"] else { return }
        func has(_ key: StaticString) -> Bool { granted[key]?.bool == true }
        if has("toolsListChanged") { kinds.insert(.tools) }
        if has("promptsListChanged") { kinds.insert(.prompts) }
        if has("resourcesListChanged") { kinds.insert(.resources) }
        uris = Set((granted["resourceSubscriptions"] ?? .emptyArray).elements.compactMap(\.string))
    }

    var params: JSONSlice {
        var object = JSONObject()
        if kinds.contains(.tools) { object["toolsListChanged"] = true }
        if kinds.contains(.prompts) { object["promptsListChanged"] = true }
        if kinds.contains(.resources) { object["resourcesListChanged"] = true }
        if !uris.isEmpty { object["resourceSubscriptions"] = .array(uris.sorted().map { .string($0) }) }
        return JSONSlice(["notifications": .object(object)])
    }
}
