// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage
import TestSupport
import Testing

@testable import AuthServer

@Suite("GET /oauth/callback")
struct CallbackEndpointTests {
    typealias Bench = AuthorizationBench

    struct Refusal: Sendable, CustomTestStringConvertible {
        let name: String
        let query: [(name: String, value: String)]
        let status: Int
        var testDescription: String { name }
    }

    @Test(
        "what cannot be an answer to a login is refused without looking at any row",
        arguments: [
            Refusal(name: "C1 no state", query: [("code", "c")], status: 400),
            Refusal(name: "C1 no state, error", query: [("error", "access_denied")], status: 502),
            Refusal(name: "empty state", query: [("state", ""), ("code", "c")], status: 400),
            Refusal(name: "C3 no code", query: [("state", "STATE")], status: 400),
            Refusal(name: "two states", query: [("state", "STATE"), ("state", "x"), ("code", "c")], status: 400),
            Refusal(name: "two codes", query: [("state", "STATE"), ("code", "c"), ("code", "d")], status: 400),
            Refusal(name: "two errors", query: [("state", "STATE"), ("error", "c"), ("error", "d")], status: 400),
            Refusal(
                name: "two issuers", query: [("state", "STATE"), ("code", "c"), ("iss", "a"), ("iss", "b")],
                status: 400),
        ])
    func malformed(_ row: Refusal) async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        let leg = try await bench.approve(browser)
        let state = try #require(leg.redirectTarget?.queryValue("state"))
        let calls = bench.storage.calls
        let answer = await bench.callback(row.query.map { ($0.name, $0.value == "STATE" ? state : $0.value) }, browser)
        #expect(answer.status == row.status)
        #expect(answer.header("location") == nil)
        #expect(answer.sentCookies.isEmpty)
        #expect(bench.storage.calls == calls)
        #expect(bench.log.lines("login").count == 1)
        #expect(try await bench.comeBack(from: leg, browser).status == 303)
    }

    @Test("C2: an unknown, used or expired state is 400, with an error 502")
    func unknown() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        #expect(await bench.callback([("state", "x"), ("code", "c")], browser).status == 400)
        #expect(await bench.callback([("state", "x"), ("error", "access_denied")], browser).status == 502)
        let leg = try await bench.approve(browser)
        bench.clock.advance(600)
        #expect(try await bench.comeBack(from: leg, browser).status == 400)
        let second = try await bench.approve(Bench.query(["prompt": "consent"]), browser)
        bench.clock.advance(599)
        #expect(try await bench.comeBack(from: second, browser).status == 303)
        #expect(try await bench.comeBack(from: second, browser).status == 400)
        #expect(bench.upstreams[0].exchanges.count == 1)
    }

    @Test("C4: an upstream's error ends the login: access_denied at the client, no row left")
    func upstreamError() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        let leg = try await bench.approve(browser)
        let answer = try await bench.comeBack(
            from: leg, browser, ["code": nil, "error": "access_denied", "error_description": "secret words of the IdP"])
        #expect(answer.status == 303)
        #expect(answer.redirectTarget?.queryValue("error") == "access_denied")
        #expect(answer.redirectTarget?.queryValue("state") == Bench.state)
        #expect(answer.redirectTarget?.queryValue("iss") == Bench.issuer)
        #expect(answer.header("location")?.contains("secret") == false)
        #expect(try await bench.count(PendingAuthorization.self) == 0)
        #expect(bench.sessions.all.deleted.count == 1)
        #expect(bench.upstreams[0].exchanges.isEmpty)
        #expect(bench.log.lines("login").count == 1)
    }

    @Test(
        "C5, C6, C8, threat 15: a failed exchange is server_error at the client and says nothing more",
        arguments: [
            UpstreamError.unreachable, .invalidResponse, .refused(code: "invalid_grant"), .invalidIDToken, .noSubject,
            .subjectChanged, .notConfigured,
        ])
    func exchangeFails(_ error: UpstreamError) async throws {
        let bench = try Bench()
        bench.upstreams[0].script { $0.result = .failure(error) }
        let answer = try await bench.logIn(FlowBrowser())
        #expect(answer.status == 303)
        #expect(answer.redirectTarget?.queryValue("error") == "server_error")
        #expect(answer.redirectTarget?.queryValue("error_description") == "The login could not be completed")
        #expect(bench.codes.issued.isEmpty)
        #expect(bench.sessions.all.rows.isEmpty)
        #expect(bench.sessions.all.deleted.count == 1)
    }

    @Test("C7: a user that cannot be resolved, tokens that cannot be kept, a code that cannot be made")
    func ownFailures() async throws {
        let breakages: [@Sendable (Bench) -> Void] = [
            { $0.accounts.fail(.storage) }, { $0.sessions.set { $0.storeError = .storage } },
            { $0.codes.fail(.storage) }, { $0.accounts.fail(OAuthError(.invalidRequest, "no")) },
        ]
        for breakage in breakages {
            let bench = try Bench()
            breakage(bench)
            let answer = try await bench.logIn(FlowBrowser())
            #expect(answer.redirectTarget?.queryValue("error") == "server_error")
            #expect(bench.sessions.all.rows.isEmpty)
            #expect(bench.sessions.all.deleted.count == 1)
            #expect(bench.codes.issued.isEmpty)
        }
    }

    @Test("tokens that cannot be deleted after a failure are reported to the operator")
    func cleanupFails() async throws {
        let bench = try Bench()
        bench.codes.fail(.storage)
        bench.sessions.set { $0.deleteError = .storage }
        _ = try await bench.logIn(FlowBrowser())
        #expect(bench.log.lines.contains { $0.message.hasPrefix("Tokens of a login that failed") })
    }

    @Test("AU-18, AU-19, C10: a finished login has a code, and its row is gone")
    func success() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        let answer = try await bench.logIn(Bench.query(["dpop_jkt": Bench.challenge]), browser)
        #expect(answer.status == 303)
        let location = try #require(answer.redirectTarget)
        #expect(location.withoutQuery == "https://app.example.net/cb")
        #expect(location.queryItems?.map(\.name) == ["tenant", "code", "state", "scope", "iss"])
        #expect(location.queryValue("code") == "issued-code-1")
        #expect(location.queryValue("state") == Bench.state)
        #expect(location.queryValue("scope") == "openid profile")
        #expect(location.queryValue("iss") == Bench.issuer)

        let issued = try #require(bench.codes.issued.first)
        #expect(issued.user == ResolvedUser(id: "user-alice", name: "Name of alice", email: nil))
        #expect(issued.tsid.count == 26)
        #expect(issued.authenticatedAt == bench.clock.now)
        #expect(issued.grant.clientID == Bench.web)
        #expect(issued.grant.clientFingerprint == "fingerprint-web-client")
        #expect(issued.grant.redirectURI == Bench.webURI)
        #expect(issued.grant.codeChallenge == Bench.challenge)
        #expect(issued.grant.resource == Bench.resource)
        #expect(issued.grant.dpopThumbprint == Bench.challenge)
        #expect(
            bench.sessions.all.rows == [
                issued.tsid: [.init(provider: "corp", userID: "user-alice", subject: "alice", clientID: Bench.web)]
            ])
        #expect(try await bench.count(PendingAuthorization.self) == 0)
        #expect(browser.jar.keys.allSatisfy { !$0.hasPrefix("__Host-asb-") })
        #expect(bench.log.lines("code").count == 1)
        #expect(bench.log.lines("login").count == 1)
    }

    @Test("the upstream gets the verifier and nonce of its own leg")
    func correlation() async throws {
        let bench = try Bench()
        _ = try await bench.logIn(FlowBrowser())
        let visit = try #require(bench.upstreams[0].visits.first)
        let exchange = try #require(bench.upstreams[0].exchanges.first)
        #expect(exchange.nonce == visit.nonce)
        #expect(CodeChallenge.of(verifier: exchange.verifier) == visit.challenge)
        #expect(exchange.code == "upstream-code-77")
        // RFC 7636, appendix B.
        #expect(CodeChallenge.of(verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == Bench.challenge)
    }

    @Test("a redirect URI that was left out is the one that is registered")
    func implicitURI() async throws {
        let bench = try Bench()
        let answer = try await bench.logIn(Bench.query(["redirect_uri": nil, "scope": "profile"]), FlowBrowser())
        #expect(answer.redirectTarget?.withoutQuery == "https://app.example.net/cb")
        #expect(bench.codes.issued.first?.grant.redirectURI == Bench.webURI)
    }

    @Test("C11: scopes that the client lost meanwhile are not granted")
    func scopes() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        let leg = try await bench.approve(browser)
        bench.clients.change(Bench.web) { $0.scopes = ["profile"] }
        let answer = try await bench.comeBack(from: leg, browser)
        #expect(answer.redirectTarget?.queryValue("scope") == "profile")
        #expect(bench.codes.issued.first?.grant.scopes == ["profile"])
    }

    @Test("a client that is gone, or has another redirect URI now, gets nothing, nowhere")
    func changedClient() async throws {
        let changes: [@Sendable (Bench) -> Void] = [
            { $0.clients.remove(Bench.web) },
            { $0.clients.change(Bench.web) { $0.redirectURIs = ["https://new.example/cb"] } },
        ]
        for change in changes {
            let bench = try Bench()
            let browser = FlowBrowser()
            let leg = try await bench.approve(browser)
            change(bench)
            let answer = try await bench.comeBack(from: leg, browser)
            #expect(answer.status == 400)
            #expect(answer.header("location") == nil)
            #expect(bench.codes.issued.isEmpty)
            #expect(bench.sessions.all.rows.isEmpty)
        }
    }

    @Test("C22: of 100 parallel identical callbacks one gets a code")
    func parallel() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        let leg = try await bench.approve(browser)
        let state = try #require(leg.redirectTarget?.queryValue("state"))
        bench.storage.gather(100, PendingAuthorization.table)
        let answers = await withTaskGroup(of: AuthResponse.self) { group in
            for _ in 0..<100 {
                let copy = browser.copy()
                group.addTask { await bench.callback([("state", state), ("code", "c")], copy) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count { $0.redirectTarget?.queryValue("code") != nil } == 1)
        #expect(answers.count { $0.status == 400 } == 99)
        #expect(bench.codes.issued.count == 1)
        #expect(bench.upstreams[0].exchanges.count == 1)
        #expect(bench.log.lines("code").count == 1)
    }

    @Test("C23, threat 4: in another browser nothing happens, and the first one can still finish")
    func otherBrowser() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        let leg = try await bench.approve(browser)
        let wrong = FlowBrowser()
        let visit = try #require(bench.upstreams[0].visits.first)
        for value in [nil, "", String(repeating: "A", count: 43)] {
            wrong.jar = value.map { ["__Host-asb-\(HandleTag.of(visit.state))": $0] } ?? [:]
            let answer = try await bench.comeBack(from: leg, wrong)
            #expect(answer.status == 400)
            #expect(answer.sentCookies.isEmpty)
        }
        #expect(try await bench.comeBack(from: leg, wrong, ["code": nil, "error": "access_denied"]).status == 400)
        #expect(try await bench.count(PendingAuthorization.self) == 1)
        #expect(bench.upstreams[0].exchanges.isEmpty)
        #expect(bench.log.lines("login").allSatisfy { $0.contains("outcome=denied") })
        #expect(try await bench.comeBack(from: leg, browser).redirectTarget?.queryValue("code") != nil)
    }

    @Test("a row without a binding, left by a server that did without, is nobody's here")
    func unbound() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        let leg = try await bench.approve(browser)
        let id = RecordStore.id(ofHandle: try #require(bench.upstreams[0].visits.first?.state))
        let stored = try #require(try await bench.records.load(PendingAuthorization.self, id))
        var unbound = stored.record
        unbound.browserBinding = nil
        _ = try await bench.records.replace(unbound, id, version: stored.version, expires: stored.expires)
        #expect(try await bench.comeBack(from: leg, browser).status == 400)
        #expect(bench.upstreams[0].exchanges.isEmpty)
    }

    @Test("every answer after the take clears the leg's cookie")
    func clearing() async throws {
        for changes in [[:], ["code": nil, "error": "x"], ["iss": "https://evil.example"]] as [[String: String?]] {
            let bench = try Bench()
            let browser = FlowBrowser()
            let leg = try await bench.approve(browser)
            let answer = try await bench.comeBack(from: leg, browser, changes)
            let cookie = try #require(answer.sentCookies.first)
            #expect(cookie.name.hasPrefix("__Host-asb-"))
            #expect(cookie.attributes == ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=0"])
        }
    }

    @Test("threat 15: an answer of another issuer is server_error, and no code is redeemed")
    func mixUp() async throws {
        for (required, sent) in [(nil, "https://evil.example"), ("https://idp.example", nil)] as [(String?, String?)] {
            let bench = try Bench()
            bench.upstreams[0].script { $0.issuer = required }
            let browser = FlowBrowser()
            let leg = try await bench.approve(browser)
            let answer = try await bench.comeBack(from: leg, browser, ["iss": sent])
            #expect(answer.redirectTarget?.queryValue("error") == "server_error")
            #expect(bench.upstreams[0].exchanges.isEmpty)
            #expect(bench.sessions.all.deleted.count == 1)
            let error = try await bench.approve(Bench.query(["prompt": "consent"]), browser)
            let denied = try await bench.comeBack(
                from: error, browser, ["iss": sent, "code": nil, "error": "access_denied"])
            #expect(denied.redirectTarget?.queryValue("error") == "server_error")
        }
    }

    @Test("a store that is down is a direct 500 before the row is taken, and the row is still there")
    func storageDown() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        let leg = try await bench.approve(browser)
        for fault in [FlowStorage.Fault(reads: true), .init(writes: true)] {
            bench.storage.fail(fault)
            let answer = try await bench.comeBack(from: leg, browser)
            #expect(answer.status == 500)
            #expect(answer.header("location") == nil)
        }
        bench.storage.fail(.init())
        #expect(try await bench.comeBack(from: leg, browser).redirectTarget?.queryValue("code") != nil)
        bench.clients.goDown()
        let second = try await bench.comeBack(from: leg, browser)
        #expect(second.status == 400)
    }

    @Test("a store that fails behind the take is server_error at the client")
    func storageDownLater() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        let leg = try await bench.approve(browser)
        bench.storage.fail(.init(reads: true, table: "consents"))
        #expect(try await bench.comeBack(from: leg, browser).redirectTarget?.queryValue("error") == "server_error")
        bench.storage.fail(.init())
        let second = try await bench.approve(Bench.query(["prompt": "consent"]), browser)
        bench.clients.goDown()
        #expect(try await bench.comeBack(from: second, browser).redirectTarget?.queryValue("error") == "server_error")
    }

    @Test("a pending row moved to another key, or read without the key, opens for nobody")
    func sealed() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        let leg = try await bench.approve(browser)
        let state = try #require(leg.redirectTarget?.queryValue("state"))
        let key = bench.records.key(PendingAuthorization.self, RecordStore.id(ofHandle: state))
        let row = try #require(try await bench.storage.load(key))
        #expect(!String(decoding: row.bytes, as: UTF8.self).contains("codeVerifier"))
        let moved = bench.records.key(PendingAuthorization.self, RecordStore.id(ofHandle: "mine"))
        _ = try await bench.storage.put(moved, row.bytes, expires: row.expires)
        #expect(await bench.callback([("state", "mine"), ("code", "c")], browser).status == 500)
    }
}
