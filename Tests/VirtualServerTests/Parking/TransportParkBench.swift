// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Logging
import MCPTypes
import NIOCore
import NIOPosix
import TestSupport

@testable import Backends
@testable import VirtualServer

/// Parking alone, with one backend of any transport behind it and no core around it.
struct TransportParkBench: Sendable {
    let lot: ParkingLot
    let shared: SharedSessions
    let clock: ParkTestClock
    private let seal: StateSeal
    private let backend: Backend
    private let shard: Shard

    static func run(
        _ endpoint: BackendSettings.Endpoint, sharing: SharingSettings = SharingSettings(),
        _ body: (TransportParkBench) async throws -> Void
    ) async throws {
        let shards = Shards(group: MultiThreadedEventLoopGroup.singleton)
        shards.start()
        defer { shards.stop() }
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let backend = try Backend(
            settings: BackendSettings(name: "one", endpoint: endpoint, health: try HealthSettings()), shards: shards,
            logger: logger)
        defer { backend.close() }
        let clock = ParkTestClock()
        let shared = SharedSessions(settings: sharing, now: { clock.now })
        let seal = StateSeal(audience: "https://gateway.example/mcp", now: { clock.date })
        var parking = ParkingSettings()
        parking.debounce = .nanoseconds(0)
        let lot = ParkingLot(settings: parking, shared: shared, seal: seal, clock: clock.parking, logger: logger)
        try await body(
            TransportParkBench(
                lot: lot, shared: shared, clock: clock, seal: seal, backend: backend, shard: shards.all[0]))
        await lot.close(within: .zero)
        await shared.close()
    }

    /// One request of a Modern client: the first of a call, or with a state what answers its round.
    func request(
        _ arguments: String, declared: String = ParkBench.forms, state: String? = nil, responses: String? = nil
    ) throws -> Task<ServerHarness.Client.Answer, Never> {
        let channel = ScriptedChannel(declared)
        let sessions = try shared.sessions(for: ParkBench.alice, capabilities: channel.capabilities)
            .required("sessions")
        let caller = Caller(
            principal: ParkBench.alice, revision: .v2026_07_28, shard: shard, channel: channel, sessions: sessions)
        let subject = StateSubject(
            method: .toolsCall, target: "ask", arguments: json(arguments), principal: ParkBench.alice)
        return Task(executorPreference: shard.executor) { [self] in
            do throws(RequestError) {
                if let state {
                    let opened = try seal.open(json(state).string ?? "", for: subject)
                    return .success(
                        try await lot.resume(
                            opened, subject: subject, responses: responses.map { json($0) }, caller: caller))
                }
                return .success(
                    try await lot.run(subject, caller: caller, backend: backend) {
                        (channel, session) throws(RequestError) in
                        do throws(BackendError) {
                            return try await session.call(
                                .toolsCall, params: JSONSlice(["name": "ask"]),
                                options: BackendSession.CallOptions(
                                    shard: shard, channel: channel, progressToken: ParkingLot.progressToken,
                                    isRepeatable: false))
                        } catch {
                            throw error.requestError(backend: backend.name)
                        }
                    })
            } catch {
                return .failure(error)
            }
        }
    }

    func answer(
        _ arguments: String, declared: String = ParkBench.forms, state: String? = nil, responses: String? = nil
    ) async throws -> ServerHarness.Client.Answer {
        try await request(arguments, declared: declared, state: state, responses: responses).value
    }
}
