// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

struct ValueTests {
    @Test(
        "URLs are taken apart",
        arguments: [
            ("http://a", "a", 80, "/"), ("https://a.example.com:8443/x/y?z=%20", "a.example.com", 8443, "/x/y?z=%20"),
            ("http://[fe80::1]/", "fe80::1", 80, "/"), ("http://a?b", "a", 80, "/?b"), ("HTTP://A:1", "A", 1, "/"),
        ])
    func url(text: String, host: String, port: Int, target: String) throws {
        let url = try HTTPURL(parsing: text)
        #expect((url.host, url.port, url.target, url.text) == (host, port, target, text))
    }

    @Test(
        "What is no usable URL is refused",
        arguments: [
            "", "a", "//a", "http:/a", "http://", "http://:80", "http://a:", "http://a:0", "http://a:65536",
            "http://a:x",
            "http://a:٣", "http://a b", "http://ä", "http://a#", "http://u@a", "http://[::1", "http://[a]",
            "http://[::1]x",
            "http://a/\"", "http://a\n", "file:///a", "http://a*", "http://[::1]:",
        ])
    func badURL(text: String) {
        #expect(throws: HTTPURL.Malformed.self) { _ = try HTTPURL(parsing: text) }
    }

    @Test(
        "Loopback hosts are known by name and address",
        arguments: [
            ("http://localhost", true), ("http://LOCALHOST:1", true), ("http://127.9.9.9", true),
            ("http://[::1]", true),
            ("http://127.example.com", false), ("http://10.0.0.1", false),
        ])
    func loopback(text: String, expected: Bool) throws {
        #expect(try HTTPURL(parsing: text).isLoopback == expected)
    }

    @Test(
        "Templates with a broken shape are found out",
        arguments: [
            ("plain", true), ("{{.a}} and {{- .b -}}", true), ("{{/* }} */}}x", true), ("{{\"}}\"}}", true),
            ("{{`}}`}}", true), ("{{'}'}}", true), ("{{\"\\\"}}\"}}", true), ("}}", true), ("{{", false),
            ("{{.a}", false),
            ("{{}}", false), ("{{ }}", false), ("{{\"}}", false), ("{{/* }}", false), ("{{\"\n\"}}", false),
            ("{", true),
            ("{{/**/}}{{", false),
        ])
    func template(text: String, isRight: Bool) {
        #expect((TemplateText(text).problem == nil) == isRight)
    }

    @Test("Templates say which answers they read")
    func references() {
        let text =
            "{{if .steps.a.output.x}}{{json .steps.b.output.y.z | quote}} "
            + ".steps.c.output.w {{\".steps.d.output.v\"}}{{end}}"
        #expect(TemplateText(text).references == [.init(step: "a", field: "x"), .init(step: "b", field: "y")])
    }

    @Test("JSON text escapes what it must")
    func json() {
        let value: ConfigurationValue = ["a\"\\\n\u{1}é": [true, .null, .integer(-1), .number("1.50"), .map([])]]
        #expect(value.json() == #"{"a\"\\\n\u0001é":[true,null,-1,1.50,{}]}"#)
        #expect(value["a\"\\\n\u{1}é"]?.items?.count == 5)
    }
}
