// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import NIOCore
import Testing

@testable import AuthServer

/// Who acted for whom (RFC 8693 §4.1).
struct ActorChainTests {
    /// A chain of `count` actors, the newest first: `a0`, `a1` …
    static func chain(_ count: Int, name: (Int) -> String = { "a\($0)" }) -> JSONValue {
        var act: JSONObject?
        for index in (0..<count).reversed() {
            var object: JSONObject = ["iss": "i", "sub": .string(name(index)), "client_id": "dropped"]
            if let inner = act { object.append("act", .object(inner)) }
            act = object
        }
        return .object(act ?? [:])
    }

    @Test("Earlier actors follow the new one, with their names only")
    func earlier() async throws {
        let bench = try DelegationBench()
        let reply = await bench.exchange(try bench.own(["act": Self.chain(2)]))
        #expect(try reply.actors == ["\(DelegationBench.issuer) delegate", "i a0", "i a1"])
        #expect(try !reply.claims.description.contains("dropped"))
    }

    @Test("Ten actors are kept, and the oldest ones go", arguments: [8, 9, 10, 25])
    func depth(_ count: Int) async throws {
        let bench = try DelegationBench()
        let reply = await bench.exchange(try bench.own(["act": Self.chain(count)]))
        let expected = ["\(DelegationBench.issuer) delegate"] + (0..<min(count, 9)).map { "i a\($0)" }
        #expect(try reply.actors == expected)
    }

    @Test("Eight KiB of actors are too many")
    func size() async throws {
        let bench = try DelegationBench()
        let long = { (count: Int) in Self.chain(8) { _ in String(repeating: "x", count: count) } }
        #expect(await bench.exchange(try bench.own(["act": long(900)])).status == 200)
        let reply = await bench.exchange(try bench.own(["act": long(1100)]))
        #expect(reply.error == "invalid_request")
        #expect(bench.reasons == ["act_too_large"])
    }

    @Test("The bound is exact")
    func exactSize() throws {
        func claim(_ count: Int) throws -> Int {
            let chain = try ActorChain(
                [ActorChain.Actor(issuer: nil, subject: String(repeating: "x", count: count))], earlier: nil)
            return JSONSlice(try chain.claim()).bytes.readableBytes
        }
        #expect(try claim(8192 - 10) == 8192)
        #expect(throws: ActorChain.Failure.tooLarge) { try claim(8192 - 9) }
    }

    @Test(
        "An act that names nobody is refused",
        arguments: [
            "delegate", [:], [], ["sub": ""], ["sub": 7], ["client_id": "x"], ["sub": "a", "act": "b"],
            ["sub": "a", "act": ["iss": 3, "sub": "b"]], nil as JSONValue,
        ] as [JSONValue])
    func malformed(_ act: JSONValue) async throws {
        let bench = try DelegationBench()
        #expect(await bench.exchange(try bench.own(["act": .some(act)])).error == "invalid_request")
        #expect(bench.reasons == ["act"])
    }

    @Test("A token that its readers would not take is not made")
    func tooLarge() async throws {
        let bench = try DelegationBench()
        /// The longest that can be read itself, or shorter.
        func subject(shorterBy missing: Int = 0) throws -> String {
            func token(_ count: Int) throws -> String {
                try bench.own([
                    // Control characters take six bytes each.
                    "name": .string(String(repeating: "\u{1}", count: 1024)), "jti": "j", "scope": nil, "scp": nil,
                    "tsid": nil, "act": ["sub": .string(String(repeating: "x", count: count))],
                ])
            }
            let room = CompactJWS.maximumBytes - (try token(1)).utf8.count
            return try token(room * 3 / 4 - missing)
        }
        #expect(try (CompactJWS.maximumBytes - 8...CompactJWS.maximumBytes).contains(subject().utf8.count))
        #expect(await bench.exchange(try subject()).error == "invalid_request")
        #expect(bench.reasons == ["too_large"])
        #expect(await bench.exchange(try subject(shorterBy: 200)).status == 200)
    }

    @Test("Names of other lengths than people have are left out")
    func labels() async throws {
        let bench = try DelegationBench()
        let reply = await bench.exchange(
            try bench.own(["name": .string(String(repeating: "x", count: 1025)), "email": 7]))
        #expect(reply.status == 200)
        #expect(try reply.claims["name"] == nil)
        #expect(try reply.claims["email"] == nil)
    }
}
