// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import OutboundHTTP

@Suite("IP addresses and their ranges")
struct IPAddressTests {
    @Test(
        "Refused ranges: first and last address of each is not public",
        arguments: [
            ("0.0.0.0/8", "0.0.0.0", "0.255.255.255"), ("10/8", "10.0.0.0", "10.255.255.255"),
            ("100.64/10", "100.64.0.0", "100.127.255.255"), ("127/8", "127.0.0.0", "127.255.255.255"),
            ("169.254/16", "169.254.0.0", "169.254.255.255"), ("172.16/12", "172.16.0.0", "172.31.255.255"),
            ("192.0.0/24", "192.0.0.0", "192.0.0.255"), ("192.0.2/24", "192.0.2.0", "192.0.2.255"),
            ("192.88.99/24", "192.88.99.0", "192.88.99.255"), ("192.168/16", "192.168.0.0", "192.168.255.255"),
            ("198.18/15", "198.18.0.0", "198.19.255.255"), ("198.51.100/24", "198.51.100.0", "198.51.100.255"),
            ("203.0.113/24", "203.0.113.0", "203.0.113.255"), ("224/4", "224.0.0.0", "239.255.255.255"),
            ("240/4", "240.0.0.0", "255.255.255.255"), ("unspecified and loopback", "::", "::1"),
            ("IPv4-compatible", "::2", "::255.255.255.255"), ("fc00::/7", "fc00::", "fdff:ffff:ffff:ffff::"),
            ("fe80::/10", "fe80::", "febf:ffff::"), ("fec0::/10", "fec0::", "feff::"), ("ff00::/8", "ff00::", "ffff::"),
            ("100::/64", "100::", "100::ffff"), ("64:ff9b:1::/48", "64:ff9b:1:1::", "64:ff9b:1:ffff:ffff::"),
            ("2001::/32 Teredo", "2001::", "2001:0:ffff::"), ("2001::/23", "2001:2::", "2001:1ff::"),
            ("2001:db8::/32", "2001:db8::", "2001:db8:ffff::"), ("3fff::/20", "3fff::", "3fff:fff:ffff::"),
            ("unassigned", "4000::", "5f00::1"),
        ])
    func refused(range: String, first: String, last: String) throws {
        for text in [first, last] {
            let address = try #require(IPAddress(text))
            #expect(!IPAddressRules.isPublic(address), "\(range): \(text)")
        }
    }

    @Test(
        "The neighbours of the ranges are public",
        arguments: [
            "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
            "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0",
            "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255",
            "203.0.114.0", "223.255.255.255", "8.8.8.8", "2606:4700::1", "2001:200::1", "2001:db9::", "3ffe::1",
            "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "64:ff9b:1::8.8.8.8", "2002:808:808::1",
        ])
    func allowed(text: String) throws {
        #expect(IPAddressRules.isPublic(try #require(IPAddress(text))))
    }

    @Test(
        "An embedded IPv4 address is judged, however it is wrapped",
        arguments: [
            ("::ffff:10.0.0.1", IPAddressRules.Scope.private), ("::ffff:127.0.0.1", .loopback),
            ("::ffff:169.254.169.254", .reserved), ("::ffff:a9fe:a9fe", .reserved), ("64:ff9b::10.0.0.1", .private),
            ("64:ff9b::127.0.0.1", .reserved), ("64:ff9b::a9fe:a9fe", .reserved), ("64:ff9b:1::10.0.0.1", .private),
            ("2002:a00:1::", .private), ("2002:7f00:1::1", .reserved), ("2002:a9fe:a9fe::", .reserved),
        ])
    func embedded(text: String, scope: IPAddressRules.Scope) throws {
        #expect(IPAddressRules.scope(of: try #require(IPAddress(text))) == scope)
    }

    @Test(
        "Odd spellings are not addresses",
        arguments: [
            "", "1", "127.1", "0x7f.1", "0x7f.0.0.1", "2130706433", "0177.0.0.1", "127.0.0.01", "1.2.3", "1.2.3.4.",
            "1.2.3.4.5", "256.1.1.1", "1..2.3", "+1.2.3.4", " 1.2.3.4", "1.2.3.4 ", "１.2.3.4", "fe80::1%eth0", ":::",
            "1:2:3", "[::1]", "::ffff:1.2.3", "12345::",
        ])
    func notAddresses(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(
        "What is printed is read back",
        arguments: ["0.0.0.0", "255.1.20.3", "::", "::1", "2001:db8::ff:1", "::ffff:1.2.3.4"])
    func roundTrip(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(IPAddress(address.description) == address)
    }
}
