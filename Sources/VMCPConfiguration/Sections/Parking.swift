// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// vmcp addition: calls of clients without a session that wait for answers to a backend's questions.
    package struct Parking: Sendable, Hashable {
        package enum Mode: String, Sendable, Hashable, CaseIterable {
            case on
            case off
        }

        package let mode: Mode
        /// Whether callers that nothing tells apart may park on an address that others reach.
        package let allowAnonymous: Bool
        /// Whether backends are told that clients have roots.
        package let roots: Bool
        /// Whether a question names the backend that asks it.
        package let labelQuestions: Bool
        /// Files with the secrets that seal what clients carry from round to round: the first seals, all open.
        package let stateSecretFiles: [String]
        /// How long questions that come together are gathered, in milliseconds.
        package let debounceMs: Int
        /// How long at most.
        package let debounceMaxMs: Int
        /// Parked calls on this server.
        package let maxParks: Int
        /// Parked calls of one identity.
        package let perPrincipal: Int
        /// Parked calls of one backend.
        package let perBackend: Int
        /// Sessions of one backend that carry one call at a time, for one identity.
        package let poolPerKey: Int
        /// Rounds of questions in one call.
        package let maxRounds: Int
        /// Questions of one round; the rest waits for the next.
        package let maxAsksPerRound: Int
        /// Questions of one call that wait for a round.
        package let maxQueued: Int
        /// Bytes of one question.
        package let maxAskBytes: Int
        /// Bytes of the questions of one round.
        package let maxRoundBytes: Int
        /// Bytes of the answers of one retry.
        package let maxResponseBytes: Int
        /// Bytes of a result that waits for its client.
        package let maxHeldBytes: Int
        /// How long a round waits for the client's answers.
        package let roundTtl: Duration
        /// From a call's first request to its end, all rounds together.
        package let lifeTtl: Duration
        /// How long a call waits for a session of its own.
        package let leaseWait: Duration
        /// How long a cancelled backend may take to say so.
        package let cancelDrain: Duration
        /// Absent while every call is kept by the replica that its client reaches.
        package let forwarding: Forwarding?
    }
}

extension Configuration.Parking: Section {
    static let summary =
        "vmcp addition. Calls of 2026-07-28 clients that wait for answers to an older backend's questions."

    private enum Keys {
        static let mode = DefaultKey<Mode>(
            "mode", .name, default: .on, "vmcp addition. Whether such calls wait, or the questions are refused.")
        static let allowAnonymous = DefaultKey<Bool>(
            "allowAnonymous", .boolean, default: false,
            "vmcp addition. Whether callers that nothing tells apart may park when others than this machine can reach it."
        )
        static let roots = DefaultKey<Bool>(
            "roots", .boolean, default: false, "vmcp addition. Whether backends are told that clients have roots.")
        static let labelQuestions = DefaultKey<Bool>(
            "labelQuestions", .boolean, default: true,
            "vmcp addition. Whether a question names the backend that asks it.")
        static let stateSecretFiles = DefaultKey<[String]>(
            "stateSecretFiles", .list(of: .absolutePath), default: [],
            "vmcp addition. Files with the secrets that seal requestState: the first seals, all open.")
        static let debounceMs = count("debounceMs", 0...10_000, 50, "Milliseconds in which questions are gathered.")
        static let debounceMaxMs = count("debounceMaxMs", 0...60_000, 200, "Milliseconds of gathering at most.")
        static let maxParks = count("maxParks", 0...100000, 1000, "Parked calls on this server.")
        static let perPrincipal = count("perPrincipal", 0...100000, 16, "Parked calls of one identity.")
        static let perBackend = count("perBackend", 0...100000, 100, "Parked calls of one backend.")
        static let poolPerKey = count(
            "poolPerKey", 1...64, 4, "Sessions of one backend that carry one call at a time, for one identity.")
        static let maxRounds = count("maxRounds", 1...100, 10, "Rounds of questions in one call.")
        static let maxAsksPerRound = count(
            "maxAsksPerRound", 1...64, 8, "Questions of one round; the rest waits for the next.")
        static let maxQueued = count("maxQueued", 1...1000, 32, "Questions of one call that wait for a round.")
        static let maxAskBytes = count("maxAskBytes", 1024...1_073_741_824, 65536, "Bytes of one question.")
        static let maxRoundBytes = count(
            "maxRoundBytes", 1024...1_073_741_824, 262144, "Bytes of the questions of one round.")
        static let maxResponseBytes = count(
            "maxResponseBytes", 1024...1_073_741_824, 4194304, "Bytes of the answers of one retry.")
        static let maxHeldBytes = count(
            "maxHeldBytes", 1024...1_073_741_824, 4194304, "Bytes of a result that waits for its client.")
        static let roundTtl = time("roundTtl", 10...3600, 300, "How long a round waits for the client's answers.")
        static let lifeTtl = time(
            "lifeTtl", 10...86400, 1800, "From a call's first request to its end, all rounds together.")
        static let leaseWait = time("leaseWait", 1...60, 5, "How long a call waits for a session of its own.")
        static let cancelDrain = time("cancelDrain", 1...60, 5, "How long a cancelled backend may take to say so.")
        static let forwarding = Key<Configuration.Forwarding>(
            "forwarding", .section, "vmcp addition. How the replicas of one server reach each other.")

