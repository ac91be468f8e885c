// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// Timeouts, health checks and logging.
    package struct Operational: Sendable, Hashable {
        /// Absent means the level that the command line chooses.
        package let logLevel: LogLevel?
        package let timeouts: Timeouts
        package let failureHandling: FailureHandling

        package enum LogLevel: String, Sendable, Hashable, CaseIterable {
            case trace
            case debug
            case info
            case warning
            case error
        }

        package static let standard = Operational(logLevel: nil, timeouts: .standard, failureHandling: .standard)
    }

    /// How long a backend may take for one request.
    package struct Timeouts: Sendable, Hashable {
        package let `default`: Duration
        /// By backend name.
        package let perWorkload: [String: Duration]

        package static let standard = Timeouts(default: .seconds(30), perWorkload: [:])

        /// How long a backend may take.
        package func timeout(for backend: String) -> Duration {
            perWorkload[backend] ?? self.default
        }
    }
}

extension Configuration.Operational: Section {
    static let summary = "Timeouts, health checks and logging."

    private enum Keys {
        static let logLevel = Key<LogLevel>("logLevel", .nameOrEmpty, "How much is logged.")
        static let timeouts = Key<Configuration.Timeouts>("timeouts", .section, "How long backends may take.")
        static let failureHandling = Key<Configuration.FailureHandling>(
            "failureHandling", .section, "How broken backends are found and treated.")
    }

    static let keys: [any SectionKey] = [Keys.logLevel, Keys.timeouts, Keys.failureHandling]

    init(reading section: SectionReader) {
        logLevel = section[Keys.logLevel]
        timeouts = section[Keys.timeouts] ?? .standard
        failureHandling = section[Keys.failureHandling] ?? .standard
    }
}

extension Configuration.Timeouts: Section {
    static let summary = "How long a backend may take for one request."

    private enum Keys {
        static let `default` = DefaultKey<Duration>(
            "default", .nonNegativeDuration, default: .seconds(30), "For every backend; 0 means 30s.")
        static let perWorkload = DefaultKey<[String: Duration]>(
            "perWorkload", .map(of: .positiveDuration), default: [:], "By backend name.")
    }

    static let keys: [any SectionKey] = [Keys.default, Keys.perWorkload]

    init(reading section: SectionReader) {
        let general = section[Keys.default]
        self.default = general > .zero ? general : .seconds(30)
        perWorkload = section[Keys.perWorkload]
    }
}
