// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
import NIOCore
import Synchronization

/// What a profile offers before anything changes it.
package struct Offer: Sendable {
    var name: String
    var title: String
    var instructions: String
    var tools: [Tool]
    var resources: [Resource] = []
    var templates: [ResourceTemplate] = []
    var prompts: [Prompt] = []
}

/// The lists of tools, resources, templates and prompts, which may change while sessions are open.
package final class Catalogue: Sendable {
    /// Items that can be added on top of the profile's own, per list.
    static let additions = 1_000

    private struct Lists {
        var tools: Listing<Tool>
        var resources: Listing<Resource>
        var templates: Listing<ResourceTemplate>
        var prompts: Listing<Prompt>
    }

    private let lists: Mutex<Lists>
    private let unlisted: [ResourceTemplate]

    package init(_ profile: Offer, pageSize: Int, endless: Bool, cacheMilliseconds: Int = 0) {
        unlisted = profile.templates.filter { !$0.isListed }
        func listing<Item>(_ member: String, _ items: [Item]) -> Listing<Item> {
            Listing(
                member, pageSize: pageSize, endless: endless, cacheMilliseconds: cacheMilliseconds, items: items)
        }
        lists = Mutex(
            Lists(
                tools: listing("tools", profile.tools),
                resources: listing("resources", profile.resources),
                templates: listing("resourceTemplates", profile.templates.filter(\.isListed)),
                prompts: listing("prompts", profile.prompts)))
    }

    /// The tool of this name, unless it belongs to the other era.
    func tool(_ name: String, in revision: Revision) -> Tool? {
        lists.withLock { $0.tools[name] }.flatMap { $0.eras.contains(revision) ? $0 : nil }
    }

    func prompt(_ name: String) -> Prompt? { lists.withLock { $0.prompts[name] } }
    func resource(_ uri: String) -> Resource? { lists.withLock { $0.resources[uri] } }

    func template(_ uriTemplate: String) -> ResourceTemplate? { lists.withLock { $0.templates[uriTemplate] } }

    func hasResource(_ uri: String) -> Bool { resource(uri) != nil || contents(of: uri) != nil }

    /// The contents at a URI, or nil when nothing is there.
    func contents(of uri: String) -> [JSONValue]? {
        if let resource = resource(uri) { return resource.read() }
        for template in lists.withLock({ $0.templates.items }) + unlisted {
            if let value = template.value(in: uri) { return template.read(uri, value) }
        }
        return nil
    }

    /// The rendered page of one of the four lists.
    func page(_ kind: Kind, cursor: JSONSlice?, revision: Revision) throws(RPCError) -> ByteBuffer {
        try lists.withLock { lists throws(RPCError) in
            switch kind {
            case .tools: try lists.tools.page(cursor, revision: revision)
            case .resources: try lists.resources.page(cursor, revision: revision)
            case .templates: try lists.templates.page(cursor, revision: revision)
            case .prompts: try lists.prompts.page(cursor, revision: revision)
            }
        }
    }

    enum Kind: Sendable {
        case tools
        case resources
        case templates
        case prompts
    }

    /// False when the name is taken or too many were added.
    func add(_ tool: Tool) -> Bool { lists.withLock { Self.add(tool, to: &$0.tools) } }
    func add(_ prompt: Prompt) -> Bool { lists.withLock { Self.add(prompt, to: &$0.prompts) } }
    func add(_ resource: Resource) -> Bool { lists.withLock { Self.add(resource, to: &$0.resources) } }

    /// Puts a tool in the place of the one with its name; false when there is none.
    func replace(_ tool: Tool) -> Bool { lists.withLock { $0.tools.replace(tool) } }

    /// How often each tool was called that was called at all.
    package var executions: JSONObject {
        var counts: JSONObject = [:]
        for tool in lists.withLock({ $0.tools.items }) where tool.executions.count > 0 {
            counts[tool.name] = .number(JSONNumber(tool.executions.count))
        }
        return counts
    }

    /// False when there was no such item.
    func removeTool(_ name: String) -> Bool { lists.withLock { $0.tools.remove(name) } }
    func removePrompt(_ name: String) -> Bool { lists.withLock { $0.prompts.remove(name) } }
    func removeResource(_ uri: String) -> Bool { lists.withLock { $0.resources.remove(uri) } }

    private static func add<Item>(_ item: Item, to listing: inout Listing<Item>) -> Bool {
        listing.additions < additions && listing.append(item)
    }
}
