// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// The block `conflictResolutionConfig` as it is written.
    struct ConflictResolutionSection: Section {
        let prefixFormat: String?
        let priorityOrder: [String]
        let onlyOnConflict: Bool
    }
}

extension Configuration.ConflictResolutionSection {
    static let summary = "The settings of the chosen resolution."

    private enum Keys {
        static let prefixFormat = Key<String>(
            "prefixFormat", .string, "What names get in front; {workload} stands for the backend's name.")
        static let priorityOrder = DefaultKey<[String]>(
            "priorityOrder", .nonEmptyStrings, default: [], "The backends whose tools win conflicts, best first.")
        static let onlyOnConflict = DefaultKey<Bool>(
            "onlyOnConflict", .boolean, default: false,
            "vmcp addition. With prefix, only names that more than one backend has are prefixed.")
    }

    static let keys: [any SectionKey] = [Keys.prefixFormat, Keys.priorityOrder, Keys.onlyOnConflict]

    init(reading section: SectionReader) {
        prefixFormat = section[Keys.prefixFormat]
        priorityOrder = section[Keys.priorityOrder]
        onlyOnConflict = section[Keys.onlyOnConflict]
        var seen: Set<String> = []
        for (item, name) in section.at(Keys.priorityOrder).texts where !seen.insert(name).inserted {
            item.refuse("\(quoted(name)) is listed already; remove it")
        }
    }
}
