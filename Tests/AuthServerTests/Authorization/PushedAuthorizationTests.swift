// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage
import Testing

@testable import AuthServer

@Suite("POST /oauth/par")
struct PushedAuthorizationTests {
    typealias Bench = AuthorizationBench

    private func uri(_ answer: AuthResponse) throws -> String {
        let json = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        #expect(json["expires_in"] as? Int == 60)
        #expect(json.count == 2)
        return try #require(json["request_uri"] as? String)
    }

    private func use(_ uri: String, client: String = Bench.web) -> [(name: String, value: String)] {
        [("client_id", client), ("request_uri", uri)]
    }

    @Test("a pushed request gets a URI that is good for one use, by its client")
    func happyPath() async throws {
        let bench = try Bench { $0.pushedRequests = .required }
        let pushed = await bench.push(Bench.query())
        #expect(pushed.status == 201)
        #expect(pushed.header("content-type") == "application/json")
        let uri = try uri(pushed)
        #expect(uri.hasPrefix("urn:ietf:params:oauth:request_uri:"))
        #expect(uri.utf8.count == PushedRequests.uriPrefix.utf8.count + 43)
        let browser = FlowBrowser()
        #expect(try await bench.logIn(use(uri), browser).redirectTarget?.queryValue("state") == Bench.state)
        #expect(bench.codes.issued.first?.grant.scopes == ["openid", "profile"])
        let again = await bench.authorize(use(uri), browser)
        #expect(again.status == 400)
        #expect(again.toldError == "invalid_request_uri")
        #expect(bench.log.lines("authorize").map { $0.contains("outcome=success") } == [true, true, false])
    }

    @Test("only what was pushed counts, whatever the browser adds")
    func onlyPushed() async throws {
        let bench = try Bench()
        let uri = try uri(await bench.push(Bench.query(["scope": "openid", "nonsense": "x"])))
        let query =
            use(uri) + [
                ("scope", "openid email offline_access"), ("state", "attacker"),
                ("redirect_uri", "https://evil.example"),
                ("resource", "https://evil.example"), ("request", "eyJ"), ("prompt", "none"), ("scope", "twice"),
            ]
        #expect(await bench.authorize(query).status == 200)
        #expect(bench.rendering.consents.last?.scopes == ["openid"])
    }

    @Test("a pushed request of another client is used up, and refused")
    func otherClient() async throws {
        let bench = try Bench()
        // Even one with the same redirect URI.
        bench.clients.change(Bench.document) { $0.redirectURIs.append(Bench.webURI) }
        let uri = try uri(await bench.push(Bench.query()))
        let answer = await bench.authorize(use(uri, client: Bench.document))
        #expect(answer.status == 400)
        #expect(answer.toldError == "invalid_request")
        #expect(answer.header("location") == nil)
        #expect(await bench.authorize(use(uri)).toldError == "invalid_request_uri")
    }

    @Test("a pushed request lives for a minute")
    func expiry() async throws {
        let bench = try Bench()
        let first = try uri(await bench.push(Bench.query()))
        let second = try uri(await bench.push(Bench.query()))
        bench.clock.advance(59)
        #expect(await bench.authorize(use(first)).status == 200)
        bench.clock.advance(1)
        #expect(await bench.authorize(use(second)).toldError == "invalid_request_uri")
    }

