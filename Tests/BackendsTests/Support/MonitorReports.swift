// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import JSONTypes
import NIOCore
import Synchronization
import TestSupport

@testable import Backends

/// What a monitor published.
final class MonitorReports: Sendable {
    private let state = Mutex<[BackendReport]>([])

    var all: [BackendReport] { state.withLock { $0 } }
    var last: BackendReport? { all.last }
    /// Why it was reported as away.
    var problems: [String] { all.filter { !$0.isReachable }.map { "\($0.problem.map { "\($0)" } ?? "none")" } }
    func add(_ report: BackendReport) { state.withLock { $0.append(report) } }
    var tools: [String]? { last?.catalog?.tools.compactMap { $0["name"]?.string } }
}

extension BackendHarness {
    /// Runs `body` beside a monitor of the backend at `url`.
    static func watch(
        _ url: String, interval: Duration = .seconds(30), threshold: Int = 3, breaker: CircuitBreakerSettings? = nil,
        tellingPatience: TimeAmount? = nil, _ body: (BackendHarness, MonitorReports) async throws -> Void
    ) async throws {
        // A probe's own time limit must be shorter than the interval, which here is too short for a busy machine.
        let health = try HealthSettings(interval: interval, timeout: nil, unhealthyThreshold: threshold)
        try await run(
            url,
            configure: { settings in
                settings.health = health
                settings.breaker = breaker
                settings.requestTimeout = .seconds(60)
                if let tellingPatience { settings.tellingPatience = tellingPatience }
            }
        ) { harness in
            let reports = MonitorReports()
            let monitor = BackendMonitor(backend: harness.backend) { reports.add($0) }
            let task = Task { await monitor.run() }
            do {
                try await body(harness, reports)
            } catch {
                task.cancel()
                await task.value
                throw error
            }
            task.cancel()
            await task.value
        }
    }
}
