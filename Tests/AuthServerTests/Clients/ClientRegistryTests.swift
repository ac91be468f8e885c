// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Observability
import Storage
import Testing

@testable import AuthServer

@Suite struct ClientRegistryTests {
    private let clock = ClientsClock()
    private let storage: ClientsStorage
    private let records: RecordStore

    init() throws {
        storage = ClientsStorage(MemoryStorage(now: clock.now))
        records = try .inMemory(storage)
    }

    private func registry(
        configured: [DelegateClient] = [], settings: AuthServerSettings = .sample()
    ) -> ClientRegistry {
        ClientRegistry(
            records: records, configured: configured, policy: ClientPolicy(settings), now: clock.now, logger: .silent)
    }

    private func delegate(_ id: String) -> DelegateClient {
        DelegateClient(
            id: id, secret: .init("a-secret-of-at-least-32-characters"), scopes: ["openid"],
            audiences: ["https://as.example.com/mcp"])
    }

    private func isKnown(_ id: String, _ registry: ClientRegistry) async -> Bool {
        (try? await registry.client(id)) != nil
    }

    /// Fills the table up to `count` clients named `<prefix><number>`.
    private func fill(_ registry: ClientRegistry, _ count: Int, prefix: String = "c") async throws {
        for number in 0..<count {
            try await registry.register(.sample(id: "\(prefix)\(number)", createdAt: clock.now()))
        }
    }

    @Test("A registered client is found as it was registered")
    func roundTrip() async throws {
        let registry = registry()
        var client = OAuthClient.sample(id: "c", redirectURIs: ["http://localhost/cb"], secret: "s", method: nil)
        client.requiresDPoP = true
        client.applicationType = "native"
        try await registry.register(client)
        #expect(try await registry.client("c") == client)
    }

    @Test(
        "Identifiers that no registration can have are unknown without a look into the store",
        arguments: [
            "", "synthetic:jwt-bearer-abc", String(repeating: "x", count: 257), String(repeating: "x", count: 5000),
        ])
    func impossibleIDs(id: String) async throws {
        storage.breakDown()
        await #expect(throws: ClientLookupError.unknown) { _ = try await registry().client(id) }
    }

    @Test("A store that does not answer is told apart from a client that is not there")
    func storageFailure() async throws {
        let registry = registry()
        await #expect(throws: ClientLookupError.unknown) { _ = try await registry.client("nobody") }
        storage.breakDown()
        await #expect(throws: ClientLookupError.unavailable) { _ = try await registry.client("nobody") }
        await #expect(throws: ClientRegistryError.unavailable) { try await registry.register(.sample()) }
        await registry.proveUse(of: .sample())
    }

    @Test("A registration that is never used ends after a day")
    func unproven() async throws {
        let registry = registry()
        try await registry.register(.sample(id: "c", createdAt: clock.now()))
        clock.advance(.seconds(24 * 3600 - 1))
        #expect(await isKnown("c", registry))
        clock.advance(.seconds(1))
        #expect(await !isKnown("c", registry))
    }

    @Test("A registration that is used lives thirty days after its last use")
    func proven() async throws {
        let registry = registry()
        try await registry.register(.sample(id: "c", createdAt: clock.now()))
        #expect(try await registry.client("c").isProven == false)
        await registry.proveUse(of: try await registry.client("c"))
        #expect(try await registry.client("c").isProven)

        clock.advance(.seconds(20 * 24 * 3600))
        await registry.proveUse(of: try await registry.client("c"))
        clock.advance(.seconds(30 * 24 * 3600 - 1))
        #expect(await isKnown("c", registry))
        clock.advance(.seconds(1))
        #expect(await !isKnown("c", registry))
    }

    @Test("Renewals within an hour are not written, the next one is")
    func renewalInterval() async throws {
        let registry = registry()
        try await registry.register(.sample(id: "c", createdAt: clock.now()))
        let client = try await registry.client("c")
        await registry.proveUse(of: client)
        let first = try await records.load(ClientUseRecord.self, "c")?.version
        clock.advance(.seconds(3599))
        await registry.proveUse(of: client)
        #expect(try await records.load(ClientUseRecord.self, "c")?.version == first)
        clock.advance(.seconds(1))
        await registry.proveUse(of: client)
        #expect(try await records.load(ClientUseRecord.self, "c")?.version != first)
    }

    @Test("Proving the use of a client that is gone creates nothing")
    func proveNobody() async throws {
        let registry = registry()
        await registry.proveUse(of: .sample(id: "ghost"))
        #expect(await !isKnown("ghost", registry))
        #expect(try await storage.count(ClientUseRecord.table) == 0)
    }

