// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The rules between the sections of a configuration, for when all of them have been read.
struct RelationRules {
    let configuration: Configuration
    /// The document.
    let root: Place

    func check() {
        checkBackendNames()
        checkNamesElsewhere()
        checkUselessCredentials()
        checkCompositeNames()
        checkUserLimits()
        checkAnswerLimits()
        AuthServerRelationRules(configuration: configuration, root: root).check()
        if configuration.optimizer != nil, configuration.incomingAuth.authorization != nil {
            root.entry("optimizer").refuse(
                "does not go together with incomingAuth.authz, which could not see through its tools; remove one")
        }
        if configuration.outgoingAuth.source == .discovered, !configuration.backends.isEmpty {
            root.entry("outgoingAuth").entry("source").warn(
                "discovered has no effect on backends that are listed in this file")
        }
    }

    private func checkBackendNames() {
        let backends = root.entry("backends")
        var lines: [String: Int] = [:]
        for (index, backend) in configuration.backends.enumerated() where !backend.name.isEmpty {
            let place = backends.entry(index).entry("name")
            if let line = lines[backend.name] {
                place.refuse(
                    "\(quoted(backend.name)) is the name of the backend at line \(line) already; choose another")
            } else {
                lines[backend.name] = place.position.line
            }
            if !backend.name.utf8.allSatisfy(Self.isNameByte) {
                place.warn(
                    "\(quoted(backend.name)) makes tool names that many clients refuse; use letters, digits and _")
            }
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }

    /// A name that no backend has is probably a slip, but does no harm.
    private func checkNamesElsewhere() {
        let names = configuration.backends.map(\.name)
        // Without a list, the backends are only known when the server runs.
        guard !names.isEmpty else { return }
        let known = Set(names)
        func check(_ name: String, _ place: Place) {
            guard !name.isEmpty, !known.contains(name), root.reading.acceptsWarnings else { return }
            place.warn("\(quoted(name)) is not a backend of this file.\(Suggestion.text(for: name, among: names))")
        }
        let aggregation = root.entry("aggregation")
        let order = aggregation.entry("conflictResolutionConfig").entry("priorityOrder")
        for (place, name) in order.texts { check(name, place) }
        for (index, tool) in configuration.aggregation.tools.enumerated() {
            check(tool.workload, aggregation.entry("tools").entry(index).entry("workload"))
        }
        for (name, place) in root.entry("outgoingAuth").entry("backends").children { check(name, place) }
        let timeouts = root.entry("operational").entry("timeouts").entry("perWorkload")
        for (name, place) in timeouts.children { check(name, place) }
    }

    private func checkUselessCredentials() {
        let places = root.entry("outgoingAuth").entry("backends").children
        for backend in configuration.backends {
            guard case .stdio = backend.transport, let strategy = configuration.outgoingAuth.backends[backend.name],
                strategy != .unauthenticated
            else { continue }
            places[backend.name]?.warn(
                "a stdio backend has no request headers, so this has no effect; use secretEnv of the backend")
        }
    }

    /// Where clients prove nothing, everybody is one user.
    private func checkUserLimits() {
        if case .oidc = configuration.incomingAuth.method { return }
        guard let limits = configuration.rateLimiting else { return }
        let place = root.entry("rateLimiting")
        func warn(_ place: Place) {
            place.warn("incomingAuth tells nobody apart, so this holds for all callers together; use shared, or oidc")
        }
        if limits.perUser != nil { warn(place.entry("perUser")) }
        for (index, tool) in limits.tools.enumerated() where tool.perUser != nil {
            warn(place.entry("tools").entry(index).entry("perUser"))
        }
    }

    /// An answer that may be as large as it likes to be and never fits would be a riddle to whoever runs into it.
    private func checkAnswerLimits() {
        let limits = configuration.limits
        let largest = max(limits.maxBackendResponseBytes, limits.maxEventBytes)
        guard limits.maxBufferedResponseBytes < largest else { return }
        root.entry("limits").entry("maxBufferedResponseBytes").refuse(
            "must hold at least one answer of the largest size; write at least \(largest), or lower "
                + "maxBackendResponseBytes and maxEventBytes")
    }

    private func checkCompositeNames() {
        func check(_ names: [String], in list: Place) {
            var seen: Set<String> = []
            for (index, name) in names.enumerated() where !name.isEmpty && !seen.insert(name).inserted {
                list.entry(index).entry("name").refuse("\(quoted(name)) is duplicated; every entry needs its own name")
            }
        }
        check(configuration.compositeTools.map(\.name), in: root.entry("compositeTools"))
        check(configuration.compositeToolRefs, in: root.entry("compositeToolRefs"))
    }
}
