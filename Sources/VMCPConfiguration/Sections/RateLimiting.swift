// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// How often callers may make the server work for them.
    package struct RateLimiting: Sendable, Hashable {
        /// All callers together.
        package let shared: Bucket?
        /// Each caller.
        package let perUser: Bucket?
        package let tools: [ToolLimit]

        package struct Bucket: Sendable, Hashable {
            package let maxTokens: Int
            /// From empty to full.
            package let refillPeriod: Duration
        }

        package struct ToolLimit: Sendable, Hashable {
            /// As clients see it.
            package let name: String
            package let shared: Bucket?
            package let perUser: Bucket?
        }
    }
}

extension Configuration.RateLimiting: Section {
    static let summary = "How often callers may make the server work for them."

    private enum Keys {
        static let shared = Key<Bucket>("shared", .section, "All callers together.")
        static let perUser = Key<Bucket>("perUser", .section, "Each caller.")
        static let tools = DefaultKey<[ToolLimit]>("tools", .list(of: .section), default: [], "Limits of single tools.")
    }

    static let keys: [any SectionKey] = [Keys.shared, Keys.perUser, Keys.tools]

    init(reading section: SectionReader) {
        shared = section[Keys.shared]
        perUser = section[Keys.perUser]
        tools = section[Keys.tools]
        if !Self.keys.contains(where: section.has) {
            section.place.warn("limits nothing; write shared, perUser or tools")
        }
        var seen: Set<String> = []
        for (index, tool) in tools.enumerated() where !tool.name.isEmpty && !seen.insert(tool.name).inserted {
            section.at(Keys.tools).entry(index).entry("name").refuse("\(quoted(tool.name)) is listed already; keep one")
        }
    }
}

extension Configuration.RateLimiting.ToolLimit: Section {
    static let summary = "How often one tool may be called."

    private enum Keys {
        static let name = Key<String>("name", .nonEmptyString, required: true, "The tool, as clients see it.")
        static let shared = Key<Configuration.RateLimiting.Bucket>("shared", .section, "All callers together.")
        static let perUser = Key<Configuration.RateLimiting.Bucket>("perUser", .section, "Each caller.")
    }

    static let keys: [any SectionKey] = [Keys.name, Keys.shared, Keys.perUser]

    init(reading section: SectionReader) {
        name = section[Keys.name] ?? ""
        shared = section[Keys.shared]
        perUser = section[Keys.perUser]
        if !section.has(Keys.shared), !section.has(Keys.perUser) {
            section.place.warn("limits nothing; write shared or perUser")
        }
    }
}

extension Configuration.RateLimiting.Bucket: Section {
    static let summary = "A bucket of tokens; each call takes one."

    private enum Keys {
        static let maxTokens = Key<Int>(
            "maxTokens", .integer(1...Int(Int32.max)), required: true, "How many calls may come at once.")
        static let refillPeriod = Key<Duration>(
            "refillPeriod", .refillPeriod, required: true, "How long an empty bucket takes to fill.")
    }

    static let keys: [any SectionKey] = [Keys.maxTokens, Keys.refillPeriod]

    init(reading section: SectionReader) {
        maxTokens = section[Keys.maxTokens] ?? 1
        refillPeriod = section[Keys.refillPeriod] ?? .seconds(1)
    }
}

extension ValueType where Value == Duration {
    /// A positive duration, also in the form `{duration: 1m}` that resources of a cluster use.
    fileprivate static var refillPeriod: ValueType {
        ValueType(
            schema: { definitions in
                ["anyOf": [positiveDuration.schema(definitions), definitions.reference(to: WrappedDuration.self)]]
            },
            read: { place in
                guard case .mapping = place.node.content else { return positiveDuration.read(place) }
                return ValueType<WrappedDuration>.section.read(place)?.duration
            })
    }
}

/// A duration inside a map of its own.
private struct WrappedDuration: Section {
    static let summary = "A duration inside a map of its own."
    private static let durationKey = Key<Duration>("duration", .positiveDuration, required: true, "Such as 1m.")
    static let keys: [any SectionKey] = [durationKey]

    let duration: Duration?

    init(reading section: SectionReader) {
        duration = section[Self.durationKey]
    }
}
