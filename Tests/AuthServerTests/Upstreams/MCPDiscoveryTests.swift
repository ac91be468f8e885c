// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import OutboundHTTP
import TestSupport
import Testing

@testable import AuthServer

/// Who guards a remote MCP server, found out from nothing but its URL.
@Suite struct MCPDiscoveryTests {
    private typealias Remote = FakeRemoteServer

    let remote: FakeRemoteServer

    init() throws { remote = try FakeRemoteServer() }

    private func failure(_ upstream: MCPUpstream) async -> UpstreamError? {
        do {
            _ = try await upstream.visit()
            return nil
        } catch {
            return error
        }
    }

    /// The reason in the log, which is where an operator finds it.
    private func logged(_ text: String) -> Bool { remote.lines.all.contains { $0.contains(text) } }

    // MARK: The resource

    @Test("AU-27: the document that the challenge names comes first, and is enough")
    func namedDocument() async throws {
        let place = "https://meta.notes.example/prm"
        remote.challenge(#"realm="x", resource_metadata="\#(place)""#)
        remote.set(place, .json(Remote.protected()))
        _ = try await remote.upstream().visit()
        #expect(remote.asked.prefix(3) == [Remote.resource, place, Remote.serverMetadata])
        let probe = try #require(remote.http.requests.first)
        #expect(probe.method == "POST")
        #expect(probe.header("Authorization") == nil)
    }

    @Test("AU-27: without one in the challenge, the path's well-known place is asked before the root's")
    func wellKnownOrder() async throws {
        remote.remove(Remote.inserted)
        remote.set(Remote.root, .json(Remote.protected()))
        _ = try await remote.upstream().visit()
        #expect(remote.asked.prefix(4) == [Remote.resource, Remote.inserted, Remote.root, Remote.serverMetadata])
    }

    @Test(
        "AU-27: well-known places are between host and path, with the path first",
        arguments: [
            ("https://a.example/mcp", ["/mcp", ""]), ("https://a.example/x/mcp/", ["/x/mcp", ""]),
            ("https://a.example", [""]), ("https://a.example/", [""]), ("https://a.example/m?t=1", ["/m?t=1", ""]),
        ])
    func places(resource: String, tails: [String]) throws {
        let discovery = ResourceDiscovery(
            try OutboundURL(resource), try #require(CanonicalResource(resource)), client: remote.http, policy: .strict)
        #expect(discovery.places == tails.map { "https://a.example/.well-known/oauth-protected-resource" + $0 })
    }

    @Test("AU-27: a place with a page for people on it is passed over, one that is away is not")
    func pages() async throws {
        remote.set(Remote.inserted, OutboundResponse(status: 200, body: Array("<html>".utf8)))
        remote.set(Remote.root, .json(Remote.protected()))
        #expect(await failure(try remote.upstream()) == nil)
        remote.on(Remote.inserted) { _ throws(OutboundError) in throw .unreachable }
        #expect(await failure(try remote.upstream()) == .unreachable)
    }

    @Test(
        "AU-27: metadata of another resource is refused, that of a place above it on the same origin is not",
        arguments: [
            ("https://mcp.notes.example/team/mcp", true), ("https://MCP.notes.example:443/team/mcp/", true),
            ("https://mcp.notes.example/team", true), ("https://mcp.notes.example", true),
            ("https://mcp.notes.example/tea", false), ("https://mcp.notes.example/team/mcp/x", false),
            ("https://notes.example/team/mcp", false), ("http://mcp.notes.example/team/mcp", false),
            ("https://mcp.notes.example:8443/team/mcp", false), ("https://mcp.notes.example/team/mcp?a", false),
            ("https://mcp.notes.example@evil.example/", false), ("notes", false),
        ])
    func resourceMatch(claimed: String, isAccepted: Bool) async throws {
        remote.set(Remote.inserted, .json(Remote.protected(claimed)))
        // It would be right, but a wrong document is no missing one.
        remote.set(Remote.root, .json(Remote.protected()))
        #expect(await failure(try remote.upstream()) == (isAccepted ? nil : .notConfigured))
        #expect(remote.asked.contains(Remote.serverMetadata) == isAccepted)
    }

    @Test("AU-27: nothing says where people sign in, or says it badly", arguments: [nil, [], ["not a url"]])
    func noServers(servers: [String]?) async throws {
        if let servers {
            remote.set(Remote.inserted, .json(Remote.protected(servers: servers)))
        } else {
            remote.remove(Remote.inserted)
        }
        #expect(await failure(try remote.upstream()) == .notConfigured)
        #expect(logged(servers == nil ? "RFC 9728" : "authorization_servers"))
    }

    @Test(
        "AU-35: what a server names is fetched from public addresses over https, and nowhere else",
        arguments: [
            "http://meta.notes.example/prm", "https://127.0.0.1/prm", "https://localhost/prm", "file:///etc/passwd",
            "https://a@b.example/", "",
        ])
    func namedPlaces(place: String) async throws {
        remote.challenge(#"resource_metadata="\#(place)""#)
        // An empty text is no name, so the well-known places count.
        #expect(await failure(try remote.upstream()) == (place.isEmpty ? nil : .notConfigured))
        #expect(!remote.asked.contains(place))
        remote.challenge("")
        remote.set(Remote.inserted, .json(Remote.protected(servers: [place])))
        #expect(await failure(try remote.upstream()) == .notConfigured)
        #expect(remote.http.policies.allSatisfy { !$0.allowsHTTP && !$0.allowsLoopback && !$0.allowsPrivateAddresses })
    }

    // MARK: Scopes

    @Test(
        "AU-27: the challenge's scopes count, else the document's, else none are asked for; the operator's go before all",
        arguments: [
            ("read write", ["all"], [], "read write"), (nil, ["all", "more"], [], "all more"), (nil, nil, [], nil),
            ("read", ["all"], ["own"], "own"), (#"bad\"scope"#, ["all"], [], "all"),
        ] as [(String?, [String]?, [String], String?)])
    func scopes(challenged: String?, supported: [String]?, configured: [String], expected: String?) async throws {
        remote.challenge(challenged.map { #"scope="\#($0)""# } ?? "")
        remote.set(Remote.inserted, .json(Remote.protected(scopes: supported)))
        let upstream = try remote.upstream(scopes: configured)
        let url = try await upstream.visit().url
        #expect(OutboundRequest.query(url)["scope"] == expected)
        #expect(upstream.scopes == expected.map { $0.split(separator: " ").map(String.init) } ?? [])
    }

    @Test("A refresh token is asked for where the server says how, and never alone")
    func offlineAccess() async throws {
        remote.serve(Remote.issuer) { $0["scopes_supported"] = ["offline_access", "read"] }
        #expect(OutboundRequest.query(try await remote.upstream().visit().url)["scope"] == nil)
        remote.set(Remote.inserted, .json(Remote.protected(scopes: ["read"])))
        #expect(OutboundRequest.query(try await remote.upstream().visit().url)["scope"] == "read offline_access")
    }

    // MARK: The authorization server

    @Test(
        "AU-27: the server's metadata is looked for in the order that MCP prescribes",
        arguments: [
            (
                "https://as.example/t1",
                [
                    "/.well-known/oauth-authorization-server/t1", "/.well-known/openid-configuration/t1",
                    "/t1/.well-known/openid-configuration",
                ]
            ),
            ("https://as.example", ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]),
        ])
    func serverOrder(issuer: String, places: [String]) async throws {
        let urls = places.map { "https://as.example" + $0 }
        remote.set(Remote.inserted, .json(Remote.protected(servers: [issuer])))
        remote.set(issuer + "/register", .json(["client_id": "c", "client_secret": "s"], status: 201))
        // Each place in turn is the only one with the document.
        for (index, url) in urls.enumerated() {
            for other in urls { remote.remove(other) }
            remote.set(url, .json(Remote.metadata(issuer)))
            let before = remote.asked.count
            #expect(await failure(try remote.upstream()) == nil, "\(url)")
            #expect(remote.asked[before...].filter { urls.contains($0) } == Array(urls[...index]))
        }
        for url in urls { remote.remove(url) }
        #expect(await failure(try remote.upstream()) == .notConfigured)
    }

    @Test(
        "AU-27: a document of another issuer is not used, and no other document is looked for then",
        arguments: [
            "https://evil.example", "https://login.notes.example/", "https://LOGIN.notes.example",
            "https://login.notes.example:443",
        ])
    func issuer(claimed: String) async throws {
        remote.set(Remote.serverMetadata, .json(Remote.metadata(claimed)))
        let second = "https://login.notes.example/.well-known/openid-configuration"
        remote.set(second, .json(Remote.metadata()))
        #expect(await failure(try remote.upstream()) == .notConfigured)
        #expect(remote.asked.last == Remote.serverMetadata)
        #expect(logged("names another issuer"))
    }

    @Test("AU-28: a server that does not say that it knows S256 is not used", arguments: [nil, [], ["plain"]])
    func noPKCE(methods: [String]?) async throws {
        remote.serve(Remote.issuer) {
            $0["code_challenge_methods_supported"] = methods.map { .array($0.map { .string($0) }) }
        }
        #expect(await failure(try remote.upstream()) == .notConfigured)
        #expect(remote.http.count("/register") == 0)
        #expect(logged("S256"))
    }

    @Test(
        "AU-35: endpoints that a server may not name are refused, and nothing is sent to them",
        arguments: ["authorization_endpoint", "token_endpoint", "registration_endpoint"],
        ["http://login.notes.example/x", "https://127.0.0.1/x", "https://[::1]/x", "javascript:alert(1)"])
    func endpoints(member: String, url: String) async throws {
        remote.serve(Remote.issuer) { $0[member] = .string(url) }
        #expect(await failure(try remote.upstream()) == .notConfigured)
        #expect(!remote.asked.contains(url))
        #expect(logged(member))
    }

    @Test("An authorization endpoint cannot set what we set")
    func reserved() async throws {
        for query in ["client_id=evil", "resource=https://evil.example"] {
            remote.serve(Remote.issuer) {
                $0["authorization_endpoint"] = .string("https://login.notes.example/authorize?\(query)")
            }
            #expect(await failure(try remote.upstream()) == .notConfigured)
        }
    }

    // MARK: Time

    @Test("A server that is away ends no start; what it says is asked for when the first person needs it")
    func start() async throws {
        let upstream = try remote.upstream()
        remote.on(Remote.inserted) { _ throws(OutboundError) in throw .unreachable }
        try await upstream.start()
        #expect(remote.asked.isEmpty)
        #expect(upstream.host == "mcp.notes.example")
        #expect(await failure(upstream) == .unreachable)
        // Not asked again at once, by whoever comes.
        let count = remote.asked.count
        #expect(await failure(upstream) == .unreachable)
        #expect(remote.asked.count == count)
        remote.set(Remote.inserted, .json(Remote.protected()))
        remote.clock.advance(MCPUpstream.failurePause)
        #expect(await failure(upstream) == nil)
        #expect(upstream.host == "login.notes.example")
    }

    @Test("What the server said counts for an hour, and longer only while it does not answer")
    func age() async throws {
        let upstream = try remote.upstream()
        _ = try await upstream.visit()
        let count = remote.asked.count
        remote.clock.advance(MCPUpstream.maximumMetadataAge - 1)
        await upstream.maintain()
        _ = try await upstream.visit()
        #expect(remote.asked.count == count)
        remote.clock.advance(1)
        await upstream.maintain()
        #expect(remote.http.count("/oauth-protected-resource/team/mcp") == 2)
        remote.on(Remote.inserted) { _ throws(OutboundError) in throw .timedOut }
        remote.clock.advance(MCPUpstream.maximumMetadataAge)
        #expect(await failure(upstream) == nil)
        // It answers, and what it says cannot be: nothing of before is used any more.
        remote.set(Remote.inserted, .json(Remote.protected("https://evil.example/")))
        remote.clock.advance(MCPUpstream.failurePause)
        #expect(await failure(upstream) == .notConfigured)
    }

    @Test("Everybody who comes at once shares one discovery and one registration")
    func together() async throws {
        let upstream = try remote.upstream()
        let clients = try await withThrowingTaskGroup(of: String.self) { group in
            for index in 0..<8 {
                group.addTask { try await upstream.visit(user: "user-\(index)").binding?.clientID ?? "" }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(clients.count == 1)
        #expect(remote.http.count("/oauth-protected-resource/team/mcp") == 1)
    }

    @Test("Settings that cannot work are refused before anything is asked")
    func settings() throws {
        #expect(throws: UpstreamStartError("notes", .url(setting: "resource"))) {
            try remote.upstream(resource: "http://mcp.notes.example/mcp")
        }
        #expect(throws: UpstreamStartError("notes", .missing(setting: "issuer"))) {
            try remote.upstream(clientID: "ours")
        }
    }
}
