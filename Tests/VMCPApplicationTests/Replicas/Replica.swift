// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// What the replicas of one server share, and the network between them.
struct ReplicaNetwork: Sendable {
    let backendURL: String
    let relays: [String: PeerRelay]
    private let secretFile: URL

    static let secret = "a secret that replicas know each other by"

    static func start(_ names: [String] = ["a", "b"], backend url: String) async throws -> ReplicaNetwork {
        var relays: [String: PeerRelay] = [:]
        for name in names { relays[name] = try await PeerRelay.start() }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("state-\(UUID().uuidString)")
        try "a secret that seals what clients carry around".write(to: file, atomically: true, encoding: .utf8)
        return ReplicaNetwork(backendURL: url, relays: relays, secretFile: file)
    }

    func relay(_ name: String) throws -> PeerRelay { try relays[name].orThrow("a relay to \(name)") }

    func stop() async {
        for relay in relays.values { try? await relay.fail() }
        try? FileManager.default.removeItem(at: secretFile)
    }

    /// One replica.
    ///
    /// - Parameters:
    ///   - peers: whom it knows; everybody else by default.
    ///   - user: whom its clients are.
    func plan(
        _ name: String, peers: [String]? = nil, user: String? = nil, parking: [String] = [],
        secret: String = ReplicaNetwork.secret
    ) -> GatewayPlan {
        var plan = GatewayPlan()
        plan.backends = []
        plan.others = [("one", backendURL)]
        plan.environment = ["PEER_SECRET": secret]
        if let user {
            plan.incomingAuth = ["type: local"]
            plan.environment["USER"] = user
        }
        let table = relays.filter { $0.key != name && peers?.contains($0.key) != false }
            .map { "\($0.key): \"http://127.0.0.1:\($0.value.port)\"" }.sorted()
        plan.sections = """
            parking:
              stateSecretFiles: [\(secretFile.path)]
            \(parking.map { "  \($0)\n" }.joined())  forwarding:
                instance: \(name)
                listen: 127.0.0.1:0
                secretEnv: PEER_SECRET
                peers: {\(table.joined(separator: ", "))}
                peerTemplate: "http://{instance}.invalid:4484"
            """
        if peers != nil {
            plan.sections = plan.sections.split(separator: "\n").filter { !$0.contains("peerTemplate") }
                .joined(separator: "\n")
        }
        return plan
    }

    /// Runs one replica beside others and leads its peers to it.
    func run<T>(
        _ name: String, _ plan: GatewayPlan? = nil, _ body: (RunningGateway) async throws -> T
    ) async throws -> T {
        try await RunningGateway.run(plan ?? self.plan(name), turnstile: nil) { gateway in
            try relay(name).lead(to: gateway.peerPort)
            return try await body(gateway)
        }
    }

    /// Runs `body` with a backend that asks, and the network of its replicas.
    static func run(
        _ names: [String] = ["a", "b"], _ body: (ReplicaNetwork, AskingBackend) async throws -> Void
    ) async throws {
        try await Turnstile.servers.pass {
            let backend = AskingBackend()
            try await backend.run { url in
                let network = try await ReplicaNetwork.start(names, backend: url)
                let result: Result<Void, any Error>
                do {
                    result = .success(try await body(network, backend))
                } catch {
                    result = .failure(error)
                }
                await network.stop()
                try result.get()
            }
        }
    }

    /// The same, with two replicas that know each other.
    static func pair(
        _ body: (ReplicaNetwork, AskingBackend, _ a: RunningGateway, _ b: RunningGateway) async throws -> Void
    ) async throws {
        try await run { network, backend in
            try await network.run("a") { a in
                try await network.run("b") { b in try await body(network, backend, a, b) }
            }
        }
    }
}
