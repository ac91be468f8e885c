// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Aggregation

@Suite("URI templates")
struct URITemplateTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let template: String
        let matches: [String]
        let others: [String]
        var testDescription: String { template }
    }

    static let rows = [
        Row(template: "x://plain", matches: ["x://plain"], others: ["x://plain/", "x://plai", "x://plaim", ""]),
        Row(
            template: "x://{id}", matches: ["x://1", "x://", "x://a%20b", "x://user@host:1", "x://é"],
            others: ["x://a/b", "x://a?b", "x://a#b"]),
        Row(template: "x://{a}/{b}", matches: ["x://1/2", "x:///"], others: ["x://1", "x://1/2/3"]),
        Row(template: "x://{a,b}", matches: ["x://1,2"], others: ["x://1/2"]),
        Row(
            template: "x://{id}.json", matches: ["x://a.json", "x://a.json.json"],
            others: ["x://a.xml", "x://a/b.json"]),
        Row(template: "x://{+path}", matches: ["x://a/b/c", "x://a?b#c", "x://"], others: ["y://a"]),
        Row(template: "x://{+path}/end", matches: ["x://a/b/end", "x:///end"], others: ["x://a/b", "x://a/end/x"]),
        Row(template: "x://{path*}", matches: ["x://a/b/c"], others: []),
        Row(template: "x://p{#frag}", matches: ["x://p", "x://p#a/b"], others: ["x://pa"]),
        Row(
            template: "x://p{.ext}", matches: ["x://p", "x://p.txt", "x://p.tar.gz"],
            others: ["x://ptxt", "x://p/txt", "x://p./x"]),
        Row(template: "x://p{/a}", matches: ["x://p", "x://p/1", "x://p/"], others: ["x://p1", "x://p/1/2"]),
        Row(template: "x://p{/a,b}", matches: ["x://p/1", "x://p/1/2"], others: ["x://p/1/2/3"]),
        Row(template: "x:{+p}k{/a,b}", matches: ["x:k/1/2k/3/4"], others: ["x:k/1/2/3"]),
        Row(template: "x://p{/a*}", matches: ["x://p/1/2/3/4"], others: ["x://p/1?q"]),
        Row(
            template: "x://p{/a,b}/end", matches: ["x://p/end", "x://p/1/end", "x://p/1/2/end", "x://p/end/end"],
            others: ["x://p/1/2/3/end"]),
        Row(template: "x://p{;a,b}", matches: ["x://p", "x://p;a=1;b=2"], others: ["x://p;a=/"]),
        Row(
            template: "x://p{?q,r}",
            matches: [
                "x://p", "x://p?q=1", "x://p?r=2&q=1", "x://p?q=", "x://p?q", "x://p?q&r=1", "x://p?",
                "x://p?q=a?b/c=d",
            ],
            others: ["x://p?s=1", "x://p?q=1&s=2", "x://p?q=1#f", "x://pq=1", "x://p?qq=1", "x://p?q=1&", "x://p&q=1"]),
        Row(
            template: "x://p?fixed=1{&q}", matches: ["x://p?fixed=1", "x://p?fixed=1&q=2"],
            others: ["x://p?fixed=1?q=2", "x://p?fixed=1&r=2"]),
        Row(template: "x://p{?a*}", matches: ["x://p?any=1&other=2"], others: ["x://p/?a"]),
        Row(template: "x://{+path}{?q}", matches: ["x://a/b?q=1", "x://a/b"], others: []),
        Row(template: "x://p{?q}{#f}", matches: ["x://p?q=1#z", "x://p#z"], others: ["x://pz?q=1"]),
        Row(template: "x://{id:3}", matches: ["x://abc"], others: ["x://a/b"]),
        Row(template: "{+any}", matches: ["", "anything at all"], others: []),
        Row(template: "x://{user-id}/{a.b}/{c%20d}", matches: ["x://1/2/3"], others: ["x://1/2"]),
    ]

    @Test("match what they can expand to", arguments: rows)
    func matching(_ row: Row) throws {
        let template = try URITemplate(row.template)
        for uri in row.matches { #expect(matches(template, uri), "\(uri)") }
        for uri in row.others { #expect(!matches(template, uri), "\(uri)") }
    }

    private func matches(_ template: URITemplate, _ uri: String) -> Bool {
        var steps = 100_000
        let bytes = Array(uri.utf8)
        return template.mayMatch(bytes) && template.matches(bytes, steps: &steps)
    }

    @Test(
        "are refused when malformed or too big",
        arguments: [
            "{", "}", "x{a", "xa}", "{}", "{{a}}", "{a}}", "{a,}", "{,a}", "{+}", "{=a}", "{!a}", "{@a}", "{|a}",
            "{a b}", "{a:}", "{a:0}",
            "{a:12345}", "{a:x}", "{:3}", "{*}", "{.}", "{é}", "{a\u{0}}",
            String(repeating: "{a}", count: 17), "{" + (0...64).map { "v\($0)" }.joined(separator: ",") + "}",
            String(repeating: "x", count: 2049),
        ])
    func invalid(_ text: String) {
        #expect(throws: URITemplate.Invalid.self) { try URITemplate(text) }
    }

    @Test("accept as much as the limits say")
    func limits() throws {
        #expect(try URITemplate(String(repeating: "{a}", count: 16)).parts.count == 16)
        #expect(try URITemplate("{" + (0..<64).map { "v\($0)" }.joined(separator: ",") + "}").parts.count == 1)
        #expect(try URITemplate(String(repeating: "x", count: 2048)).literalLength == 2048)
    }

    @Test("no URI takes more than its share of steps")
    func bounded() throws {
        let hostile = [
            String(repeating: "{+a}a", count: 16) + "b",
            "{+a}" + String(repeating: "a", count: 2000) + "b{+c}",
            String(repeating: "{/a*}", count: 16),
            "{+a}{?" + (10..<74).map { "aaaaaa\($0)" }.joined(separator: ",") + "}",
        ]
        for text in hostile {
            let template = try URITemplate(text)
            for pattern in ["a", "/", "?a=", "?aaaaaa10=&", "?aaaaaa"] {
                var steps = 100_000
                let uri = Array(String(repeating: pattern, count: 8000 / pattern.utf8.count).utf8)
                _ = template.matches(uri, steps: &steps)
                #expect(steps > -2_000_000)
            }
        }
    }

    @Test("agree with their own expansion", arguments: 0..<200 as Range<UInt64>)
    func expansions(_ seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        var text = "x:"
        var uri = "x:"
        func word() -> String {
            String((0..<Int.random(in: 0...3, using: &random)).map { _ in "ab/1".randomElement(using: &random) ?? "a" })
        }
        func value() -> String { word().replacing("/", with: "%2F") }
        for index in 0..<Int.random(in: 0...6, using: &random) {
            let literal = word()
            text += literal
            uri += literal
            switch Int.random(in: 0...7, using: &random) {
            case 0: (text, uri) = (text + "{v\(index)}", uri + value())
            case 1: (text, uri) = (text + "{+v\(index)}", uri + word())
            case 2: (text, uri) = (text + "{/v,w}", uri + "/" + value() + "/" + value())
            case 3: (text, uri) = (text + "{.v}", uri + "." + value())
            case 4: (text, uri) = (text + "{?v,w}", uri + "?v=" + value() + "&w=" + value())
            case 5: (text, uri) = (text + "{&v}", uri + "&v=" + value())
            case 6: (text, uri) = (text + "{;v}", uri + ";v=" + value())
            default: text += "{#undefined}"
            }
        }
        #expect(matches(try URITemplate(text), uri), "\(text) does not match \(uri)")
    }
}