    @Test("of parallel uses one counts")
    func parallel() async throws {
        let bench = try Bench()
        let query = use(try uri(await bench.push(Bench.query())))
        let statuses = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { await bench.authorize(query).status } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 200 } == 1)
        #expect(statuses.count { $0 == 400 } == 49)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let name: String
        var changes: [String: String?] = [:]
        var extra: [(name: String, value: String)] = []
        var client = Bench.web
        var status = 400
        let error: String
        var testDescription: String { name }
    }

    @Test(
        "what authorize would refuse is refused as JSON with the same code",
        arguments: [
            Refusal(name: "no client", changes: ["client_id": nil], error: "invalid_request"),
            Refusal(name: "unknown client", changes: ["client_id": "x"], status: 401, error: "invalid_client"),
            Refusal(name: "no secret", client: "confidential", status: 401, error: "invalid_client"),
            Refusal(
                name: "wrong secret", changes: ["client_secret": "x"], client: "confidential", status: 401,
                error: "invalid_client"),
            Refusal(
                name: "secret of a public client", changes: ["client_secret": "x"], status: 401,
                error: "invalid_client"),
            Refusal(
                name: "request_uri", changes: ["request_uri": PushedRequests.uriPrefix + "x"],
                error: "invalid_request"),
            Refusal(name: "request", changes: ["request": "eyJ"], error: "invalid_request"),
            Refusal(name: "redirect", changes: ["redirect_uri": "https://evil.example"], error: "invalid_request"),
            Refusal(name: "repeated", extra: [("scope", "openid")], error: "invalid_request"),
            Refusal(name: "response type", changes: ["response_type": "token"], error: "unsupported_response_type"),
            Refusal(name: "response mode", changes: ["response_mode": "form_post"], error: "unsupported_response_mode"),
            Refusal(name: "challenge", changes: ["code_challenge": nil], error: "invalid_request"),
            Refusal(name: "plain", changes: ["code_challenge_method": "plain"], error: "invalid_request"),
            Refusal(name: "scope", changes: ["scope": "admin"], error: "invalid_scope"),
            Refusal(name: "resource", changes: ["resource": "https://other.example"], error: "invalid_target"),
            Refusal(name: "state", changes: ["state": "\u{7}"], error: "invalid_request"),
            Refusal(name: "dpop_jkt", changes: ["dpop_jkt": "x"], error: "invalid_request"),
            Refusal(name: "prompt", changes: ["prompt": "none"], error: "login_required"),
        ])
    func refusals(_ row: Refusal) async throws {
        let bench = try Bench()
        let answer = await bench.push(Bench.query(row.changes, client: row.client) + row.extra)
        #expect(answer.status == row.status)
        #expect(answer.toldError == row.error)
        #expect(answer.header("location") == nil)
        #expect(try await bench.count(PushedRequest.self) == 0)
        #expect(bench.log.lines("authorize").count == 1)
        #expect(bench.log.lines("authorize")[0].contains("reason=\(row.error) "))
    }

    @Test("a confidential client pushes with its secret")
    func confidential() async throws {
        let bench = try Bench()
        let form = Bench.query(["client_secret": Bench.secret], client: "confidential")
        #expect(await bench.push(form).status == 201)
    }

    @Test("the key of a proof, of dpop_jkt, or of both when they agree is the code's")
    func thumbprints() async throws {
        let other = String(repeating: "k", count: 43)
        let rows: [(ProofCheck.Result, named: String?, bound: String?)] = [
            (.absent, nil, nil), (.absent, Bench.challenge, Bench.challenge), (.valid(thumbprint: other), nil, other),
            (.valid(thumbprint: other), other, other),
        ]
        for (proof, named, bound) in rows {
            let bench = try Bench()
            bench.proofs.answer(ProofCheck(proof, headers: [("DPoP-Nonce", "next")]))
            let pushed = await bench.push(Bench.query(["dpop_jkt": named]))
            #expect(pushed.header("dpop-nonce") == "next")
            _ = try await bench.logIn(use(try uri(pushed)), FlowBrowser())
            #expect(bench.codes.issued.first?.grant.dpopThumbprint == bound)
            #expect(bench.proofs.asked.map(\.endpoint) == ["https://auth.example.com/oauth/par"])
        }
    }

    @Test("a proof that is refused, or of another key than dpop_jkt, is an error with the nonce to use")
    func badProofs() async throws {
        let nonce = OAuthError(.useDPoPNonce, "Use the nonce")
        let rows: [(ProofCheck.Result, String)] = [
            (.valid(thumbprint: String(repeating: "k", count: 43)), "invalid_dpop_proof"),
            (.refused(nonce), "use_dpop_nonce"),
        ]
        for (result, error) in rows {
            let bench = try Bench()
            bench.proofs.answer(ProofCheck(result, headers: [("DPoP-Nonce", "next")]))
            let answer = await bench.push(Bench.query(["dpop_jkt": Bench.challenge]))
            #expect(answer.status == 400)
            #expect(answer.toldError == error)
            #expect(answer.header("dpop-nonce") == "next")
            #expect(try await bench.count(PushedRequest.self) == 0)
        }
    }

    @Test("a proof is demanded by the setting or by the registration, and ignored when switched off")
    func demand() async throws {
        for (mode, client, expected) in [
            (AuthServerSettings.Requirement.optional, Bench.web, [false]), (.required, Bench.web, [true]),
            (.optional, "bound-client", [true]), (.off, "bound-client", []),
        ] {
            let bench = try Bench { $0.dpop = mode }
            bench.proofs.answer(ProofCheck(.valid(thumbprint: Bench.challenge)))
            let pushed = await bench.push(Bench.query(client: client))
            #expect(bench.proofs.asked.map(\.isRequired) == expected)
            _ = try await bench.logIn(use(try uri(pushed), client: client), FlowBrowser())
            #expect((bench.codes.issued.first?.grant.dpopThumbprint == nil) == (mode == .off))
        }
    }

    @Test("switched off there is nothing here, and no URI of it means anything")
    func off() async throws {
        let bench = try Bench { $0.pushedRequests = .off }
        #expect(await bench.push(Bench.query()).status == 404)
        let calls = bench.storage.calls
        let answer = await bench.authorize(use(PushedRequests.uriPrefix + "x"))
        #expect(answer.toldError == "invalid_request_uri")
        #expect(bench.storage.calls == calls)
    }

    @Test("a store that is down or full says so and keeps nothing")
    func storage() async throws {
        let bench = try Bench()
        let uri = try uri(await bench.push(Bench.query()))
        bench.storage.fail(.init(writes: true))
        let down = await bench.push(Bench.query())
        #expect(down.status == 500)
        #expect(down.toldError == "server_error")
        let use = await bench.authorize(self.use(uri))
        #expect(use.status == 500)
        #expect(use.header("location") == nil)
        bench.storage.fail(.init())
        for index in 1..<PushedRequests.capacity {
            _ = try await bench.storage.create(
                bench.records.key(PushedRequest.self, "filler-\(index)"), [0], expires: bench.clock.now + 60)
        }
        let full = await bench.push(Bench.query())
        #expect(full.status == 503)
        #expect(full.toldError == "temporarily_unavailable")
        bench.clock.advance(60)
        #expect(await bench.push(Bench.query()).status == 201)
    }

    @Test("what the client lost since it pushed is not granted")
    func changedRegistration() async throws {
        let bench = try Bench()
        let uri = try uri(await bench.push(Bench.query()))
        bench.clients.change(Bench.web) { $0.redirectURIs = ["https://new.example/cb"] }
        let answer = await bench.authorize(use(uri))
        #expect(answer.status == 400)
        #expect(answer.header("location") == nil)
    }
}
