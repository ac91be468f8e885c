// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import MCPTypes
import Observability
import Synchronization
import Testing

@testable import VirtualServer

/// A clock that only tests move.
final class TestClock: Sendable {
    private let time = Mutex(Date(timeIntervalSince1970: 1_800_000_000))

    var now: Date { time.withLock { $0 } }
    func advance(_ seconds: TimeInterval) { time.withLock { $0 += seconds } }
}

struct StateSealTests {
    private static let secrets = [Secret(String(repeating: "a", count: 32)), Secret(String(repeating: "b", count: 32))]
    private static let alice = Principal(issuer: "https://issuer.example", subject: "alice")

    private let clock = TestClock()

    private func seal(
        _ secrets: [Secret] = [Self.secrets[0]], audience: String = "https://gateway.example/mcp",
        refused: @escaping @Sendable (StateSeal.Refusal) -> Void = { _ in }
    ) -> StateSeal {
        StateSeal(secrets: secrets, audience: audience, now: { [clock] in clock.now }, refused: refused)
    }

    private func subject(
        _ method: MCPMethod = .toolsCall, _ target: String = "one_echo", _ arguments: String? = #"{"a":1,"b":[true]}"#,
        _ principal: Principal = Self.alice
    ) -> StateSubject {
        StateSubject(method: method, target: target, arguments: arguments.map { json($0) }, principal: principal)
    }

    private var later: Date { clock.now + 300 }

    private func refusal(
        _ text: String, as kinds: Set<StateSeal.Kind> = [.park, .relay, .recall], by secrets: [Secret]? = nil,
        audience: String = "https://gateway.example/mcp", for other: StateSubject? = nil
    ) -> StateSeal.Refusal? {
        let reason = Mutex<StateSeal.Refusal?>(nil)
        let seal = seal(secrets ?? [Self.secrets[0]], audience: audience) { why in reason.withLock { $0 = why } }
        do throws(RequestError) {
            _ = try seal.open(text, as: kinds, for: other ?? subject())
        } catch {
            #expect(error.code == .invalidParams)
            #expect(error.message == "Invalid or expired requestState")
            #expect(error.data?["reason"]?.string == "invalid_request_state")
            #expect(error.httpStatus == 400)
        }
        return reason.withLock { $0 }
    }

    @Test("A state opens for the same subject and gives back its fields", arguments: StateSeal.Kind.allCases)
    func roundTrip(kind: StateSeal.Kind) throws {
        let text = try seal().seal(kind, ["p": "park", "r": 3, "s": ""], for: subject(), expires: later)
        let state = try seal().open(text, as: [kind], for: subject())
        #expect(state.kind == kind)
        #expect(state.fields["p"]?.string == "park")
        #expect(state.fields["r"]?.int == 3)
        #expect(state.fields["s"]?.string == "")
        #expect(state.expires == later)
        #expect(state.issued == clock.now)
    }

    @Test("[GB-11] Every changed byte of a state is refused, in each of its ways")
    func flipped() throws {
        let text = try seal().seal(.park, ["p": "x"], for: subject(), expires: later)
        let bytes = Array(text.utf8)
        for index in bytes.indices {
            for mask in [0x01, 0x02, 0x20, 0x80] as [UInt8] {
                var changed = bytes
                changed[index] ^= mask
                // What is no text at all cannot arrive as a JSON string.
                guard let other = String(validating: changed, as: UTF8.self) else { continue }
                #expect(refusal(other) != nil, "byte \(index) mask \(mask)")
            }
        }
    }

