// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Observability
import Testing

@Suite("Secret")
struct SecretTests {
    private let secret = Secret("hunter2")

    @Test("no way of printing shows it")
    func hidden() {
        struct Holder {
            let name = "n"
            let secret = Secret("hunter2")
        }
        var dumped = ""
        dump(Holder(), to: &dumped)
        dump(secret, to: &dumped)
        let texts = [
            "\(secret)", secret.description, secret.debugDescription, String(describing: secret),
            String(reflecting: secret), "\(Holder())", String(reflecting: [secret]), "\(Optional(secret) as Any)",
            dumped,
        ]
        for text in texts { #expect(!text.contains("hunter2"), "\(text)") }
        #expect("\(secret)" == "<redacted>")
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test("it is there for who asks by name")
    func exposed() {
        #expect(secret.exposed == "hunter2")
        #expect(secret.withExposed { $0.count } == 7)
        #expect(Secret("").isEmpty)
        #expect(!secret.isEmpty)
    }

    @Test(
        "equality is that of the bytes",
        arguments: [
            ("hunter2", "hunter2", true), ("hunter2", "hunter3", false), ("hunter2", "Hunter2", false),
            ("hunter2", "hunter", false), ("", "", true), ("", "a", false), ("é", "e\u{301}", false),
            ("\0", "\0", true),
        ]
    )
    func equality(left: String, right: String, areEqual: Bool) {
        #expect((Secret(left) == Secret(right)) == areEqual)
        if areEqual { #expect(Secret(left).hashValue == Secret(right).hashValue) }
    }
}
