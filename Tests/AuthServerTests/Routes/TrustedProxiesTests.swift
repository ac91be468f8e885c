// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AuthServer

@Suite struct TrustedProxiesTests {
    private let proxies = TrustedProxies([{ $0.hasPrefix("10.") }, { $0 == "fd00::1" }])

    @Test(
        "only what trusted proxies appended says who asks",
        arguments: [
            // Peer, headers, client.
            ("203.0.113.9", ["x-forwarded-for": "198.51.100.1"], "203.0.113.9"),
            ("10.0.0.1", [:], "10.0.0.1"),
            ("10.0.0.1", ["x-forwarded-for": "198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", ["x-forwarded-for": "1.2.3.4, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", ["x-forwarded-for": "198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", ["x-forwarded-for": " 198.51.100.1:4711 "], "198.51.100.1"),
            ("10.0.0.1", ["forwarded": "for=198.51.100.1;proto=https"], "198.51.100.1"),
            ("10.0.0.1", ["forwarded": "for=\"[2001:db8::7]:80\", For=10.0.0.3"], "2001:db8::7"),
            ("10.0.0.1", ["forwarded": "proto=https"], "unknown"),
            ("10.0.0.1", ["forwarded": "for=1.1.1.1", "x-forwarded-for": "2.2.2.2"], "1.1.1.1"),
            ("fd00::1", ["x-forwarded-for": "2001:db8::9"], "2001:db8::9"),
        ] as [(String, [String: String], String)])
    func client(_ peer: String, _ headers: [String: String], _ client: String) {
        let fields = headers.map { (name: $0.key, value: $0.value) }
        #expect(proxies.client(peer: peer, headers: fields) == client)
    }

    @Test("a forged chain of any length costs no more than its last hops")
    func longChain() {
        let chain = Array(repeating: "10.1.1.1", count: 10_000).joined(separator: ",")
        #expect(proxies.client(peer: "10.0.0.1", headers: [("x-forwarded-for", "6.6.6.6," + chain)]) == "10.1.1.1")
    }
}
