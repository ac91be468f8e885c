// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import JSONTypes
import MCPTypes
import VirtualServer

/// What a client wants to hear of, or is told that it will (2026-07-28, Subscriptions, `SubscriptionFilter`).
struct SubscriptionFilter: Sendable, Hashable {
    var tools = false
    var prompts = false
    var resources = false
    /// Distinct, in the client's order; `nil` when it did not ask for any.
    var uris: [String]?
    /// Of the tasks extension; the same.
    var taskIDs: [String]?

    init() {}

    /// From the parameters of `subscriptions/listen`; kinds that nobody here knows are not honoured.
    ///
    /// - Parameters:
    ///   - maximumResources: how many resources there may be, and how many tasks.
    ///   - hasTasks: whether the client has declared the tasks extension; who has not may not name tasks (SEP-2663).
    init(_ params: JSONSlice?, maximumResources: Int, hasTasks: Bool) throws(RequestError) {
        func invalid(_ message: String) -> RequestError { RequestError(.invalidParams, message, httpStatus: 400) }
        guard let wanted = params?["notifications"], wanted.kind == .object else {
            throw invalid("params.notifications is required and must be an object")
        }
        if let key = wanted.duplicateKey() { throw invalid("notifications has \"\(key.bounded(to: 64))\" twice") }
        func flag(_ key: StaticString) throws(RequestError) -> Bool {
            guard let value = wanted[key], !value.isNull else { return false }
            guard let flag = value.bool else { throw invalid("notifications.\(key) must be a boolean") }
            return flag
        }
        tools = try flag("toolsListChanged")
        prompts = try flag("promptsListChanged")
        resources = try flag("resourcesListChanged")
        func texts(_ key: StaticString, _ what: String) throws(RequestError) -> [String]? {
            guard let list = wanted[key], !list.isNull else { return nil }
            guard list.kind == .array else { throw invalid("notifications.\(key) must be an array") }
            var texts: [String] = []
            var seen: Set<String> = []
            for element in list.elements {
                guard let text = element.string, !text.isEmpty else {
                    throw invalid("notifications.\(key) holds \(what) only")
                }
                guard seen.insert(text).inserted else { continue }
                guard texts.count < maximumResources else {
                    throw invalid("notifications.\(key) has more than \(maximumResources) \(what)")
                }
                texts.append(text)
            }
            return texts
        }
        uris = try texts("resourceSubscriptions", "URIs")
        if let tasks = wanted["taskIds"], !tasks.isNull, !hasTasks {
            var error = VirtualServer.tasksNotDeclared
            error.httpStatus = 400
            throw error
        }
        taskIDs = try texts("taskIds", "task ids")
    }

    func includes(_ kind: CapabilityKind) -> Bool {
        switch kind {
        case .tools: tools
        case .prompts: prompts
        case .resources: resources
        }
    }

    var json: JSONSlice {
        var object = JSONObject()
        if tools { object["toolsListChanged"] = true }
        if prompts { object["promptsListChanged"] = true }
        if resources { object["resourcesListChanged"] = true }
        if let uris { object["resourceSubscriptions"] = .array(uris.map { .string($0) }) }
        if let taskIDs { object["taskIds"] = .array(taskIDs.map { .string($0) }) }
        return JSONSlice(.object(object))
    }
}
