// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// How this server proves itself to the backends.
    package struct OutgoingAuth: Sendable, Hashable {
        package let source: Source
        /// For every backend without an entry of its own.
        package let `default`: OutgoingStrategy?
        /// By backend name; an entry replaces the default as a whole.
        package let backends: [String: OutgoingStrategy]

        package enum Source: String, Sendable, Hashable, CaseIterable {
            /// From this file alone.
            case inline
            /// From the resources of a cluster, then from this file.
            case discovered
        }

        /// What a backend gets: its own strategy, the default, or none.
        package func strategy(for backend: String) -> OutgoingStrategy {
            backends[backend] ?? self.default ?? .unauthenticated
        }
    }
}

extension Configuration.OutgoingAuth: Section {
    static let summary = "How this server proves itself to the backends."

    private enum Keys {
        static let source = Key<Source>("source", .name, required: true, "Where the strategies come from.")
        static let `default` = Key<Configuration.OutgoingStrategy>(
            "default", .section, "For every backend without an entry of its own.")
        static let backends = DefaultKey<[String: Configuration.OutgoingStrategy]>(
            "backends", .map(of: .section), default: [:], "By backend name; replaces the default as a whole.")
    }

    static let keys: [any SectionKey] = [Keys.source, Keys.default, Keys.backends]

    init(reading section: SectionReader) {
        source = section[Keys.source] ?? .inline
        self.default = section[Keys.default]
        backends = section[Keys.backends]
    }
}
