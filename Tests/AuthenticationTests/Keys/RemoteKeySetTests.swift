// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import Logging
import OutboundHTTP
import Testing

@testable import Authentication

@Suite("Keys of an issuer elsewhere")
struct RemoteKeySetTests {
    private static let issuer = "https://idp.example"
    private static let metadata = "https://idp.example/.well-known/openid-configuration"
    private static let authorizationServer = "https://idp.example/.well-known/oauth-authorization-server"
    private static let url = "https://idp.example/keys"
    private let clock = TestClock()

    private func set(
        _ http: FakeHTTP, issuer: String = issuer, url: String? = url, policy: AddressPolicy = .strict
    ) -> RemoteKeySet {
        RemoteKeySet(
            issuer: issuer, keySetURL: url, http: http, policy: policy, now: { [clock] in clock.now },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    private func ids(_ set: RemoteKeySet, _ id: String?) async -> [String]? {
        try? await set.keys(id: id, algorithm: .ES256).map(\.id)
    }

    private func problem(_ set: RemoteKeySet, _ id: String = "k1") async -> RemoteKeySetError? {
        do throws(RemoteKeySetError) {
            _ = try await set.keys(id: id, algorithm: .ES256)
            return nil
        } catch {
            return error
        }
    }

    @Test("Keys are fetched once and used from then on")
    func fetchedOnce() async throws {
        let http = FakeHTTP([Self.url: try .keys([TestKey("k1")])])
        let set = set(http)
        for _ in 0..<5 { #expect(await ids(set, "k1") == ["k1"]) }
        #expect(http.sent.count == 1)
        #expect(http.sent.first?.header("Accept") == "application/jwk-set+json, application/json")
        #expect(set.generation == 1)
    }

    @Test("An unknown kid leads to one fetch in half a minute, however many ask for however many")
    func cooldown() async throws {
        let http = FakeHTTP([Self.url: try .keys([TestKey("k1")])])
        let set = set(http)
        #expect(await ids(set, "k1") == ["k1"])
        for number in 0..<50 { #expect(await ids(set, "made up \(number)") == []) }
        #expect(http.sent.count == 1)
        clock.advance(RemoteKeySetState.unknownKeyCooldown - 1)
        #expect(await ids(set, "k2") == [])
        #expect(http.sent.count == 1)
        clock.advance(1)
        http.set(Self.url, try .keys([TestKey("k1"), TestKey("k2")]))
        #expect(await ids(set, "k2") == ["k2"])
        #expect(http.sent.count == 2)
        for number in 0..<50 { #expect(await ids(set, "made up \(number)") == []) }
        #expect(http.sent.count == 2)
        #expect(set.generation == 2)
    }

    @Test("A known kid with an algorithm that its key does not allow leads to no fetch")
    func wrongAlgorithm() async throws {
        let http = FakeHTTP([Self.url: try .keys([TestKey("k1")])])
        let set = set(http)
        #expect(await ids(set, "k1") == ["k1"])
        clock.advance(100)
        #expect(try await set.keys(id: "k1", algorithm: .RS256).isEmpty)
        #expect(http.sent.count == 1)
    }

    @Test("Keys in use are refreshed beside the requests after five minutes")
    func refresh() async throws {
        let http = FakeHTTP([Self.url: try .keys([TestKey("k1")])])
        let set = set(http)
        #expect(await ids(set, "k1") == ["k1"])
        clock.advance(RemoteKeySetState.refreshAge + 1)
        http.set(Self.url, try .keys([TestKey("k2")]))
        #expect(await ids(set, "k1") == ["k1"])
        while set.generation < 2 { await Task.yield() }
        #expect(await ids(set, "k2") == ["k2"])
        #expect(await ids(set, "k1") == [])
        #expect(http.sent.count == 2)
    }

    @Test("When the issuer is down, known keys are used for an hour, and no longer")
    func down() async throws {
        let http = FakeHTTP([Self.url: try .keys([TestKey("k1")])])
        let set = set(http)
        #expect(await ids(set, "k1") == ["k1"])
        http.set(Self.url, .failure(.timedOut))
        clock.advance(RemoteKeySetState.maximumAge)
        #expect(await ids(set, "k1") == ["k1"])
        while http.sent.count < 2 { await Task.yield() }
        clock.advance(1)
        #expect(await problem(set) == .unreachable(.timedOut))
    }

    @Test("Failures are retried with growing pauses, and success ends them")
    func backoff() async throws {
        let http = FakeHTTP([Self.url: .response(500, "")])
        let set = set(http)
        var expected = 0
        for pause in [1, 2, 4, 8, 16, 30, 30] as [TimeInterval] {
            #expect(await problem(set) == .status(500))
            expected += 1
            #expect(await problem(set) == .status(500))
            clock.advance(pause - 0.5)
            #expect(await problem(set) == .status(500))
            #expect(http.sent.count == expected)
            clock.advance(0.5)
        }
        http.set(Self.url, try .keys([TestKey("k1")]))
        #expect(await ids(set, "k1") == ["k1"])
        #expect(await ids(set, "unknown") == [])
    }

    @Test("While a fetch fails, an unknown kid is not called unknown")
    func unknownWhileDown() async throws {
        let http = FakeHTTP([Self.url: try .keys([TestKey("k1")])])
        let set = set(http)
        #expect(await ids(set, "k1") == ["k1"])
        http.set(Self.url, .failure(.unreachable))
        clock.advance(RemoteKeySetState.unknownKeyCooldown)
        #expect(await problem(set, "k2") == .unreachable(.unreachable))
        #expect(await problem(set, "k3") == .unreachable(.unreachable))
        #expect(await ids(set, "k1") == ["k1"])
        #expect(http.sent.count == 2)
    }

    @Test("A hundred requests at once are one fetch")
    func singleFlight() async throws {
        let answer = try FakeHTTP.Answer.keys([TestKey("k1")])
        guard case .response(_, let body) = answer else { return }
        let http = FakeHTTP([
            Self.url: .script { _ in
                for _ in 0..<100 { await Task.yield() }
                return OutboundResponse(status: 200, body: Array(body.utf8))
            }
        ])
        let set = set(http)
        await withTaskGroup(of: [String]?.self) { group in
            for _ in 0..<100 { group.addTask { await ids(set, "k1") } }
            for await ids in group { #expect(ids == ["k1"]) }
        }
        #expect(http.sent.count == 1)
    }

    @Test("A key set without keys takes all keys back")
    func emptied() async throws {
        let http = FakeHTTP([Self.url: try .keys([TestKey("k1")])])
        let set = set(http)
        #expect(await ids(set, "k1") == ["k1"])
        http.set(Self.url, .json(#"{"keys":[]}"#))
        clock.advance(RemoteKeySetState.unknownKeyCooldown)
        #expect(await ids(set, "k2") == [])
        #expect(await ids(set, "k1") == [])
    }

    @Test(
        "What is not a key set is an error, and known keys stay",
        arguments: ["", "[]", "{}", #"{"keys":{}}"#, #"{"keys":[],"keys":[]}"#, "<html>", #"{"keys":[]} x"#])
    func invalid(body: String) async throws {
        let http = FakeHTTP([Self.url: try .keys([TestKey("k1")])])
        let set = set(http)
        #expect(await ids(set, "k1") == ["k1"])
        http.set(Self.url, .json(body))
        clock.advance(RemoteKeySetState.unknownKeyCooldown)
        guard case .invalidKeySet = await problem(set, "k2") else {
            Issue.record("accepted")
            return
        }
        #expect(await ids(set, "k1") == ["k1"])
    }

    @Test("Keys of unknown kinds beside a good one do no harm")
    func mixed() async throws {
        let good = JSONSlice(.object(try TestKey("k1").jwk)).description
        let http = FakeHTTP([
            Self.url: .json(
                #"{"keys":[{"kty":"oct","k":"AA"},{"kty":"EC","crv":"secp256k1","x":"","y":""},7,"#
                    + #"{"kty":"RSA","use":"enc","n":"","e":""},\#(good)]}"#)
        ])
        #expect(await ids(set(http), "k1") == ["k1"])
    }

    // MARK: Discovery

    @Test(
        "The metadata is looked for where the standards put it, likeliest first",
        arguments: [
            (
                "https://idp.example",
                [
                    "https://idp.example/.well-known/openid-configuration",
                    "https://idp.example/.well-known/oauth-authorization-server",
                ]
            ),
            (
                "https://idp.example/",
                [
                    "https://idp.example/.well-known/openid-configuration",
                    "https://idp.example/.well-known/oauth-authorization-server",
                ]
            ),
            (
                "https://idp.example/t/1",
                [
                    "https://idp.example/t/1/.well-known/openid-configuration",
                    "https://idp.example/.well-known/oauth-authorization-server/t/1",
                    "https://idp.example/.well-known/openid-configuration/t/1",
                ]
            ),
            ("not a url", []), ("https://idp.example/?x", []), ("https://idp.example/#x", []),
        ])
    func candidates(issuer: String, expected: [String]) {
        #expect(KeyDiscovery.candidates(issuer: issuer) == expected)
    }

    @Test("Each place is tried until one has the issuer's own document")
    func places() async throws {
        for (index, place) in KeyDiscovery.candidates(issuer: "https://idp.example/t1").enumerated() {
            let http = FakeHTTP([
                place: .json(#"{"issuer":"https://idp.example/t1","jwks_uri":"\#(Self.url)"}"#),
                Self.url: try .keys([TestKey("k1")]),
            ])
            #expect(await ids(set(http, issuer: "https://idp.example/t1", url: nil), "k1") == ["k1"])
            #expect(http.sent.count == index + 2)
        }
    }

    @Test(
        "A document of another issuer is never used",
        arguments: [
            "https://evil.example", "https://idp.example/", "https://IDP.example", "http://idp.example", "",
        ])
    func mismatch(issuer: String) async throws {
        let document = #"{"issuer":"\#(issuer)","jwks_uri":"https://evil.example/keys"}"#
        let http = FakeHTTP([
            Self.metadata: .json(document), Self.authorizationServer: .json(document),
            "https://evil.example/keys": try .keys([TestKey("k1")]),
        ])
        #expect(await problem(set(http, url: nil)) == .issuerMismatch)
        #expect(http.requests(to: "https://evil.example/keys") == 0)
    }

    @Test("A foreign document does not hide the right one behind it")
    func mismatchThenMatch() async throws {
        let http = FakeHTTP([
            Self.metadata: .json(#"{"issuer":"https://evil.example","jwks_uri":"https://evil.example/keys"}"#),
            Self.authorizationServer: .json(#"{"issuer":"\#(Self.issuer)","jwks_uri":"\#(Self.url)"}"#),
            Self.url: try .keys([TestKey("k1")]),
        ])
        #expect(await ids(set(http, url: nil), "k1") == ["k1"])
    }

    @Test(
        "Broken metadata is named for what it is",
        arguments: [
            (FakeHTTP.Answer.json("nonsense"), RemoteKeySetError.invalidMetadata), (.json("[]"), .invalidMetadata),
            (.json(#"{"issuer":"https://idp.example","issuer":"https://idp.example"}"#), .invalidMetadata),
            (.json(#"{"issuer":"https://idp.example"}"#), .missingKeySetURL),
            (.json(#"{"issuer":"https://idp.example","jwks_uri":7}"#), .missingKeySetURL),
            (.json(#"{"jwks_uri":"https://idp.example/keys"}"#), .issuerMismatch), (.response(302, ""), .status(302)),
            (.failure(.refusedAddress), .unreachable(.refusedAddress)),
            (.failure(.tooLarge(limit: 1)), .unreachable(.tooLarge(limit: 1))),
        ])
    func broken(answer: FakeHTTP.Answer, expected: RemoteKeySetError) async throws {
        let http = FakeHTTP([Self.metadata: answer, Self.authorizationServer: .response(404, "")])
        #expect(await problem(set(http, url: nil)) == expected)
    }

    @Test(
        "T19: SSRF: a jwks_uri is fetched under the issuer's policy, with no freedom that the issuer's URL lacks",
        arguments: [
            (
                "https://idp.example",
                AddressPolicy(allowsPrivateAddresses: true, allowsLoopback: true, allowsHTTP: true),
                AddressPolicy(allowsPrivateAddresses: true)
            ),
            ("https://idp.example", AddressPolicy.strict, AddressPolicy.strict),
            (
                "http://localhost:9", AddressPolicy(allowsLoopback: true, caBundlePath: "/ca"),
                AddressPolicy(allowsLoopback: true, caBundlePath: "/ca")
            ),
        ])
    func policy(issuer: String, policy: AddressPolicy, expected: AddressPolicy) async throws {
        let target = "http://169.254.169.254/latest/meta-data"
        let http = FakeHTTP([
            issuer + "/.well-known/openid-configuration": .json(#"{"issuer":"\#(issuer)","jwks_uri":"\#(target)"}"#),
            target: .failure(.refusedAddress),
        ])
        #expect(await problem(set(http, issuer: issuer, url: nil, policy: policy)) == .unreachable(.refusedAddress))
        #expect(http.sent.first?.policy == policy)
        #expect(http.sent.last?.url == target)
        #expect(http.sent.last?.policy == expected)
    }

    @Test("The place of the keys is looked for again after a failure and after an hour")
    func rediscovery() async throws {
        let http = FakeHTTP([
            Self.metadata: .json(#"{"issuer":"\#(Self.issuer)","jwks_uri":"\#(Self.url)"}"#),
            Self.url: try .keys([TestKey("k1")]),
        ])
        let set = set(http, url: nil)
        #expect(await ids(set, "k1") == ["k1"])
        clock.advance(60)
        #expect(await ids(set, "k2") == [])
        #expect(http.requests(to: Self.metadata) == 1)
        #expect(http.requests(to: Self.url) == 2)
        clock.advance(RemoteKeySet.discoveryAge + 1)
        #expect(await ids(set, "k1") == ["k1"])
        #expect(http.requests(to: Self.metadata) == 2)
        http.set(Self.url, .response(500, ""))
        clock.advance(60)
        #expect(await problem(set, "k2") == .status(500))
        clock.advance(60)
        #expect(await problem(set, "k2") == .status(500))
        #expect(http.requests(to: Self.metadata) == 3)
    }

    @Test("AU: when the keys cannot be had, tokens are answered with 503 and Retry-After")
    func unavailable() async throws {
        let harness = try AuthenticatorHarness()
        harness.http.set(AuthenticatorHarness.keysURL, .failure(.unreachable))
        let refusal = try #require(await harness.authenticate(try harness.token()).refusal)
        #expect(refusal.status == 503)
        #expect(refusal.error == nil)
        #expect(refusal.challenges.isEmpty)
        #expect(refusal.headers.contains { $0.name == "Retry-After" && $0.value == "5" })
    }
}
