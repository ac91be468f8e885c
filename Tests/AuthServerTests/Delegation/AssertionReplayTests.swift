// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import Storage
import TestSupport
import Testing

@testable import AuthServer

/// Each assertion works once (RFC 7523 §3).
struct AssertionReplayTests {
    static let claims: [DelegationChanges] = [[:], ["jti": nil], ["jti": ""]]

    @Test("The second use is refused, with and without an identifier", arguments: claims)
    func replay(_ changes: DelegationChanges) async throws {
        let bench = try DelegationBench()
        let assertion = try bench.assertion(changes)
        #expect(await bench.redeem(assertion).status == 200)
        let again = await bench.redeem(assertion)
        #expect(again.error == "invalid_grant")
        #expect(again.status == 400)
        #expect(bench.reasons == ["replay"])
        #expect(bench.lines.contains("outcome=denied"))
    }

    @Test("Of many at once on two nodes one gets a token", arguments: claims)
    func parallel(_ changes: DelegationChanges) async throws {
        let first = try DelegationBench()
        let second = try DelegationBench(clock: first.clock, storage: first.storage, idp: first.idp)
        let assertion = try first.assertion(changes)
        let statuses = await withTaskGroup(of: Int.self) { group in
            for index in 0..<50 {
                group.addTask { await (index % 2 == 0 ? first : second).redeem(assertion).status }
            }
            return await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(statuses == [200: 1, 400: 49])
    }

    @Test("Under every interleaving of the store one of three wins", arguments: 0..<20 as Range<UInt64>)
    func interleaved(_ seed: UInt64) async throws {
        let clock = TokensClock()
        let turnstile = TokensTurnstile(seed: seed)
        let bench = try DelegationBench(
            clock: clock, storage: TokensStorage(now: { clock.now }, turnstile: turnstile))
        let assertion = try bench.assertion()
        let bodies = [@Sendable () async -> Int](
            repeating: { await bench.redeem(assertion).status }, count: 3)
        #expect(await turnstile.run(bodies).sorted() == [200, 400, 400])
    }

    @Test("An identifier belongs to its issuer, and to no text that merely looks like one")
    func identifiers() async throws {
        let bench = try DelegationBench()
        let replays = AssertionReplays(storage: bench.storage)
        let token = try CompactJWS(parsing: try bench.assertion())
        let until = bench.clock.now + 100
        func consume(_ id: String?, _ issuer: String) async throws -> Bool {
            try await replays.consume(token, id: id, issuer: issuer, until: until)
        }
        #expect(try await consume("a", "https://one.example"))
        #expect(try await consume("a", "https://two.example"))
        #expect(try await consume("ea", "https://one.exampl"))
        #expect(try await consume("a", "https://one.example") == false)
        #expect(try await consume(nil, "https://one.example"))
        #expect(try await consume(nil, "https://one.example") == false)
        let long = String(repeating: "x", count: 10_000)
        #expect(try await consume(long, "https://one.example"))
        #expect(try await consume(long, "https://one.example") == false)
    }

    @Test("A second signature that anybody can make of the first is the same assertion")
    func malleable() async throws {
        let bench = try DelegationBench()
        let assertion = try bench.assertion(["jti": nil])
        let parts = assertion.split(separator: ".").map(String.init)
        let signature = try #require(Base64URL.decode(parts[2]))
        let twin = Array(signature.prefix(32)) + Self.negated(Array(signature.suffix(32)))
        let other = "\(parts[0]).\(parts[1]).\(Base64URL.encode(twin))"
        #expect(other != assertion)
        #expect(await bench.redeem(other).status == 200)
        #expect(await bench.redeem(assertion).error == "invalid_grant")
        #expect(bench.reasons == ["replay"])
    }

    /// The order of P-256 minus the number.
    private static func negated(_ number: [UInt8]) -> [UInt8] {
        let order: [UInt8] = [
            0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
            0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
        ]
        var result = [UInt8](repeating: 0, count: 32)
        var borrow = 0
        for index in (0..<32).reversed() {
            let difference = Int(order[index]) - Int(number[index]) - borrow
            result[index] = UInt8(truncatingIfNeeded: difference)
            borrow = difference < 0 ? 1 : 0
        }
        return result
    }

    @Test("Neither is forgotten before the assertion ends, nor when the clock is set back a little")
    func expiry() async throws {
        let bench = try DelegationBench()
        let assertion = try bench.assertion()
        #expect(await bench.redeem(assertion).status == 200)
        bench.clock.advance(by: 119)
        #expect(await bench.redeem(assertion).error == "invalid_grant")
        bench.clock.advance(by: 60)
        #expect(try await bench.storage.count(AssertionReplays.table) == 1)
        bench.clock.advance(by: -119)
        #expect(await bench.redeem(assertion).error == "invalid_grant")
        #expect(bench.reasons == ["replay", "replay"])
        bench.clock.advance(by: 121)
        #expect(try await bench.storage.count(AssertionReplays.table) == 0)
    }

    @Test("When the store does not answer there is no token", arguments: TokensStorage.Fault.allCases)
    func storeFailure(_ fault: TokensStorage.Fault) async throws {
        let bench = try DelegationBench()
        let assertion = try bench.assertion()
        bench.storage.fail(operation: 0, fault)
        let reply = await bench.redeem(assertion)
        #expect(reply.error == "server_error")
        #expect(reply.status == 500)
        #expect(reply.accessToken == nil)
        #expect(bench.reasons == ["server_error"])
        // What nobody knows to have been used counts as used only if it was written.
        #expect(await bench.redeem(assertion).status == (fault == .lost ? 200 : 400))
    }

    @Test("When there is no room to remember one more there is no token")
    func full() async throws {
        let bench = try DelegationBench()
        let replays = AssertionReplays(storage: bench.storage, table: StorageTable("assertions", capacity: 1))
        let token = try CompactJWS(parsing: try bench.assertion())
        let until = bench.clock.now + 100
        #expect(try await replays.consume(token, id: "a", issuer: "i", until: until))
        await #expect(throws: OAuthError.noRoom) {
            try await replays.consume(token, id: "b", issuer: "i", until: until)
        }
        #expect(try await replays.consume(token, id: "a", issuer: "i", until: until) == false)
    }
}
