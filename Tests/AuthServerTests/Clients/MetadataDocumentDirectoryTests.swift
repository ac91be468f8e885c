// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Observability
import OutboundHTTP
import Storage
import Testing

@testable import AuthServer

@Suite struct MetadataDocumentDirectoryTests {
    private let clock = ClientsClock()

    private static func url(_ path: String = "/meta.json", host: String = "client.example") -> String {
        "https://\(host)\(path)"
    }

    private static func document(_ url: String, name: String = "App") -> [UInt8] {
        Array(#"{"client_id":"\#(url)","client_name":"\#(name)","redirect_uris":["https://client.example/cb"]}"#.utf8)
    }

    private static func serving(
        _ headers: [(name: String, value: String)] = [], name: String = "App"
    ) -> ScriptedFetches.Answer {
        { request throws(OutboundError) in
            OutboundResponse(
                status: 200, headers: [("Content-Type", "application/json")] + headers,
                body: document(request.url, name: name))
        }
    }

    private func directory(
        _ fetches: ScriptedFetches, cacheSize: Int = 256, isDevelopment: Bool = false
    ) -> MetadataDocumentDirectory {
        MetadataDocumentDirectory(
            settings: .init(cacheSize: cacheSize), policy: ClientPolicy(.sample()), isDevelopment: isDevelopment,
            http: fetches, now: clock.now, logger: .silent)
    }

    @Test("AU-22: A client is what its document says, fetched once, under strict rules")
    func fetches() async throws {
        let fetches = ScriptedFetches(Self.serving())
        let directory = directory(fetches)
        let client = try await directory.client(Self.url("/meta.json?v=1"))
        #expect(client.id == Self.url("/meta.json?v=1") && client.origin == .metadataDocument && client.isPublic)
        #expect(client.audiences == ["https://as.example.com/mcp"])
        #expect(client.authenticationMethod == OAuthClient.AuthenticationMethod.none)
        #expect(client.verifiedHost == "client.example")
        _ = try await directory.client(Self.url("/meta.json?v=1"))
        #expect(fetches.fetches.count == 1)
        let fetch = try #require(fetches.fetches.first)
        #expect(fetch.policy == .strict)
        #expect(fetch.request.method == "GET" && fetch.request.url == Self.url("/meta.json?v=1"))
        #expect(fetch.request.timeout == .seconds(5) && fetch.request.maximumBytes == 10 * 1024)
        #expect(fetch.request.headers.map(\.name) == ["accept"] && fetch.request.body == nil)
    }

    @Test(
        "Only prefixes decide that an identifier belongs to a document",
        arguments: [
            ("https://client.example/meta.json", true), ("https://", true), ("https://localhost/x", true),
            ("http://localhost/x", true), ("http://127.0.0.1:80/x", true), ("http://client.example/x", false),
            ("HTTPS://client.example/x", false), ("5f0c2f0e-uuid", false), ("", false), ("httpsx", false),
        ])
    func routing(id: String, isClaimed: Bool) {
        #expect(MetadataDocumentURL.isClaimed(id) == isClaimed)
    }

    @Test(
        "A URL that cannot name a document is unknown without a fetch",
        arguments: [
            "https://", "https://client.example", "https://client.example/", "https://client.example/m#f",
            "https://client.example/m#", "https://u@client.example/m", "https://u:p@client.example/m",
            "https://client.example/../m", "https://client.example/%2e%2e/m", "https://client.example/./m",
            "https://client.example./m", "https://127.1/m", "https://client.example\\m", "https://client.example:0/m",
            "https://cliënt.example/m", "https://client.example/m\n", "https://client.example?/m",
            "https://client.example/\(String(repeating: "m", count: 2048))",
            // Loopback, on a server that is not somebody's own.
            "https://localhost/m", "http://localhost/m", "http://127.0.0.1:8080/m", "https://[::1]/m",
            "https://app.localhost/m",
        ])
    func badURLs(id: String) async {
        let fetches = ScriptedFetches(Self.serving())
        await #expect(throws: ClientLookupError.unknown) { _ = try await directory(fetches).client(id) }
        #expect(fetches.fetches.isEmpty)
    }

    @Test("On a developer's machine loopback documents work, and only loopback hosts may lead there")
    func development() async throws {
        let fetches = ScriptedFetches(Self.serving())
        let directory = directory(fetches, isDevelopment: true)
        let client = try await directory.client("http://localhost:8080/m")
        #expect(client.verifiedHost == nil, "anybody on the machine can serve one")
        _ = try await directory.client("https://client.example/m")
        let loopback = AddressPolicy(allowsLoopback: true, allowsHTTP: true)
        #expect(fetches.fetches.map(\.policy) == [loopback, .strict])
        await #expect(throws: ClientLookupError.unknown) { _ = try await directory.client("http://client.example/m") }
    }

    @Test("Development is an http issuer on loopback, not any http issuer")
    func developmentIssuer() async throws {
        for (issuer, isFetched) in [
            ("http://localhost:8080", true), ("http://as.internal", false), ("https://as.example", false),
        ] {
            let fetches = ScriptedFetches(Self.serving())
            let directory = try #require(
                MetadataDocumentDirectory(.sample(issuer: issuer), http: fetches, now: clock.now, logger: .silent))
            _ = try? await directory.client("http://127.0.0.1:1/m")
            #expect(fetches.fetches.isEmpty == !isFetched)
        }
        var settings = AuthServerSettings.sample()
        settings.metadataDocuments = nil
        #expect(MetadataDocumentDirectory(settings, http: ScriptedFetches(Self.serving()), logger: .silent) == nil)
    }

