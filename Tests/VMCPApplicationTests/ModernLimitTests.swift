// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Gateway
import JSONTypes
import TestSupport
import Testing
import VMCPConfiguration

@testable import VMCPApplication

/// The bounds of the edge for 2026-07-28, as `limits` sets them.
@Suite struct ModernLimitTests {
    @Test(
        "SE-04: Modern requests that run at once are bounded, in all and for each caller",
        arguments: ["maxModernRequests", "maxModernRequestsPerPrincipal"])
    func requests(_ key: String) async throws {
        try await RunningGateway.run(.limits("\(key): 1")) { gateway in
            let client = gateway.client
            try await client.withConnection { connection in
                try await connection.send(
                    client.modernText(
                        1, "tools/call", ["name": "one_slow", "arguments": ["milliseconds": 1500]]))
                try await eventually("a call at the backend") { try await gateway.stats().calls >= 1 }
                let refused = try await client.sendModern(2, "tools/list")
                #expect(refused.status == 503)
                #expect(try refused.json["error"]?["code"]?.int == 4004)
                #expect(try await connection.reply().messages.last?["result"]?.firstText == "Slept for 1500 ms")
            }
            #expect(try await client.sendModern(3, "tools/list").status == 200)
        }
    }

    @Test(
        "SE-04: subscriptions are bounded, in all and for each caller, and the end of one makes room",
        arguments: ["maxSubscriptions", "maxSubscriptionsPerPrincipal"])
    func subscriptions(_ key: String) async throws {
        var plan = GatewayPlan.bare
        plan.limits = ["\(key): 1"]
        try await RunningGateway.run(plan) { gateway in
            let client = gateway.client
            try await client.modernListening("one", ["toolsListChanged": true]) { _, acknowledgement in
                #expect(acknowledgement != nil)
                let refused = try await client.sendModern("two", "subscriptions/listen", ["notifications": [:]])
                #expect(refused.status == 503)
                #expect(try refused.json["error"]?["code"]?.int == 4004)
            }
            try await eventually("room for a subscription") {
                try await client.withConnection { connection in
                    try await connection.send(
                        client.modernText("three", "subscriptions/listen", ["notifications": [:]]))
                    return try await connection.head().status == 200
                }
            }
        }
    }

    @Test("SE-04: the resources of one subscription are bounded")
    func resources() async throws {
        var plan = GatewayPlan.bare
        plan.limits = ["maxResourcesPerSubscription: 2"]
        try await RunningGateway.run(plan) { gateway in
            func filter(_ count: Int) -> JSONObject {
                ["resourceSubscriptions": .array((0..<count).map { .string("none://\($0)") })]
            }
            try await gateway.client.modernListening(1, filter(2)) { _, acknowledgement in
                #expect(acknowledgement != nil)
            }
            let refused = try await gateway.client.sendModern(
                2, "subscriptions/listen", ["notifications": .object(filter(3))])
            #expect(refused.status == 400)
            #expect(try refused.json["error"]?["message"]?.string?.contains("more than 2 URIs") == true)
        }
    }

    @Test("SE-04: what waits for a slow subscriber is bounded as the operator says")
    func queue() throws {
        let text = GatewayPlan.limits("maxQueuedBytesPerSubscription: 4321").configurationText(ports: [1])
        let loaded = try ConfigurationLoader(environment: [:]).load(text: text, fileName: "vmcp.yaml")
        let settings = GatewaySettings(loaded.configuration, options: ServeOptions(), publicHosts: [])
        #expect(settings.limits.queuedBytesPerSubscription == 4321)
    }
}
