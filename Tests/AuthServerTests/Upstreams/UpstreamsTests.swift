// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import Observability
import OutboundHTTP
import Synchronization
import TestSupport
import Testing

@testable import AuthServer

@Suite struct UpstreamsTests {
    private func upstreams(
        _ http: any OutboundHTTPClient, _ settings: [UpstreamSettings], _ clock: UpstreamsClock = UpstreamsClock()
    ) throws -> Upstreams {
        try Upstreams(
            settings, records: RecordStore.upstreams(UpstreamsStorage(now: { clock.now })), http: http,
            now: { clock.now }, logger: RecordedLog().logger)
    }

    private func oauth2(_ name: String, registersAt url: String? = nil) -> UpstreamSettings {
        var service = UpstreamSettings.OAuth2(
            authorizationEndpoint: "https://\(name).example/a", tokenEndpoint: "https://\(name).example/t")
        if let url {
            service.registration = UpstreamSettings.Registration(discoveryURL: nil, registrationEndpoint: url)
        }
        return UpstreamSettings(
            name: name, kind: .oauth2(service), clientID: url == nil ? "c" : "", clientSecret: nil,
            redirectURI: "https://gw.example/oauth/callback", scopes: [], addresses: .strict)
    }

    @Test("Upstreams of every kind are made in the order of the configuration and started")
    func start() async throws {
        let provider = FakeOpenIDProvider()
        let upstreams = try upstreams(provider.http, [oauth2("hub"), FakeOpenIDProvider.settings()], provider.clock)
        try await upstreams.start()
        #expect(upstreams.providers.map(\.name) == ["hub", "corp"])
        #expect(upstreams.provider("corp")?.host == "idp.example")
        #expect(upstreams.provider("nowhere") == nil)
    }

    @Test("Of several failures the first in the chain is reported, and a bad setting names its upstream")
    func failures() async throws {
        let http = UpstreamsHTTP { _ throws(OutboundError) in throw .unreachable }
        let upstreams = try upstreams(
            http, [oauth2("hub", registersAt: "https://hub.example/register"), FakeOpenIDProvider.settings()])
        await #expect(throws: UpstreamStartError("hub", .fetch(.registration, .transport(.unreachable)))) {
            try await upstreams.start()
        }
        #expect(throws: UpstreamStartError("hub", .url(setting: "dcr_config.registration_endpoint"))) {
            try self.upstreams(http, [oauth2("hub", registersAt: "http://hub.example/register")])
        }
    }

    @Test("The schedule looks for what is due until it is cancelled")
    func run() async throws {
        let provider = FakeOpenIDProvider()
        let upstreams = try upstreams(provider.http, [FakeOpenIDProvider.settings()], provider.clock)
        try await upstreams.start()
        let rounds = Mutex(0)
        await upstreams.run { duration in
            #expect(duration == .seconds(60))
            let round = rounds.withLock { rounds -> Int in
                rounds += 1
                return rounds
            }
            guard round <= 61 else { throw CancellationError() }
            provider.clock.advance(60)
        }
        #expect(provider.http.count("openid-configuration") == 2)
    }
}
