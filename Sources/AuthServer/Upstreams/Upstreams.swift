// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import Logging
package import OutboundHTTP

/// All upstreams of the configuration, in the order of the chain.
package struct Upstreams: Sendable {
    /// How often `run` looks for what is due.
    static let interval: Duration = .seconds(60)

    package let providers: [any StartableUpstream]

    /// - Throws: `UpstreamStartError` for settings that cannot work; nothing is fetched before `start()`.
    package init(
        _ settings: [UpstreamSettings], records: RecordStore, http: any OutboundHTTPClient,
        now: @escaping @Sendable () -> Date, logger: Logger
    ) throws(UpstreamStartError) {
        var providers: [any StartableUpstream] = []
        for upstream in settings {
            switch upstream.kind {
            case .oidc(let issuer, let subjectClaim):
                providers.append(
                    try OIDCUpstream(
                        upstream, issuer: issuer, subjectClaim: subjectClaim, http: http, now: now, logger: logger))
            case .oauth2(let service):
                let registration = try service.registration.map { registration throws(UpstreamStartError) in
                    try UpstreamRegistration(
                        upstream, service: service, registration: registration, records: records, http: http, now: now,
                        logger: logger)
                }
                providers.append(
                    try OAuth2Upstream(
                        upstream, service: service, registration: registration, http: http, now: now, logger: logger))
            case .mcp(let remote):
                providers.append(
                    try MCPUpstream(upstream, remote: remote, records: records, http: http, now: now, logger: logger))
            }
        }
        self.providers = providers
    }

    package func provider(_ name: String) -> (any UpstreamProvider)? {
        providers.first { $0.name == name }
    }

    /// Starts all at the same time; of several failures the first in the order of the chain is thrown.
    package func start() async throws(UpstreamStartError) {
        let failures = await withTaskGroup(of: (Int, UpstreamStartError)?.self) { group in
            for (index, provider) in providers.enumerated() {
                group.addTask {
                    do throws(UpstreamStartError) {
                        try await provider.start()
                        return nil
                    } catch {
                        return (index, error)
                    }
                }
            }
            var failures: [(Int, UpstreamStartError)] = []
            for await failure in group.compactMap({ $0 }) { failures.append(failure) }
            return failures
        }
        if let (_, error) = failures.min(by: { $0.0 < $1.0 }) { throw error }
    }

    package func maintain() async {
        await withTaskGroup { group in
            for provider in providers { group.addTask { await provider.maintain() } }
        }
    }

    /// Keeps what is known of the upstreams fresh until the task is cancelled.
    package func run(
        sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) async {
        while !Task.isCancelled {
            do {
                try await sleep(Self.interval)
            } catch {
                return
            }
            await maintain()
        }
    }
}
