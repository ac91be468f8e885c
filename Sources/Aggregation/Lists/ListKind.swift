// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The four lists of an MCP server.
package enum ListKind: String, Sendable, Hashable, CaseIterable {
    case tools
    case resources
    case resourceTemplates
    case prompts

    /// The member of the list result that holds the items.
    package var resultKey: String { rawValue }

    /// The member of an item that identifies it.
    package var identityKey: StaticString {
        switch self {
        case .tools, .prompts: "name"
        case .resources: "uri"
        case .resourceTemplates: "uriTemplate"
        }
    }

    /// How cursors spell the kind; never reuse a value.
    var cursorByte: UInt8 {
        switch self {
        case .tools: 1
        case .resources: 2
        case .resourceTemplates: 3
        case .prompts: 4
        }
    }

    /// What one item is called in a sentence.
    var noun: String {
        switch self {
        case .tools: "tool"
        case .resources: "resource"
        case .resourceTemplates: "resource template"
        case .prompts: "prompt"
        }
    }
}

/// How many items of each kind are listed.
package struct CapabilityCounts: Sendable, Hashable {
    package var tools: Int
    package var resources: Int
    package var resourceTemplates: Int
    package var prompts: Int

    package init(tools: Int = 0, resources: Int = 0, resourceTemplates: Int = 0, prompts: Int = 0) {
        self.tools = tools
        self.resources = resources
        self.resourceTemplates = resourceTemplates
        self.prompts = prompts
    }

    package subscript(kind: ListKind) -> Int {
        switch kind {
        case .tools: tools
        case .resources: resources
        case .resourceTemplates: resourceTemplates
        case .prompts: prompts
        }
    }
}
