// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A complete, valid configuration: the tree that `vmcp.yaml` describes.
package struct Configuration: Sendable {
    /// What the server calls itself.
    package let name: String
    /// The group that the backends belong to.
    package let groupRef: String
    package let backends: [Backend]
    package let incomingAuth: IncomingAuth
    package let outgoingAuth: OutgoingAuth
    package let aggregation: Aggregation
    package let compositeTools: [CompositeTool]
    /// The names of composite tools that are defined elsewhere in a cluster.
    package let compositeToolRefs: [String]
    package let operational: Operational
    package let metadata: [String: String]
    /// Absent when telemetry is off.
    package let telemetry: Telemetry?
    /// Absent when auditing is off.
    package let audit: Audit?
    /// Absent when the optimizer is off.
    package let optimizer: Optimizer?
    /// Absent when code mode is off.
    package let codeMode: CodeMode?
    package let sessionStorage: SessionStorage
    /// Absent when nothing is rate limited.
    package let rateLimiting: RateLimiting?
    /// Names of client request headers that every backend receives.
    package let passthroughHeaders: [String]
    /// vmcp addition.
    package let http: HTTP
    /// vmcp addition.
    package let limits: Limits
    /// vmcp addition.
    package let parking: Parking
    /// vmcp addition: the embedded authorization server; absent in Mode A.
    package let authServer: AuthServer?
    /// Where each key stands in the file.
    package let locations: ConfigurationLocations

    /// Where a key of the file stands, for checks that come after loading.
    package func location(of keyPath: String) -> ConfigurationLocation? {
        locations[keyPath]
    }
}

extension Configuration: Section {
    static let summary = "The configuration of a vmcp server."

    private enum Keys {
        static let name = Key<String>("name", .nonEmptyString, required: true, "What the server calls itself.")
        static let groupRef = Key<String>(
            "groupRef", .nonEmptyString, required: true, "The group that the backends belong to.")
        static let backends = Key<[Backend]>("backends", .list(of: .section), "The MCP servers behind this one.")
        static let incomingAuth = Key<IncomingAuth>(
            "incomingAuth", .section, required: true, "How clients prove who they are.")
        static let outgoingAuth = Key<OutgoingAuth>(
            "outgoingAuth", .section, required: true, "How this server proves itself to the backends.")
        static let aggregation = Key<Aggregation>(
            "aggregation", .section, required: true, "How the tools of all backends become one list.")
        static let compositeTools = Key<[CompositeTool]>(
            "compositeTools", .list(of: .section), "Tools that are made of several backend calls.")
        static let compositeToolRefs = Key<[Reference]>(
            "compositeToolRefs", .list(of: .section), "Composite tools that are defined elsewhere in a cluster.")
        static let operational = Key<Operational>("operational", .section, "Timeouts, health checks and logging.")
        static let metadata = DefaultKey<[String: String]>(
            "metadata", .stringMap, default: [:], "Free text about this server.")
        static let telemetry = Key<Telemetry>("telemetry", .section, "Traces and metrics.")
        static let audit = Key<Audit>("audit", .section, "The audit log; its presence turns it on.")
        static let optimizer = Key<Optimizer>("optimizer", .section, "Tool search instead of the whole tool list.")
        static let codeMode = Key<CodeMode>("codeMode", .section, "A tool that runs scripts over other tools.")
        static let sessionStorage = Key<SessionStorage>("sessionStorage", .section, "Where sessions are kept.")
        static let rateLimiting = Key<RateLimiting>(
            "rateLimiting", .section, "How often callers may make the server work for them.")
        static let passthroughHeaders = DefaultKey<[String]>(
            "passthroughHeaders", .list(of: .passthroughHeader, nulls: .skipped), default: [],
            "Client request headers that every backend receives.")
        static let http = Key<HTTP>("http", .section, "vmcp addition. Who may reach the HTTP endpoint.")
        static let limits = Key<Limits>("limits", .section, "vmcp addition. Bounds of everything a peer can make grow.")
        static let parking = Key<Parking>(
            "parking", .section, "vmcp addition. Calls that wait for answers to a backend's questions.")
        static let authServer = Key<AuthServerSection>(
            "authServer", .section, "vmcp addition. The embedded authorization server (Mode B).")
    }

    static let keys: [any SectionKey] = [
        Keys.name, Keys.groupRef, Keys.backends, Keys.incomingAuth, Keys.outgoingAuth, Keys.aggregation,
        Keys.compositeTools, Keys.compositeToolRefs, Keys.operational, Keys.metadata, Keys.telemetry, Keys.audit,
        Keys.optimizer, Keys.codeMode, Keys.sessionStorage, Keys.rateLimiting, Keys.passthroughHeaders, Keys.http,
        Keys.limits, Keys.parking, Keys.authServer,
    ]

    init(reading section: SectionReader) {
        name = section[Keys.name] ?? ""
        let groupRef = section[Keys.groupRef] ?? ""
        self.groupRef = groupRef
        let backends = section[Keys.backends] ?? []
        self.backends = backends.map { $0.joining(group: groupRef) }
        incomingAuth = section[Keys.incomingAuth] ?? IncomingAuth(method: .anonymous, authorization: nil)
        outgoingAuth = section[Keys.outgoingAuth] ?? OutgoingAuth(source: .inline, default: nil, backends: [:])
        aggregation = section[Keys.aggregation] ?? .placeholder
        compositeTools = section[Keys.compositeTools] ?? []
        compositeToolRefs = (section[Keys.compositeToolRefs] ?? []).map(\.name)
        operational = section[Keys.operational] ?? .standard
        metadata = section[Keys.metadata]
        telemetry = section[Keys.telemetry]
        audit = section[Keys.audit].flatMap { $0.isEnabled ? $0 : nil }
        optimizer = section[Keys.optimizer]
        codeMode = section[Keys.codeMode].flatMap { $0.isEnabled ? $0 : nil }
        sessionStorage = section[Keys.sessionStorage] ?? .memory
        rateLimiting = section[Keys.rateLimiting]
        passthroughHeaders = section[Keys.passthroughHeaders]
        http = section[Keys.http] ?? .standard
        limits = section[Keys.limits] ?? .standard
        parking = section[Keys.parking] ?? .standard
        authServer = AuthServer(section[Keys.authServer], serverName: name, at: section.at(Keys.authServer))
        locations = ConfigurationLocations(
            file: section.place.reading.file, positions: section.place.reading.positions)
        for (index, backend) in backends.enumerated() {
            guard let group = backend.metadata["group"], group != groupRef else { continue }
            section.at(Keys.backends).entry(index).entry("metadata").entry("group").warn(
                "\(quoted(group)) is replaced by the groupRef \(quoted(groupRef)); remove it")
        }
        RelationRules(configuration: self, root: section.place).check()
    }
}