        private static func count(
            _ name: String, _ range: ClosedRange<Int>, _ fallback: Int, _ summary: String
        ) -> DefaultKey<Int> {
            DefaultKey(name, .integer(range), default: fallback, "vmcp addition. \(summary)")
        }

        private static func time(
            _ name: String, _ range: ClosedRange<Int>, _ seconds: Int, _ summary: String
        ) -> DefaultKey<Duration> {
            DefaultKey(
                name, .duration(atLeast: .seconds(range.lowerBound), atMost: .seconds(range.upperBound)),
                default: .seconds(seconds), "vmcp addition. \(summary)")
        }
    }

    static let keys: [any SectionKey] = [
        Keys.mode, Keys.allowAnonymous, Keys.roots, Keys.labelQuestions, Keys.stateSecretFiles, Keys.debounceMs,
        Keys.debounceMaxMs, Keys.maxParks, Keys.perPrincipal, Keys.perBackend, Keys.poolPerKey, Keys.maxRounds,
        Keys.maxAsksPerRound, Keys.maxQueued, Keys.maxAskBytes, Keys.maxRoundBytes, Keys.maxResponseBytes,
        Keys.maxHeldBytes, Keys.roundTtl, Keys.lifeTtl, Keys.leaseWait, Keys.cancelDrain, Keys.forwarding,
    ]

    /// What a file without the section means.
    package static let standard = Configuration.Parking(reading: .empty(keys: keys))

    init(reading section: SectionReader) {
        mode = section[Keys.mode]
        allowAnonymous = section[Keys.allowAnonymous]
        roots = section[Keys.roots]
        labelQuestions = section[Keys.labelQuestions]
        stateSecretFiles = section[Keys.stateSecretFiles]
        debounceMs = section[Keys.debounceMs]
        debounceMaxMs = section[Keys.debounceMaxMs]
        maxParks = section[Keys.maxParks]
        perPrincipal = section[Keys.perPrincipal]
        perBackend = section[Keys.perBackend]
        poolPerKey = section[Keys.poolPerKey]
        maxRounds = section[Keys.maxRounds]
        maxAsksPerRound = section[Keys.maxAsksPerRound]
        maxQueued = section[Keys.maxQueued]
        maxAskBytes = section[Keys.maxAskBytes]
        maxRoundBytes = section[Keys.maxRoundBytes]
        maxResponseBytes = section[Keys.maxResponseBytes]
        maxHeldBytes = section[Keys.maxHeldBytes]
        roundTtl = section[Keys.roundTtl]
        lifeTtl = section[Keys.lifeTtl]
        leaseWait = section[Keys.leaseWait]
        cancelDrain = section[Keys.cancelDrain]
        forwarding = section[Keys.forwarding]
        if forwarding != nil, stateSecretFiles.allSatisfy({ $0.isEmpty }) {
            section.refuse(
                Keys.forwarding,
                "needs stateSecretFiles: every replica must open what another one has sealed; write the same for all")
        }
        if forwarding != nil, mode == .off {
            section.warn(Keys.forwarding, "has no effect while mode is off; remove it or write mode: on")
        }
        if debounceMaxMs < debounceMs {
            section.refuse(Keys.debounceMaxMs, "is shorter than debounceMs; write at least \(debounceMs)")
        }
    }
}
