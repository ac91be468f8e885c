// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// What is advertised of one backend, and under which names.
    package struct ToolSelection: Sendable, Hashable {
        package let workload: String
        /// The name of a resource of a cluster that would say the rest.
        package let toolConfigRef: String?
        /// The tools to advertise, by their original or their new name; empty means all.
        package let filter: [String]
        /// Changes by the tool's original name.
        package let overrides: [String: ToolOverride]
        /// Whether none of this backend's tools is advertised.
        package let excludeAll: Bool
    }

    /// What a tool is called and how it describes itself here.
    package struct ToolOverride: Sendable, Hashable {
        package let name: String?
        package let description: String?
        package let annotations: ToolAnnotations?
    }

    /// Hints about a tool; absent ones stay as the backend gives them.
    package struct ToolAnnotations: Sendable, Hashable {
        package let title: String?
        package let readOnlyHint: Bool?
        package let destructiveHint: Bool?
        package let idempotentHint: Bool?
        package let openWorldHint: Bool?
    }

    /// A reference by name.
    struct Reference: Section {
        let name: String
    }
}

extension Configuration.ToolSelection: Section {
    static let summary = "What is advertised of one backend, and under which names."

    private enum Keys {
        static let workload = Key<String>("workload", .nonEmptyString, required: true, "The backend's name.")
        static let toolConfigRef = Key<Configuration.Reference>(
            "toolConfigRef", .section, "A resource of a cluster that would say the rest.")
        static let filter = DefaultKey<[String]>(
            "filter", .strings, default: [], "The tools to advertise, by their original or new name; empty means all.")
        static let overrides = DefaultKey<[String: Configuration.ToolOverride]>(
            "overrides", .map(of: .section), default: [:], "Changes by the tool's original name.")
        static let excludeAll = DefaultKey<Bool>(
            "excludeAll", .boolean, default: false, "Whether none of this backend's tools is advertised.")
    }

    static let keys: [any SectionKey] = [
        Keys.workload, Keys.toolConfigRef, Keys.filter, Keys.overrides, Keys.excludeAll,
    ]

    init(reading section: SectionReader) {
        workload = section[Keys.workload] ?? ""
        toolConfigRef = section[Keys.toolConfigRef]?.name
        filter = section[Keys.filter]
        overrides = section[Keys.overrides]
        excludeAll = section[Keys.excludeAll]
    }
}

extension Configuration.ToolOverride: Section {
    static let summary = "What a tool is called and how it describes itself here."

    private enum Keys {
        static let name = Key<String>("name", .string, "The new name.")
        static let description = Key<String>("description", .string, "The new description.")
        static let annotations = Key<Configuration.ToolAnnotations>("annotations", .section, "New hints.")
    }

    static let keys: [any SectionKey] = [Keys.name, Keys.description, Keys.annotations]

    init(reading section: SectionReader) {
        name = section[Keys.name].nonEmpty
        description = section[Keys.description].nonEmpty
        annotations = section[Keys.annotations]
        if name == nil, description == nil, annotations?.isEmpty != false {
            section.place.refuse("changes nothing; write a name, a description or annotations")
        }
    }
}

extension Configuration.ToolAnnotations: Section {
    static let summary = "Hints about a tool; absent ones stay as they are."

    private enum Keys {
        static let title = Key<String>("title", .string, "What people call the tool.")
        static let readOnlyHint = Key<Bool>("readOnlyHint", .boolean, "It changes nothing.")
        static let destructiveHint = Key<Bool>("destructiveHint", .boolean, "It may destroy something.")
        static let idempotentHint = Key<Bool>("idempotentHint", .boolean, "Calling it twice is as calling it once.")
        static let openWorldHint = Key<Bool>("openWorldHint", .boolean, "It reaches things outside.")
    }

    static let keys: [any SectionKey] = [
        Keys.title, Keys.readOnlyHint, Keys.destructiveHint, Keys.idempotentHint, Keys.openWorldHint,
    ]

    init(reading section: SectionReader) {
        title = section[Keys.title]
        readOnlyHint = section[Keys.readOnlyHint]
        destructiveHint = section[Keys.destructiveHint]
        idempotentHint = section[Keys.idempotentHint]
        openWorldHint = section[Keys.openWorldHint]
    }

    /// Whether no hint is given.
    package var isEmpty: Bool {
        title == nil && readOnlyHint == nil && destructiveHint == nil && idempotentHint == nil && openWorldHint == nil
    }
}

extension Configuration.Reference {
    static let summary = "A reference by name."

    private enum Keys {
        static let name = Key<String>("name", .nonEmptyString, required: true, "The name of the resource.")
    }

    static let keys: [any SectionKey] = [Keys.name]

    init(reading section: SectionReader) {
        name = section[Keys.name] ?? ""
    }
}
