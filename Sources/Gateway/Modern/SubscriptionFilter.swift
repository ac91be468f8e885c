// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import JSONTypes
import MCPTypes

/// What a client wants to hear of, or is told that it will (2026-07-28, Subscriptions, `SubscriptionFilter`).
struct SubscriptionFilter: Sendable, Hashable {
    var tools = false
    var prompts = false
    var resources = false
    /// Distinct, in the client's order; `nil` when it did not ask for any.
    var uris: [String]?

    init() {}

    /// From the parameters of `subscriptions/listen`; kinds that nobody here knows are not honoured.
    init(_ params: JSONSlice?, maximumResources: Int) throws(RequestError) {
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
        guard let list = wanted["resourceSubscriptions"], !list.isNull else { return }
        guard list.kind == .array else { throw invalid("notifications.resourceSubscriptions must be an array") }
        var uris: [String] = []
        var seen: Set<String> = []
        for element in list.elements {
            guard let uri = element.string, !uri.isEmpty else {
                throw invalid("notifications.resourceSubscriptions holds URIs only")
            }
            guard seen.insert(uri).inserted else { continue }
            guard uris.count < maximumResources else {
                throw invalid("notifications.resourceSubscriptions has more than \(maximumResources) URIs")
            }
            uris.append(uri)
        }
        self.uris = uris
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
        return JSONSlice(.object(object))
    }
}
