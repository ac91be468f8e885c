// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import Authentication

@Suite("Protected resource metadata")
struct ProtectedResourceMetadataTests {
    @Test(
        "AU-09: the document is at the root and with the resource's path inserted",
        arguments: [
            (
                "https://h.example/mcp", "https://h.example/.well-known/oauth-protected-resource/mcp",
                ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"]
            ),
            (
                "https://H.example:443/a/b/", "https://h.example/.well-known/oauth-protected-resource/a/b",
                ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/a/b"]
            ),
            (
                "https://h.example", "https://h.example/.well-known/oauth-protected-resource",
                ["/.well-known/oauth-protected-resource"]
            ),
            (
                "https://h.example/", "https://h.example/.well-known/oauth-protected-resource",
                ["/.well-known/oauth-protected-resource"]
            ),
            (
                "http://127.0.0.1:4483/mcp", "http://127.0.0.1:4483/.well-known/oauth-protected-resource/mcp",
                ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"]
            ),
        ])
    func paths(resource: String, url: String, paths: [String]) throws {
        let metadata = try #require(ProtectedResourceMetadata(resource: resource, authorizationServers: ["https://as"]))
        #expect(metadata.url == url)
        #expect(metadata.paths == paths)
        for path in paths {
            #expect(metadata.isServed(at: path))
            #expect(metadata.isServed(at: path + "/"))
            #expect(!metadata.isServed(at: path + "XYZ"))
            #expect(!metadata.isServed(at: path + "/more"))
        }
        #expect(!metadata.isServed(at: "/"))
        #expect(!metadata.isServed(at: ""))
    }

    @Test("AU-10: the document has the resource as the operator spells it")
    func document() throws {
        var metadata = try #require(
            ProtectedResourceMetadata(
                resource: "https://H.example/mcp/", authorizationServers: ["https://as.example"],
                scopes: ["mcp", "offline_access", "mcp"], name: "Team"))
        #expect(
            String(buffer: metadata.document())
                == #"{"resource":"https://H.example/mcp/","authorization_servers":["https://as.example"],"#
                + #""bearer_methods_supported":["header"],"scopes_supported":["mcp"],"resource_name":"Team"}"#)
        metadata.scopes = []
        metadata.name = nil
        metadata.dpopAlgorithms = [.ES256, .PS256]
        metadata.requiresDPoP = true
        #expect(
            String(buffer: metadata.document())
                == #"{"resource":"https://H.example/mcp/","authorization_servers":["https://as.example"],"#
                + #""bearer_methods_supported":["header"],"dpop_signing_alg_values_supported":["ES256","PS256"],"#
                + #""dpop_bound_access_tokens_required":true}"#)
    }

    @Test("The authenticator's own document says what it enforces")
    func fromSettings() throws {
        let plain = try AuthenticatorHarness { $0.scopes = ScopeRules(required: ["mcp"]) }
        let text = String(buffer: try #require(plain.authenticator.metadata).document())
        #expect(text.contains(#""scopes_supported":["mcp"]"#))
        #expect(!text.contains("dpop"))
        let bound = try AuthenticatorHarness { $0.dpop = .init(isRequired: true) }
        #expect(
            String(buffer: try #require(bound.authenticator.metadata).document())
                .contains(#""dpop_bound_access_tokens_required":true"#))
        let none = try AuthenticatorHarness { $0.resource = nil }
        #expect(none.authenticator.metadata == nil)
    }

    @Test("Any origin may read it, without credentials")
    func headers() {
        #expect(ProtectedResourceMetadata.headers.contains { $0 == ("Access-Control-Allow-Origin", "*") })
        #expect(!ProtectedResourceMetadata.headers.contains { $0.name == "Access-Control-Allow-Credentials" })
        #expect(ProtectedResourceMetadata.headers.contains { $0 == ("Cache-Control", "public, max-age=3600") })
    }

    @Test(
        "Resources are compared in one form",
        arguments: [
            ("https://h/mcp", "https://h/mcp"), ("HTTPS://H.Example:443/mcp/", "https://h.example/mcp"),
            ("http://h:80", "http://h"), ("https://h:80/", "https://h:80"), ("https://h:/x", "https://h/x"),
            ("https://h/a//", "https://h/a/"), ("https://h/A", "https://h/A"), ("https://h?x=/", "https://h?x=/"),
            ("https://h/p/?x", "https://h/p?x"),
        ])
    func canonical(text: String, expected: String) {
        #expect(CanonicalResource(text)?.description == expected)
    }

    @Test(
        "What cannot name a resource has no such form",
        arguments: [
            "", "h", "ftp://h", "https:", "https://", "https:///p", "https://:443/", "https://u@h/", "https://h/#f",
            "https://h/#", "https://h/ x", "https://h\\x", "https://é/", "api://x", "https://h/\"",
            "https://h/" + String(repeating: "x", count: 2048),
        ])
    func notCanonical(text: String) {
        #expect(CanonicalResource(text) == nil)
    }
}
