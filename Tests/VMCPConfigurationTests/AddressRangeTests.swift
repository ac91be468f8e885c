// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

struct AddressRangeTests {
    private static func http(_ item: String) -> KeyValuePairs<String, String> {
        ["http": "http: {trustedProxies: [\(item)]}"]
    }

    static let cases: [RuleCase] = [
        ("proxy.example.com", "is no IP address"), ("10.0.0", "is no IP address"), ("010.0.0.1", "is no IP address"),
        ("'[::1]'", "is no IP address"), ("'10.0.0.1:80'", "is no IP address"), ("''", "is no IP address"),
        ("10.0.0.0/33", "from 0 to 32"), ("10.0.0.0/", "from 0 to 32"), ("10.0.0.0/+8", "from 0 to 32"),
        ("'fd00::/129'", "from 0 to 128"), ("'::ffff:10.0.0.0/90'", "from 0 to 128"),
        ("10.0.0.1/8", "has bits behind its prefix"),
    ].map { RuleCase("ours", http($0), "http.trustedProxies[0]", $1) }

    @Test("Each address that is none is refused", arguments: cases)
    func rule(_ row: RuleCase) {
        row.check()
    }

    @Test(
        "A range contains its addresses and no others",
        arguments: [
            ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.0", false), ("10.0.0.0/9", "10.128.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true), ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe80::1", false),
            ("10.0.0.0/8", "::1", false), ("10.0.0.0/8", "10.1.2.3:80", false), ("10.0.0.0/8", "ten", false),
            ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "::1", false), ("::1/128", "0:0:0:0:0:0:0:1", true),
        ])
    func contains(range: String, address: String, expected: Bool) throws {
        #expect(try AddressRange(parsing: range).contains(address) == expected)
    }

    @Test("Proxies are nobody unless written, and everybody with a warning")
    func configuration() throws {
        let plain = try #require(LoadOutcome(ConfigurationText.with()).configuration)
        #expect(plain.http.trustedProxies == [])
        let outcome = LoadOutcome(ConfigurationText.with(Self.http("10.0.0.0/8, '::1'")))
        #expect(outcome.configuration?.http.trustedProxies.map(\.text) == ["10.0.0.0/8", "::1"])
        #expect(outcome.warnings == [])
        let open = LoadOutcome(ConfigurationText.with(Self.http("0.0.0.0/0")))
        #expect(
            open.warnings == [
                "http.trustedProxies[0]: \"0.0.0.0/0\" is every address; name those of your proxies"
            ])
    }

    @Test("Only digits make a loopback address")
    func loopback() throws {
        let loopback = [
            "http://localhost", "http://LOCALHOST:1", "http://127.0.0.1", "http://127.255.0.9:4", "http://[::1]",
        ]
        for text in loopback { #expect(try HTTPURL(parsing: text).isLoopback, "\(text)") }
        let others = [
            "http://127.evil.example.com", "http://127.0.0.example", "http://127.0.0.256", "http://127.0.0.-1",
            "http://127.1", "http://localhost.example", "http://[::2]", "http://128.0.0.1",
        ]
        for text in others { #expect(try !HTTPURL(parsing: text).isLoopback, "\(text)") }
    }

    @Test("An origin is in lower case and without its own scheme's port")
    func origin() throws {
        #expect(try HTTPURL(parsing: "HTTPS://Hub.Example.com:443/a").origin == "https://hub.example.com")
        #expect(try HTTPURL(parsing: "http://[::1]:4483/a?b").origin == "http://[::1]:4483")
    }
}
