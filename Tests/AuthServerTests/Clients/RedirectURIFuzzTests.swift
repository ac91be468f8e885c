// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import AuthServer

@Suite struct RedirectURIFuzzTests {
    private static let pieces = [
        "http", "https", "HTTPS", "javascript", "cursor", "com.app", ":", "//", "/", "\\", "@", "?", "#", "%", "%2e",
        "%2F", "%00", "..", ".", "localhost", "127.0.0.1", "[::1]", "[", "]", "evil.example", "0x7f", "1", ":80", ":0",
        "*", " ", "\t", "\n", "\u{0}", "é", "\u{202E}", "a", "cb", "-", "_", "xn--", "\u{3002}", "::", "&", "=",
    ]

    private static func text(_ generator: inout ClientsGenerator) -> String {
        (0..<Int.random(in: 0...12, using: &generator))
            .map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
    }

    @Test("Whatever is accepted as a redirect URI is plain, absolute, and means the same to Foundation's parser")
    func registration() throws {
        var generator = ClientsGenerator(seed: 7)
        let policy = RedirectURIPolicy(privateUseSchemes: ["cursor"], isStrict: false)
        var accepted = 0
        for round in 0..<15_000 {
            var text = Self.text(&generator)
            if round.isMultiple(of: 2) { text = ["https://", "http://localhost", "cursor://a"][round % 3] + text }
            guard (try? RedirectURIRules.validate(text, policy: policy)) != nil else { continue }
            accepted += 1
            let uri = try StrictURI(parsing: text)
            #expect(["http", "https", "cursor", "com.app"].contains(uri.scheme) || uri.scheme.contains("."), "\(text)")
            #expect(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }, "\(text)")
            #expect(!text.contains("#") && !text.contains("*"), "\(text)")
            if uri.scheme == "http" { #expect(uri.hasLoopbackHost, "\(text)") }
            // Foundation decodes international labels, and these are none.
            guard uri.isWeb, uri.host?.contains("xn--") == false else { continue }
            let components = try #require(URLComponents(string: text), "\(text)")
            #expect(components.host?.lowercased() == uri.host, "\(text)")
            #expect(components.port == uri.port, "\(text)")
            #expect(components.user == nil && components.password == nil, "\(text)")
            #expect(components.percentEncodedPath == uri.path, "\(text)")
            #expect(components.percentEncodedQuery == uri.query, "\(text)")
        }
        #expect(accepted > 200)
    }

    @Test("Whatever matches is registered byte by byte, or differs from it in nothing but the port on loopback")
    func matching() throws {
        var generator = ClientsGenerator(seed: 11)
        let registered = ["http://localhost/cb", "http://127.0.0.1:1/a?b", "https://a.example/cb"]
        let client = OAuthClient.sample(redirectURIs: registered)
        var matched = 0
        for _ in 0..<15_000 {
            var text = Array((registered.randomElement(using: &generator) ?? "").utf8)
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                let index = Int.random(in: 0...text.count, using: &generator)
                text.insert(contentsOf: Array((Self.pieces.randomElement(using: &generator) ?? "").utf8), at: index)
            }
            let requested = String(decoding: text, as: UTF8.self)
            guard case .matched(let uri) = RedirectURIRules.match(requested: requested, client: client) else {
                continue
            }
            matched += 1
            #expect(uri == requested)
            guard !registered.contains(requested) else { continue }
            let parsed = try StrictURI(parsing: requested)
            #expect(
                parsed.scheme == "http" && (parsed.host == "localhost" || parsed.host == "127.0.0.1"), "\(requested)")
            #expect(parsed.path == "/cb" || (parsed.path == "/a" && parsed.query == "b"), "\(requested)")
            let components = try #require(URLComponents(string: requested))
            #expect(components.host?.lowercased() == parsed.host)
        }
        #expect(matched > 500)
    }
}