    @Test(
        "An answer that is no document is an unknown client, and is asked for again next time",
        arguments: [
            (200, "text/html"), (200, "application/jsonx"), (200, "text/json"), (200, nil), (200, ""),
            (301, "application/json"), (302, "application/json"), (304, "application/json"), (404, "application/json"),
            (500, "application/json"), (201, "application/json"), (206, "application/json"),
        ] as [(Int, String?)])
    func badAnswers(status: Int, type: String?) async {
        let fetches = ScriptedFetches { request throws(OutboundError) in
            OutboundResponse(
                status: status, headers: type.map { [("content-type", $0)] } ?? [], body: Self.document(request.url))
        }
        let directory = directory(fetches)
        for _ in 0..<2 {
            await #expect(throws: ClientLookupError.unknown) { _ = try await directory.client(Self.url()) }
        }
        #expect(fetches.fetches.count == 2)
    }

    @Test(
        "JSON of any kind is a document's media type",
        arguments: ["Application/JSON; charset=utf-8", "application/x+json"])
    func goodTypes(type: String) async throws {
        let fetches = ScriptedFetches { request throws(OutboundError) in
            OutboundResponse(status: 200, headers: [("Content-Type", type)], body: Self.document(request.url))
        }
        _ = try await directory(fetches).client(Self.url())
    }

    @Test(
        "A fetch that fails is an unknown client",
        arguments: [
            OutboundError.refusedAddress, .unresolvable, .unreachable, .tls, .timedOut, .tooLarge(limit: 10_240),
            .cancelled,
        ])
    func failures(error: OutboundError) async {
        let fetches = ScriptedFetches { _ throws(OutboundError) in throw error }
        await #expect(throws: ClientLookupError.unknown) { _ = try await directory(fetches).client(Self.url()) }
    }

    @Test("What keeps us from asking is not the client's fault", arguments: [OutboundError.overloaded, .closed])
    func ownFailures(error: OutboundError) async {
        let fetches = ScriptedFetches { _ throws(OutboundError) in throw error }
        await #expect(throws: ClientLookupError.unavailable) { _ = try await directory(fetches).client(Self.url()) }
    }

    @Test("A document of another client is refused")
    func mismatch() async {
        let fetches = ScriptedFetches { _ throws(OutboundError) in
            OutboundResponse(
                status: 200, headers: [("Content-Type", "application/json")], body: Self.document(Self.url("/other")))
        }
        await #expect(throws: ClientLookupError.unknown) { _ = try await directory(fetches).client(Self.url()) }
    }

    @Test("A document is fetched again when its time is over, and changes show")
    func expiry() async throws {
        let fetches = ScriptedFetches(Self.serving([("Cache-Control", "max-age=120")]))
        let directory = directory(fetches)
        let first = try await directory.client(Self.url())
        clock.advance(.seconds(119))
        _ = try await directory.client(Self.url())
        #expect(fetches.fetches.count == 1)
        fetches.replaceAnswer(Self.serving(name: "Other"))
        clock.advance(.seconds(1))
        let second = try await directory.client(Self.url())
        #expect(fetches.fetches.count == 2)
        #expect(second.name == "Other" && second.fingerprint != first.fingerprint)
    }

    @Test("After its time a document is not used any more, even if it cannot be fetched")
    func noStale() async throws {
        let fetches = ScriptedFetches(Self.serving())
        let directory = directory(fetches)
        _ = try await directory.client(Self.url())
        fetches.replaceAnswer { _ throws(OutboundError) in throw .unreachable }
        clock.advance(.seconds(300))
        await #expect(throws: ClientLookupError.unknown) { _ = try await directory.client(Self.url()) }
    }

    @Test("no-store is obeyed: every lookup fetches")
    func noStore() async throws {
        let fetches = ScriptedFetches(Self.serving([("Cache-Control", "no-store")]))
        let directory = directory(fetches)
        for _ in 0..<3 { _ = try await directory.client(Self.url()) }
        #expect(fetches.fetches.count == 3)
    }

