// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

/// `parking.forwarding`.
@Suite struct ForwardingRuleTests {
    private static let good: [String: String] = [
        "instance": "vmcp-0", "listen": "0.0.0.0:4484", "peers": "{vmcp-1: \"http://10.0.0.2:4484\"}",
        "peerTemplate": "\"http://{instance}.vmcp-headless:4484\"", "secretFiles": "[/run/secrets/peers]",
        "maxRequests": "50",
    ]

    private static func text(_ changes: [String: String?], states: String = "[/run/secrets/state]") -> String {
        var keys = good
        for (key, value) in changes { keys[key] = value }
        let lines = keys.sorted { $0.key < $1.key }.map { "    \($0.key): \($0.value)" }.joined(separator: "\n")
        return ConfigurationText.with([
            "parking": "parking:\n  stateSecretFiles: \(states)\n  forwarding:\n\(lines)"
        ])
    }

    @Test("What is written is what counts")
    func read() throws {
        let parking = try #require(LoadOutcome(Self.text([:])).configuration).parking
        let forwarding = try #require(parking.forwarding)
        #expect(forwarding.instance == "vmcp-0")
        #expect(forwarding.listen.host == "0.0.0.0" && forwarding.listen.port == 4484)
        #expect(forwarding.secretFiles == ["/run/secrets/peers"] && forwarding.secretVariable == nil)
        #expect(forwarding.maxRequests == 50)
        #expect(Configuration.Parking.standard.forwarding == nil)
    }

    @Test("The table goes before the template")
    func addresses() throws {
        let forwarding = try #require(LoadOutcome(Self.text([:])).configuration?.parking.forwarding)
        #expect(forwarding.baseURL(of: "vmcp-1") == "http://10.0.0.2:4484")
        #expect(forwarding.baseURL(of: "vmcp-2") == "http://vmcp-2.vmcp-headless:4484")
        let table = try #require(
            LoadOutcome(Self.text(["peerTemplate": nil])).configuration?.parking.forwarding)
        #expect(table.baseURL(of: "vmcp-2") == nil)
    }

    @Test(
        "Nothing but a DNS label gets into the template",
        arguments: [
            "", "-a", "a-", "A", "a.b", "a/b", "a:1", "a@b", "a b", "a\n", "ä", "a%2e", "a#", "{instance}",
            String(repeating: "a", count: 64),
        ])
    func labels(name: String) throws {
        let forwarding = try #require(LoadOutcome(Self.text([:])).configuration?.parking.forwarding)
        #expect(forwarding.baseURL(of: name) == nil)
    }

    @Test("The smallest section: where to listen, how to find peers, and a secret")
    func smallest() throws {
        let text = Self.text([
            "instance": nil, "peers": nil, "secretFiles": nil, "secretEnv": "PEERS",
            "maxRequests": nil,
        ])
        let environment = ["PEERS": String(repeating: "s", count: 32)]
        let forwarding = try #require(
            LoadOutcome(text, environment: environment).configuration?.parking.forwarding)
        #expect(forwarding.instance == nil && forwarding.secretVariable == "PEERS" && forwarding.maxRequests == 1000)
        #expect(LoadOutcome(text).errors.map { $0.prefix { $0 != ":" } } == ["parking.forwarding.secretEnv"])
        let short = LoadOutcome(text, environment: ["PEERS": String(repeating: "s", count: 31)])
        #expect(short.errors.first?.contains("less than 32") == true)
    }

    @Test(
        "What cannot be is refused with its place",
        arguments: [
            ("instance", "Vmcp_0"), ("instance", "a.b"), ("listen", "4484"), ("listen", "\"host:\""),
            ("listen", "host:65536"), ("listen", "::1:4484"), ("listen", "\"[::1\""), ("peers", "{a: 10.0.0.1}"),
            ("peers", "{a: \"http://h:1/path\"}"), ("peerTemplate", "http://vmcp:4484"),
            ("peerTemplate", "\"http://vmcp:4484/{instance}\""), ("peerTemplate", "\"http://{instance}.{instance}\""),
            ("peerTemplate", "\"{instance}:4484\""), ("peerTemplate", "\"http://h:{instance}\""),
            ("peerTemplate", "\"http://{instance}.h/p\""), ("secretFiles", "[relative]"), ("maxRequests", "0"),
            ("secretEnv", "PEERS"),
        ])
    func refused(key: String, value: String) {
        let errors = LoadOutcome(Self.text([key: value])).errors
        #expect(errors.count == 1, "\(errors)")
        #expect(errors.first?.hasPrefix("parking.forwarding.\(key)") == true, "\(errors)")
    }

    @Test("A peer's name must be one that can be asked for")
    func peerName() {
        let errors = LoadOutcome(Self.text(["peers": "{Other_One: \"http://h:1\"}"])).errors
        #expect(errors.count == 1)
        #expect(errors.first?.contains("Other_One") == true, "\(errors)")
    }

    @Test("What must be there is asked for", arguments: ["listen", "peers", "secretFiles"])
    func missing(key: String) {
        var changes: [String: String?] = [key: nil]
        if key == "peers" { changes["peerTemplate"] = .some(nil) }
        let errors = LoadOutcome(Self.text(changes)).errors
        #expect(errors.count == 1, "\(errors)")
        #expect(errors.first?.hasPrefix("parking.forwarding.\(key): is required") == true, "\(errors)")
    }

    @Test("Replicas must open what another one has sealed")
    func seal() {
        let errors = LoadOutcome(Self.text([:], states: "[]")).errors
        #expect(errors.count == 1)
        #expect(errors.first?.hasPrefix("parking.forwarding: needs stateSecretFiles") == true, "\(errors)")
    }

    @Test("Where nothing is parked there is nothing to forward")
    func off() {
        let text = Self.text([:]).replacing("parking:\n", with: "parking:\n  mode: off\n")
        let outcome = LoadOutcome(text)
        #expect(outcome.errors == [])
        #expect(outcome.warnings.contains { $0.hasPrefix("parking.forwarding: has no effect") }, "\(outcome.warnings)")
    }
}
