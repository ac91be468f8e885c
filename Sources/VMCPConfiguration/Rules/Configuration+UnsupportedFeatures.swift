// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// The features that this configuration asks for and this version does not have, each with its place.
    ///
    /// A server that ignored them would not do what the file says, so it must not start with any.
    package func unsupportedFeatures() -> [ConfigurationProblem] {
        var result: [ConfigurationProblem] = []
        func add(_ path: String, _ what: String, instead: String = "remove it") {
            result.append(locations.problem(.note, at: path, "\(what) not available in this version; \(instead)"))
        }
        if incomingAuth.authorization != nil { add("incomingAuth.authz", "Cedar policies are") }
        if outgoingAuth.source == .discovered { add("outgoingAuth.source", "discovery of credentials is") }
        if let strategy = outgoingAuth.default, !strategy.isAvailable {
            add("outgoingAuth.default", "the strategy \(strategy.type) is")
        }
        for (name, strategy) in outgoingAuth.backends.sorted(by: { $0.key < $1.key }) where !strategy.isAvailable {
            add(KeyPathText.appending(key: name, to: "outgoingAuth.backends"), "the strategy \(strategy.type) is")
        }
        for (index, tool) in aggregation.tools.enumerated() where tool.toolConfigRef != nil {
            add("aggregation.tools[\(index)].toolConfigRef", "a reference to a cluster resource is")
        }
        if !compositeTools.isEmpty { add("compositeTools", "composite tools are") }
        if !compositeToolRefs.isEmpty { add("compositeToolRefs", "references to composite tools are") }
        if telemetry != nil { add("telemetry", "telemetry is") }
        if audit != nil { add("audit", "the audit log is") }
        if optimizer != nil { add("optimizer", "the optimizer is") }
        if codeMode != nil { add("codeMode", "code mode is") }
        if case .redis = sessionStorage { add("sessionStorage.provider", "session storage in Redis is") }
        if backends.isEmpty, locations["backends"] == nil {
            add("groupRef", "discovery of the backends of a group is", instead: "list them under backends")
        }
        return result.sorted() + (authServer?.unsupportedFeatures() ?? [])
    }
}

extension Configuration.OutgoingStrategy {
    fileprivate var isAvailable: Bool {
        switch self {
        case .unauthenticated, .headerInjection, .upstreamInject: true
        case .tokenExchange, .awsSTS, .onBehalfOf, .crossAppAccess: false
        }
    }
}

extension Configuration.AuthServer {
    fileprivate func unsupportedFeatures() -> [ConfigurationProblem] {
        guard case .redis = runConfig.storage else { return [] }
        return [problem(.note, at: "storage.type", "Redis is not available in this version; write type: sqlite")]
    }
}
