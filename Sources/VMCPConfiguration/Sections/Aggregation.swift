// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// How the tools of all backends become one list.
    package struct Aggregation: Sendable, Hashable {
        package let conflictResolution: ConflictResolution
        /// What names get in front; `{workload}` stands for the backend's name.
        package let prefixFormat: String
        /// The backends whose tools win conflicts, best first.
        package let priorityOrder: [String]
        /// vmcp addition: with `prefix`, only names that more than one backend has are prefixed.
        package let onlyOnConflict: Bool
        package let tools: [ToolSelection]
        /// Whether no backend tool is advertised.
        package let excludeAllTools: Bool
        package let defaultToolVisibility: Visibility
        /// vmcp addition: longer composed names are shortened with a hash; 0 leaves them alone.
        package let maxToolNameLength: Int

        package enum ConflictResolution: String, Sendable, Hashable, CaseIterable {
            case prefix
            case priority
            case manual
        }

        /// Whether backends without an entry in `tools` advertise theirs.
        package enum Visibility: String, Sendable, Hashable, CaseIterable {
            case allow
            case deny
        }

        package static let defaultPrefixFormat = "{workload}_"
    }
}

extension Configuration.Aggregation: Section {
    static let summary = "How the tools of all backends become one list."

    static let placeholder = Configuration.Aggregation(
        conflictResolution: .prefix, prefixFormat: defaultPrefixFormat, priorityOrder: [], onlyOnConflict: false,
        tools: [], excludeAllTools: false, defaultToolVisibility: .allow, maxToolNameLength: 64)

    private enum Keys {
        static let conflictResolution = Key<ConflictResolution>(
            "conflictResolution", .name, required: true, "What happens when two backends have a tool of the same name.")
        static let conflictResolutionConfig = Key<Configuration.ConflictResolutionSection>(
            "conflictResolutionConfig", .section, required: true, "The settings of the chosen resolution.")
        static let tools = DefaultKey<[Configuration.ToolSelection]>(
            "tools", .list(of: .section), default: [], "What is advertised of each backend, and under which names.")
        static let excludeAllTools = DefaultKey<Bool>(
            "excludeAllTools", .boolean, default: false, "Whether no backend tool is advertised.")
        static let defaultToolVisibility = Key<Visibility>(
            "defaultToolVisibility", .nameOrEmpty, "Whether backends without an entry in tools advertise theirs.")
        static let maxToolNameLength = DefaultKey<Int>(
            "maxToolNameLength", .integer(0...1024).checked(lengthProblem), default: 64,
            "vmcp addition. Longer composed names are shortened with a hash; 0 leaves them alone.")

        /// A shortened name needs room for its hash and for something to recognise it by.
        @Sendable private static func lengthProblem(_ length: Int) -> String? {
            (1..<32).contains(length) ? "\(length) is too short for a shortened name; write 0 or at least 32" : nil
        }
    }

    static let keys: [any SectionKey] = [
        Keys.conflictResolution, Keys.conflictResolutionConfig, Keys.tools, Keys.excludeAllTools,
        Keys.defaultToolVisibility, Keys.maxToolNameLength,
    ]

    init(reading section: SectionReader) {
        let resolution = section[Keys.conflictResolution]
        let settings = section[Keys.conflictResolutionConfig]
        conflictResolution = resolution ?? .prefix
        prefixFormat = settings?.prefixFormat.nonEmpty ?? Self.defaultPrefixFormat
        priorityOrder = settings?.priorityOrder ?? []
        onlyOnConflict = settings?.onlyOnConflict ?? false
        tools = section[Keys.tools]
        excludeAllTools = section[Keys.excludeAllTools]
        defaultToolVisibility = section[Keys.defaultToolVisibility] ?? .allow
        maxToolNameLength = section[Keys.maxToolNameLength]
        let place = section.at(Keys.conflictResolutionConfig)
        if let resolution, settings != nil { check(resolution, section, place) }
        checkWorkloads(at: section.at(Keys.tools))
    }

    private func check(_ resolution: ConflictResolution, _ section: SectionReader, _ place: Place) {
        func require(_ key: String, _ advice: String) {
            guard !place.has(key) else { return }
            place.reading.error(
                "is required with conflictResolution: \(resolution.rawValue); \(advice)",
                at: place.entry(key).position, keyPath: KeyPathText.appending(key: key, to: place.keyPath))
        }
        switch resolution {
        case .prefix:
            require("prefixFormat", "write \"{workload}_\"")
        case .priority:
            require("priorityOrder", "list the backends, best first")
            if defaultToolVisibility == .deny { checkVisibility(at: place.entry("priorityOrder")) }
        case .manual:
            if !section.place.has("tools") {
                section.missing("tools", "conflictResolution: manual needs an override for each conflict")
            }
        }
        if !prefixFormat.contains("{workload}") {
            place.entry("prefixFormat").warn("has no {workload}, so all backends get the same prefix")
        }
        if onlyOnConflict, resolution != .prefix {
            place.entry("onlyOnConflict").warn("has an effect only with conflictResolution: prefix")
        }
    }

    /// With `deny`, a backend in the priority order without an entry in `tools` would silently show nothing.
    private func checkVisibility(at place: Place) {
        let selected = Set(tools.map(\.workload))
        for (item, name) in place.texts where !selected.contains(name) {
            item.refuse(
                "\(quoted(name)) has no entry in tools, so defaultToolVisibility: deny would hide its tools; add one"
            )
        }
    }

    private func checkWorkloads(at place: Place) {
        var seen: Set<String> = []
        for (index, tool) in tools.enumerated() where !tool.workload.isEmpty && !seen.insert(tool.workload).inserted {
            place.entry(index).entry("workload").refuse(
                "\(quoted(tool.workload)) has an entry already; put everything about a backend into one")
        }
    }
}