    @Test("The operator's client wins over a registered one of the same identifier and is never stored")
    func configuredWins() async throws {
        let registry = registry(configured: [delegate("agent")])
        try await registry.register(.sample(id: "agent"))
        let client = try await registry.client("agent")
        #expect(client.origin == .configuration)
        #expect(client.grantTypes == ["urn:ietf:params:oauth:grant-type:token-exchange"])
        #expect(!client.isPublic && client.redirectURIs.isEmpty && client.authenticationMethod == nil)
        #expect(ClientSecret.matches(.init("a-secret-of-at-least-32-characters"), digest: client.secretDigest))
        clock.advance(.seconds(365 * 24 * 3600))
        #expect(await isKnown("agent", registry))
        storage.breakDown()
        #expect(await isKnown("agent", registry))
    }

    @Test("A configured client in the reserved name space does not exist")
    func configuredReserved() async throws {
        #expect(registry(configured: [delegate("synthetic:x")]).configuredClient("synthetic:x") == nil)
    }

    @Test("Identifiers are compared as bytes")
    func exactIDs() async throws {
        let registry = registry(configured: [delegate("caf\u{E9}")])
        #expect(registry.configuredClient("cafe\u{301}") == nil)
        #expect(await !isKnown("cafe\u{301}", registry))
    }

    @Test("A stored client has the scopes and audiences that today's configuration gives it")
    func currentConfiguration() async throws {
        var client = OAuthClient.sample(id: "c", createdAt: clock.now())
        client.scopes = ["openid", "gone", "email"]
        client.audiences = ["https://old.example.com/mcp"]
        try await registry().register(client)
        var settings = AuthServerSettings.sample()
        settings.baselineClientScopes = ["profile"]
        let found = try await registry(settings: settings).client("c")
        #expect(found.scopes == ["openid", "email", "profile"])
        #expect(found.audiences == ["https://as.example.com/mcp"])
    }

    @Test("When the table is full and no client has been idle, a registration is refused")
    func full() async throws {
        let registry = registry()
        try await fill(registry, ClientRegistry.capacity)
        await #expect(throws: ClientRegistryError.full) { try await registry.register(.sample(id: "more")) }
        #expect(try await storage.count(ClientRecord.table) == ClientRegistry.capacity)

        // An hour later the unused ones have had their chance.
        clock.advance(.seconds(3600))
        try await registry.register(.sample(id: "more", createdAt: clock.now()))
        #expect(await isKnown("more", registry))
        #expect(await !isKnown("c0", registry))
        #expect(await isKnown("c\(ClientRegistry.evictionBatch)", registry))
        #expect(
            try await storage.count(ClientRecord.table) == ClientRegistry.capacity - ClientRegistry.evictionBatch + 1)
        #expect(
            try await storage.count(ClientUseRecord.table) == ClientRegistry.capacity - ClientRegistry.evictionBatch + 1
        )
    }

    @Test("Clients that were never used make room before used ones, and the longest unused of those first")
    func evictionOrder() async throws {
        let registry = registry(configured: [delegate("agent")])
        let proven = ClientRegistry.evictionBatch + 10
        try await fill(registry, proven, prefix: "p")
        for number in 0..<proven {
            await registry.proveUse(of: try await registry.client("p\(number)"))
        }
        // This one was registered first but used last.
        clock.advance(.seconds(7200))
        await registry.proveUse(of: try await registry.client("p0"))
        clock.advance(.seconds(24 * 3600))
        try await fill(registry, ClientRegistry.capacity - proven - 1, prefix: "u")
        try await registry.register(.sample(id: "last", createdAt: clock.now()))
        clock.advance(.seconds(3600))
        try await registry.register(.sample(id: "x", createdAt: clock.now()))
        #expect(await isKnown("p0", registry))
        #expect(await isKnown("p1", registry))
        #expect(await !isKnown("u0", registry))

        // With nothing unused left, those unused for a day go, the longest unused first.
        clock.advance(.seconds(24 * 3600))
        try await fill(registry, ClientRegistry.capacity - proven, prefix: "v")
        try await registry.register(.sample(id: "y", createdAt: clock.now()))
        #expect(await isKnown("p0", registry))
        #expect(await !isKnown("p1", registry))
        #expect(await isKnown("agent", registry))
    }

    @Test("A full table is not searched again for every registration")
    func searchPause() async throws {
        let registry = registry()
        try await fill(registry, ClientRegistry.capacity)
        clock.advance(.seconds(3595))
        await #expect(throws: ClientRegistryError.full) { try await registry.register(.sample(id: "a")) }
        clock.advance(.seconds(6))
        // By now there would be room, but the next search is due ten seconds after the last.
        await #expect(throws: ClientRegistryError.full) { try await registry.register(.sample(id: "b")) }
        clock.advance(.seconds(4))
        try await registry.register(.sample(id: "c-new"))
    }
}