    @Test("[GB-11] Whatever is added, cut, padded or respelled is refused")
    func respelled() throws {
        let text = try seal().seal(.relay, ["p": "???>>>~~~"], for: subject(), expires: later)
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        for other in [
            text + "-TAMPERED", text + "=", text + "A", " " + text, text + "\n", text + "\u{0}", "v1.", "", "v1",
            "v2." + text.dropFirst(3), String(text.dropLast()), String(text.dropFirst()), text + "." + text,
            "v1.AAAA", String(repeating: "v", count: 200_000), "V1." + text.dropFirst(3),
        ] + (standard == text ? [] : [standard]) {
            #expect(refusal(other) != nil, "\(other.prefix(40))")
        }
        for length in 0..<text.utf8.count { #expect(refusal(String(text.prefix(length))) != nil) }
    }

    @Test("[GB-11] A state is good for nobody and nothing else")
    func otherSubjects() throws {
        let text = try seal().seal(.park, [:], for: subject(), expires: later)
        #expect(refusal(text) == nil)
        let bob = Principal(issuer: "https://issuer.example", subject: "bob")
        let foreign = Principal(issuer: "https://other.example", subject: "alice")
        #expect(refusal(text, for: subject(.toolsCall, "one_echo", #"{"a":1,"b":[true]}"#, bob)) == .otherPrincipal)
        #expect(refusal(text, for: subject(.toolsCall, "one_echo", #"{"a":1,"b":[true]}"#, foreign)) == .otherPrincipal)
        #expect(
            refusal(text, for: subject(.toolsCall, "one_echo", #"{"a":1,"b":[true]}"#, .anonymous)) == .otherPrincipal)
        #expect(refusal(text, for: subject(.promptsGet)) == .otherMethod)
        #expect(refusal(text, for: subject(.toolsCall, "two_echo")) == .otherTarget)
        for arguments in [nil, "{}", #"{"a":2,"b":[true]}"#, #"{"a":"1","b":[true]}"#, #"{"a":1,"b":[true],"c":null}"#]
        {
            #expect(refusal(text, for: subject(.toolsCall, "one_echo", arguments)) == .otherArguments)
        }
        #expect(refusal(text, audience: "https://other.example/mcp") == .otherAudience)
        #expect(refusal(text, by: [Self.secrets[1]]) == .unknownKey)
        #expect(refusal(text, by: []) == .unknownKey)
    }

    @Test("A kind never opens in another code path")
    func kinds() throws {
        for kind in StateSeal.Kind.allCases {
            let text = try seal().seal(kind, [:], for: subject(), expires: later)
            let others = Set(StateSeal.Kind.allCases).subtracting([kind])
            #expect(refusal(text, as: others) == .otherKind)
            #expect(refusal(text, as: []) == .tooLong)
        }
    }

    @Test("The anonymous are one principal, and no named one")
    func anonymous() throws {
        let text = try seal().seal(.park, [:], for: subject(.toolsCall, "t", nil, .anonymous), expires: later)
        #expect(refusal(text, for: subject(.toolsCall, "t", "{}", .anonymous)) == nil)
        #expect(refusal(text, for: subject(.toolsCall, "t", nil)) == .otherPrincipal)
    }

    @Test("Issuer and subject are not run together")
    func boundary() throws {
        let left = Principal(issuer: "ab", subject: "c")
        let right = Principal(issuer: "a", subject: "bc")
        let text = try seal().seal(.park, [:], for: subject(.toolsCall, "t", nil, left), expires: later)
        #expect(refusal(text, for: subject(.toolsCall, "t", nil, right)) == .otherPrincipal)
    }

    @Test("A state ends at its second, and one from the future is refused beyond the skew of clocks")
    func time() throws {
        let text = try seal().seal(.park, [:], for: subject(), expires: clock.now + 300)
        clock.advance(299)
        #expect(refusal(text) == nil)
        clock.advance(1)
        #expect(refusal(text) == .expired)
        clock.advance(-360)
        #expect(refusal(text) == nil, "60 s before it was issued")
        clock.advance(-1)
        #expect(refusal(text) == .fromTheFuture)
    }

    @Test("Keys rotate: [old] → [old, new] → [new, old] → [new]")
    func rotation() throws {
        let (old, new) = (Self.secrets[0], Self.secrets[1])
        let before = try seal([old]).seal(.park, [:], for: subject(), expires: later)
        let announced = try seal([old, new]).seal(.park, [:], for: subject(), expires: later)
        let after = try seal([new, old]).seal(.park, [:], for: subject(), expires: later)
        for (text, opens) in [
            (before, [[old], [old, new], [new, old]]), (announced, [[old], [old, new], [new, old]]),
            (after, [[new], [old, new], [new, old]]),
        ] {
            for ring in opens { #expect(refusal(text, by: ring) == nil) }
        }
        #expect(refusal(before, by: [new]) == .unknownKey)
        #expect(refusal(announced, by: [new]) == .unknownKey)
        #expect(refusal(after, by: [old]) == .unknownKey)
    }

    @Test("Without a secret each process has a key of its own")
    func ownKey() throws {
        let one = seal([])
        let text = try one.seal(.park, [:], for: subject(), expires: later)
        _ = try one.open(text, for: subject())
        #expect(refusal(text, by: []) == .unknownKey)
    }

    @Test("Two states of the same content differ, and none shows what it holds")
    func opaque() throws {
        let fields: JSONObject = ["p": "needle"]
        let texts = try (0..<50).map { _ in try seal().seal(.park, fields, for: subject(), expires: later) }
        #expect(Set(texts).count == 50)
        for text in texts {
            let bytes = try #require(Base64URL.decode(String(text.dropFirst(3))))
            let shown = String(decoding: bytes, as: UTF8.self)
            for secret in ["needle", "alice", "one_echo", "gateway", "tools/call"] { #expect(!shown.contains(secret)) }
        }
    }

    @Test("A parked state stays within 1 KiB however long its target is, and still names it")
    func bound() throws {
        let fields: JSONObject = [
            "p": .string(String(repeating: "p", count: 22)), "r": 10, "n": .string(String(repeating: "n", count: 63)),
            "b": .string(String(repeating: "b", count: 22)),
        ]
        for target in [
            String(repeating: "t", count: 100_000), String(repeating: "\u{1}", count: 128),
            String(repeating: "é", count: 64),
        ] {
            let text = try seal().seal(.park, fields, for: subject(.resourcesRead, target, nil), expires: later)
            #expect(text.utf8.count <= 1024)
            #expect(refusal(text, for: subject(.resourcesRead, target, nil)) == nil)
            #expect(refusal(text, for: subject(.resourcesRead, target + "x", nil)) == .otherTarget)
        }
        let huge: JSONObject = ["p": .string(String(repeating: "p", count: 1024))]
        #expect(throws: RequestError.self) { try seal().seal(.park, huge, for: subject(), expires: later) }
        let relayed = try seal().seal(.relay, huge, for: subject(), expires: later)
        #expect(refusal(relayed) == nil)
    }

    @Test("A nonce source that gives too little makes no state")
    func badNonce() {
        let seal = StateSeal(secrets: Self.secrets, audience: "a", nonce: { [1, 2, 3] })
        #expect(throws: RequestError.self) { try seal.seal(.park, [:], for: subject(), expires: later) }
    }
}

struct ArgumentDigestTests {
    @Test(
        "Arguments that say the same have one digest",
        arguments: [
            [nil, "{}", "{ }"], [#"{"a":1,"b":2}"#, #"{"b":2,"a":1}"#, #"{ "b" : 2.0 , "\u0061" : 1e0 }"#],
            ["[1]", "[1.0]", "[1e0]", "[10e-1]", "[0.1E1]", "[0.1e+01]"], ["[0]", "[-0]", "[0.0]", "[-0e9]", "[0e99]"],
            [#""é""#, #""\u00e9""#], [#"{"é":1,"z":2}"#, #"{"z":2,"\u00e9":1}"#], ["[-12.50]", "[-1.25e1]"],
            ["[100000000000000000000]", "[1e20]", "[100000000000000000000.000]"],
        ] as [[String?]])
    func same(spellings: [String?]) {
        #expect(Set(spellings.map { ArgumentDigest.of($0.map { json($0) }) }).count == 1)
    }

    @Test("Arguments that say something else have another digest")
    func different() {
        let texts = [
            "{}", "[]", "null", "0", "1", "-1", "10", "0.1", #""1""#, "true", "false", #""""#, "[[]]", "[{}]",
            #"{"a":1}"#, #"{"A":1}"#, #"{"a":[1]}"#, #"{"a":1,"a":1}"#, #"{"a":1,"a":2}"#, #"{"a":2,"a":1}"#,
            "[1,2]", "[2,1]", "[12]", #"{"a":"b"}"#, #"{"a\":\"b":1}"#, "1e400", "1e401", #""\ud800""#, #""\ud801""#,
            #""�""#, #""é""#, #""e\u0301""#, "10000000000000000000001", "10000000000000000000002",
            "1e9999999999999999999", "1e99999999999999999999",
        ]
        #expect(Set(texts.map { ArgumentDigest.of(json($0)) }).count == texts.count)
    }
}
