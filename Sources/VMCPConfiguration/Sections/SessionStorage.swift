// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Observability

extension Configuration {
    /// Where sessions are kept.
    package enum SessionStorage: Sendable, Hashable {
        case memory
        case redis(Redis)

        package struct Redis: Sendable, Hashable {
            /// `host:port`
            package let address: String
            package let database: Int
            package let keyPrefix: String
            package let password: Secret?
        }

        /// Holds the password of the session store.
        package static let passwordVariable = "THV_SESSION_REDIS_PASSWORD"
    }
}

extension Configuration.SessionStorage: Section {
    static let summary = "Where sessions are kept."

    private enum Keys {
        static let provider = Key<String>("provider", .string, "memory or redis.")
        static let address = Key<String>("address", .string, "host:port of the Redis server.")
        static let db = DefaultKey<Int>("db", .integer(0...Int(Int32.max)), default: 0, "The number of the database.")
        static let keyPrefix = DefaultKey<String>(
            "keyPrefix", .string, default: "thv:vmcp:session:", "What all keys start with; ends in a colon.")
    }

    static let keys: [any SectionKey] = [Keys.provider, Keys.address, Keys.db, Keys.keyPrefix]

    init(reading section: SectionReader) {
        let provider = section[Keys.provider] ?? ""
        let address = section[Keys.address] ?? ""
        let database = section[Keys.db]
        let keyPrefix = Optional(section[Keys.keyPrefix]).nonEmpty ?? Keys.keyPrefix.fallback
        guard provider == "redis" else {
            self = .memory
            if !["", "memory"].contains(provider.lowercased()) {
                let names = ["memory", "redis"]
                section.refuse(
                    Keys.provider,
                    "\(quoted(provider)) is not one of memory, redis."
                        + Suggestion.text(for: provider, among: names))
            }
            return
        }
        self = .redis(
            Redis(
                address: address, database: database, keyPrefix: keyPrefix,
                password: section.place.reading.variable(Self.passwordVariable).map(Secret.init)))
        if address.isEmpty { section.missing("address", "provider: redis needs host:port") }
        if !keyPrefix.hasSuffix(":") {
            section.refuse(Keys.keyPrefix, "\(quoted(keyPrefix)) does not end in a colon; add one")
        }
    }
}