    @Test("The cache holds as many documents as the operator says and forgets the one used longest ago")
    func bounded() async throws {
        let fetches = ScriptedFetches(Self.serving())
        let directory = directory(fetches, cacheSize: 2)
        for path in ["/a", "/b", "/a", "/c", "/a"] { _ = try await directory.client(Self.url(path)) }
        #expect(fetches.fetches.count == 3)
        _ = try await directory.client(Self.url("/b"))
        #expect(fetches.fetches.count == 4)
    }

    @Test("Lookups at the same time share one fetch, and one that is cancelled leaves it to the others")
    func singleFlight() async throws {
        let gate = ClientsGate()
        let fetches = ScriptedFetches { request throws(OutboundError) in
            await gate.pass()
            return try await Self.serving()(request)
        }
        let directory = directory(fetches)
        let impatient = Task { try? await directory.client(Self.url()) }
        await gate.holds(1)
        let others = (0..<20).map { _ in Task { try await directory.client(Self.url()).name } }
        impatient.cancel()
        await gate.open()
        for other in others { #expect(try await other.value == "App") }
        _ = await impatient.value
        #expect(fetches.fetches.count == 1)
    }

    @Test("So many documents are fetched at a time and no more; the next is not the client's fault")
    func concurrentFetches() async throws {
        let gate = ClientsGate()
        let fetches = ScriptedFetches { request throws(OutboundError) in
            await gate.pass()
            return try await Self.serving()(request)
        }
        let directory = directory(fetches)
        let lookups = (0..<MetadataDocumentDirectory.maximumFetches).map { number in
            Task { try await directory.client(Self.url(host: "h\(number).example")).id }
        }
        await gate.holds(MetadataDocumentDirectory.maximumFetches)
        await #expect(throws: ClientLookupError.unavailable) { _ = try await directory.client(Self.url()) }
        await gate.open()
        for lookup in lookups { _ = try await lookup.value }
        _ = try await directory.client(Self.url())
    }

    @Test("A host is asked ten times a minute at most, other hosts are not affected")
    func hostLimit() async throws {
        let fetches = ScriptedFetches(Self.serving([("Cache-Control", "no-store")]))
        let directory = directory(fetches)
        for _ in 0..<10 { _ = try await directory.client(Self.url()) }
        await #expect(throws: ClientLookupError.unknown) { _ = try await directory.client(Self.url()) }
        #expect(fetches.fetches.count == 10)
        _ = try await directory.client(Self.url(host: "other.example"))
        clock.advance(.seconds(6))
        _ = try await directory.client(Self.url())
        #expect(fetches.fetches.count == 12)
    }

    @Test("Guessing documents of a host leaves fetches for those that exist")
    func reserve() async throws {
        let fetches = ScriptedFetches { request throws(OutboundError) in
            guard request.url == Self.url() else { return OutboundResponse(status: 404) }
            return try await Self.serving([("Cache-Control", "max-age=60")])(request)
        }
        let directory = directory(fetches)
        _ = try await directory.client(Self.url())
        for number in 0..<20 { _ = try? await directory.client(Self.url("/guess\(number)")) }
        #expect(fetches.fetches.count == 6)
        // The guesser does not stop, and yet the document is renewed whenever it is due.
        for _ in 0..<10 {
            clock.advance(.seconds(60))
            for number in 0..<20 { _ = try? await directory.client(Self.url("/guess\(number)")) }
            _ = try await directory.client(Self.url())
        }
    }

    @Test("The operator's clients, documents and registrations are looked for in this order, each in one place")
    func composite() async throws {
        let storage = MemoryStorage(now: clock.now)
        let delegate = DelegateClient(
            id: "https://agent.example/id", secret: .init("0123456789abcdef0123456789abcdef"), scopes: ["openid"],
            audiences: [])
        let registry = ClientRegistry(
            records: try .inMemory(storage), configured: [delegate], policy: ClientPolicy(.sample()), now: clock.now,
            logger: .silent)
        try await registry.register(.sample(id: "registered", createdAt: clock.now()))
        try await registry.register(.sample(id: "https://bad", createdAt: clock.now()))
        let fetches = ScriptedFetches(Self.serving())
        let all = CompositeClientDirectory(registry: registry, documents: directory(fetches))
        #expect(try await all.client("https://agent.example/id").origin == .configuration)
        #expect(try await all.client(Self.url()).origin == .metadataDocument)
        #expect(try await all.client("registered").origin == .registration)
        // A URL is never looked for among registrations, not even a bad one.
        await #expect(throws: ClientLookupError.unknown) { _ = try await all.client("https://bad") }
        #expect(fetches.fetches.count == 1)

        let off = CompositeClientDirectory(registry: registry, documents: nil)
        await #expect(throws: ClientLookupError.unknown) { _ = try await off.client(Self.url()) }
        #expect(fetches.fetches.count == 1)

        await all.proveUse(of: try await all.client("registered"))
        await all.proveUse(of: try await all.client(Self.url()))
        #expect(try await all.client("registered").isProven)
    }
}
