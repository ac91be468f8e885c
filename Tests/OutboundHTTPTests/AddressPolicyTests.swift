// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import OutboundHTTP

@Suite("Address policies")
struct AddressPolicyTests {
    enum Verdict: Sendable { case allowed, refused, needsHTTPS }

    private static let lenient = AddressPolicy(allowsPrivateAddresses: true, allowsLoopback: true, allowsHTTP: true)

    @Test(
        "Scheme and literal hosts are judged before anything is looked up",
        arguments: [
            ("https://h/", AddressPolicy.strict, Verdict.allowed), ("http://h/", .strict, .needsHTTPS),
            ("http://h/", AddressPolicy(allowsHTTP: true), .allowed), ("https://8.8.8.8/", .strict, .allowed),
            ("https://10.0.0.1/", .strict, .refused),
            ("https://10.0.0.1/", AddressPolicy(allowsPrivateAddresses: true), .allowed),
            ("https://[fd00::1]/", AddressPolicy(allowsPrivateAddresses: true), .allowed),
            ("https://100.64.0.1/", AddressPolicy(allowsPrivateAddresses: true), .allowed),
            ("https://169.254.169.254/", lenient, .refused), ("https://[fe80::1]/", lenient, .refused),
            ("https://0.0.0.0/", lenient, .refused), ("https://[::]/", lenient, .refused),
            ("https://224.0.0.1/", lenient, .refused), ("https://127.0.0.1/", .strict, .refused),
            ("https://127.0.0.1/", AddressPolicy(allowsPrivateAddresses: true), .refused),
            ("https://127.0.0.1/", AddressPolicy(allowsLoopback: true), .allowed),
            ("http://127.0.0.1/", AddressPolicy(allowsLoopback: true), .allowed),
            ("http://[::1]/", AddressPolicy(allowsLoopback: true), .allowed),
            ("http://localhost/", AddressPolicy(allowsLoopback: true), .allowed),
            ("http://localhost/", .strict, .needsHTTPS),
            ("http://h/", AddressPolicy(allowsLoopback: true), .needsHTTPS),
            ("https://[::ffff:169.254.169.254]/", lenient, .refused), ("https://[64:ff9b::7f00:1]/", lenient, .refused),
        ])
    func literals(url: String, policy: AddressPolicy, verdict: Verdict) throws {
        let url = try OutboundURL(url)
        switch verdict {
        case .allowed: #expect(throws: Never.self) { try policy.check(scheme: url.scheme, host: url.host) }
        case .refused:
            #expect(throws: OutboundError.refusedAddress) { try policy.check(scheme: url.scheme, host: url.host) }
        case .needsHTTPS:
            #expect(throws: OutboundError.httpsRequired) { try policy.check(scheme: url.scheme, host: url.host) }
        }
    }

    @Test(
        "A name is judged by its addresses; loopback is never one of them",
        arguments: [
            ("h", "8.8.8.8", true), ("h", "10.0.0.1", true), ("h", "127.0.0.1", false), ("h", "::1", false),
            ("h", "169.254.169.254", false), ("localhost", "127.0.0.1", true), ("localhost", "8.8.8.8", false),
            ("localhost", "10.0.0.1", false),
        ])
    func names(host: String, address: String, allowed: Bool) throws {
        let host = try OutboundURL("https://\(host)/").host
        #expect(Self.lenient.permits(try #require(IPAddress(address)), for: host) == allowed)
    }

    @Test(
        "A URL that a server names gets no more freedom than the server's own URL used",
        arguments: [
            ("https://idp.example/", false, false), ("http://idp.example/", false, true),
            ("https://localhost:1/", true, false), ("http://127.0.0.1:1/", true, true),
        ])
    func derived(configured: String, loopback: Bool, http: Bool) {
        let policy = AddressPolicy(
            allowsPrivateAddresses: true, allowsLoopback: true, allowsHTTP: true, caBundlePath: "/ca.pem"
        ).forURLs(namedBy: configured)
        #expect(
            policy
                == AddressPolicy(
                    allowsPrivateAddresses: true, allowsLoopback: loopback, allowsHTTP: http, caBundlePath: "/ca.pem"))
    }

    @Test("What an unreadable URL names is treated strictly")
    func derivedFromNothing() {
        #expect(Self.lenient.forURLs(namedBy: "not a URL") == .strict)
    }
}
