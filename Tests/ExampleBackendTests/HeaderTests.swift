// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ExampleBackend

@Suite struct HeaderTests {
    @Test(
        "A POST has to accept both kinds of answer",
        arguments: [
            ("application/json, text/event-stream", true), ("text/event-stream,application/json", true),
            ("Application/JSON;q=0.9, TEXT/event-stream ; q=1", true), ("*/*", true), ("application/*, text/*", true),
            ("application/json", false), ("text/event-stream", false), ("", false), ("text/html", false),
            ("application/jsonp, text/event-stream", false), (nil, false),
        ] as [(String?, Bool)])
    func accept(header: String?, accepted: Bool) {
        #expect(MediaType.acceptsBoth(header) == accepted)
    }

    @Test(
        "Bodies are JSON",
        arguments: [
            ("application/json", true), ("application/json; charset=utf-8", true), ("APPLICATION/JSON", true),
            ("text/plain", false), ("application/json-rpc", false), ("", false),
        ])
    func contentType(header: String, isJSON: Bool) {
        #expect(MediaType.isJSON(header) == isJSON)
    }

    @Test(
        "Only pages of this machine are let in",
        arguments: [
            ("http://localhost", true), ("http://localhost:3000", true), ("https://127.0.0.1:8443", true),
            ("http://[::1]", true), ("http://[::1]:80", true), ("http://evil.example.com", false),
            ("http://localhost.evil.example.com", false), ("http://127.0.0.1.evil.example.com", false),
            ("http://[::1].evil.example.com", false), ("http://[::1", false), ("null", false), ("", false),
            ("ftp://localhost", false), ("localhost", false), ("http://localhost@evil.example.com", false),
            ("http://localhost:1@evil.example.com", false),
            ("http://[::1]:1@evil.example.com", false), ("http://localhost:", false),
        ])
    func origin(origin: String, allowed: Bool) {
        #expect(OriginPolicy.allows(origin) == allowed)
    }
}
