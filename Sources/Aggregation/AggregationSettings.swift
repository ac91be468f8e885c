// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// How the lists of many backends become one list.
package struct AggregationSettings: Sendable, Hashable {
    /// What happens to the names of tools; resources and prompts have rules of their own.
    package enum Strategy: Sendable, Hashable {
        /// Every tool is named after its backend. Names depend on the configuration only.
        case prefix
        /// Tools keep their own names; the earliest backend of `order` wins a name that several list.
        ///
        /// A name moves to the next claimant while its owner is away, and an unlisted backend's tool gains a prefix
        /// only while another backend lists the same name. Where a policy refers to tools by name, `prefix` is safer.
        case priority(order: [String])
        /// Tools keep their own or overridden names; a name that several backends still claim is not listed at all.
        case manual
    }

    package enum Visibility: Sendable, Hashable {
        case allow
        case deny
    }

    package var strategy: Strategy
    /// What is put in front of a name, with every `{workload}` replaced by the backend's name.
    ///
    /// Prompts use it under every strategy. The empty format leaves names as they are.
    package var prefixFormat: String
    /// With the `prefix` strategy, prefix only the names that several backends list.
    ///
    /// Prompts are prefixed all the same. A name then depends on which other backends are up, which is the limit
    /// that ``Strategy/priority(order:)`` describes.
    package var onlyOnConflict: Bool
    package var workloads: [String: WorkloadToolSettings]
    /// Hides every backend tool; composites can still call them.
    package var excludeAllTools: Bool
    /// Whether a backend without an entry in ``workloads`` has its tools listed.
    package var defaultVisibility: Visibility
    /// The longest tool name that is listed, in bytes; 0 means no limit and 1 to 15 mean 16.
    package var maximumToolNameLength: Int
    package var pageSize: Int

    package init(
        strategy: Strategy = .prefix,
        prefixFormat: String = "{workload}_",
        onlyOnConflict: Bool = false,
        workloads: [String: WorkloadToolSettings] = [:],
        excludeAllTools: Bool = false,
        defaultVisibility: Visibility = .allow,
        maximumToolNameLength: Int = 64,
        pageSize: Int = 1000
    ) {
        self.strategy = strategy
        self.prefixFormat = prefixFormat
        self.onlyOnConflict = onlyOnConflict
        self.workloads = workloads
        self.excludeAllTools = excludeAllTools
        self.defaultVisibility = defaultVisibility
        self.maximumToolNameLength = maximumToolNameLength
        self.pageSize = pageSize
    }
}

/// What the configuration says about the tools of one backend.
package struct WorkloadToolSettings: Sendable, Hashable {
    /// The tools to list, each by its overridden or its original name; empty lists all.
    ///
    /// An entry that is the overridden name of one tool never selects another tool whose original name it also is.
    package var filter: [String]
    /// Overrides by original tool name.
    package var overrides: [String: ToolOverride]
    package var excludeAll: Bool

    package init(filter: [String] = [], overrides: [String: ToolOverride] = [:], excludeAll: Bool = false) {
        self.filter = filter
        self.overrides = overrides
        self.excludeAll = excludeAll
    }
}

/// Replacements for members of one tool; nil and empty leave the backend's own.
package struct ToolOverride: Sendable, Hashable {
    package var name: String?
    package var description: String?
    package var annotations: ToolAnnotationsOverride?

    package init(name: String? = nil, description: String? = nil, annotations: ToolAnnotationsOverride? = nil) {
        self.name = name
        self.description = description
        self.annotations = annotations
    }

    var isEmpty: Bool {
        (name ?? "").isEmpty && (description ?? "").isEmpty && (annotations ?? ToolAnnotationsOverride()).isEmpty
    }
}

/// Replacements for single members of a tool's `annotations`; nil leaves the backend's own.
package struct ToolAnnotationsOverride: Sendable, Hashable {
    package var title: String?
    package var readOnlyHint: Bool?
    package var destructiveHint: Bool?
    package var idempotentHint: Bool?
    package var openWorldHint: Bool?

    package init(
        title: String? = nil,
        readOnlyHint: Bool? = nil,
        destructiveHint: Bool? = nil,
        idempotentHint: Bool? = nil,
        openWorldHint: Bool? = nil
    ) {
        self.title = title
        self.readOnlyHint = readOnlyHint
        self.destructiveHint = destructiveHint
        self.idempotentHint = idempotentHint
        self.openWorldHint = openWorldHint
    }

    var isEmpty: Bool { self == ToolAnnotationsOverride() }
}
