// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import AuthServer

@Suite("The chain of legs")
struct LoginChainTests {
    typealias Bench = AuthorizationBench

    private let alice = ResolvedUser(id: "alice", name: nil, email: nil)
    private let now = Date(timeIntervalSince1970: 1)

    private func chain(_ upstreams: (String, Bool)...) -> LoginChain {
        LoginChain(upstreams.map { (provider: $0.0, isOptional: $0.1) })
    }

    private func provider(_ chain: LoginChain) -> String? {
        guard case .visit(let leg) = chain.step else { return nil }
        return leg.provider
    }

    @Test("legs come in their order, and the last one completes the login")
    func order() {
        var chain = chain(("a", false), ("b", false), ("c", true))
        #expect(provider(chain) == "a")
        #expect(chain.isAtFirstLeg)
        chain.identify(alice, at: now)
        #expect(provider(chain) == "b")
        chain.finish("b")
        #expect(provider(chain) == "c")
        let isLeftOut = chain.skip("c")
        #expect(isLeftOut)
        #expect(chain.step == .complete(alice, authenticatedAt: now))
        #expect(chain.firstOfSeveral == "a")
    }

    @Test("only the first leg decides who the user is, once")
    func identity() {
        var chain = chain(("a", false), ("b", false))
        chain.finish("b")
        #expect(provider(chain) == "a")
        chain.identify(alice, at: now)
        chain.identify(ResolvedUser(id: "bob", name: nil, email: nil), at: now + 9)
        #expect(chain.user == alice)
        #expect(chain.authenticatedAt == now)
    }

    @Test("required legs, the first one, finished ones and strangers cannot be skipped")
    func skipping() {
        var chain = chain(("a", true), ("b", false), ("c", true))
        var answers = [chain.skip("a")]
        chain.identify(alice, at: now)
        answers += [chain.skip("b"), chain.skip("x")]
        chain.finish("b")
        chain.finish("c")
        answers.append(chain.skip("c"))
        #expect(answers == [false, false, false, false])
        #expect(chain.step == .complete(alice, authenticatedAt: now))
    }

    @Test("a chain without legs is broken")
    func empty() {
        let chain = LoginChain([])
        #expect(chain.step == .broken)
        #expect(!chain.canContinue(at: "a", configured: ["a"]))
    }

    @Test("C18: a stored chain goes on only where it fits the configuration")
    func continuation() throws {
        var chain = chain(("a", false), ("b", false))
        #expect(chain.canContinue(at: "a", configured: ["a", "b"]))
        #expect(chain.canContinue(at: "a", configured: ["a", "new", "b", "c"]))
        #expect(!chain.canContinue(at: "b", configured: ["a", "b"]))
        #expect(!chain.canContinue(at: "a", configured: ["b", "a"]))
        #expect(!chain.canContinue(at: "a", configured: ["x", "a", "b"]))
        #expect(!chain.canContinue(at: "a", configured: ["a"]))
        chain.identify(alice, at: now)
        #expect(!chain.canContinue(at: "a", configured: ["a", "b"]))
        #expect(chain.canContinue(at: "b", configured: ["a", "b"]))
        chain.finish("b")
        #expect(!chain.canContinue(at: "b", configured: ["a", "b"]))
        #expect(!self.chain(("a", false), ("a", false)).canContinue(at: "a", configured: ["a", "b"]))
    }

    @Test(
        "a stored chain that says what cannot be issues nothing",
        arguments: [
            // The first leg open, but a user already there; done without a user; a later leg before the first.
            #"{"legs":[{"provider":"a","isOptional":false,"progress":"open"}],"user":{"id":"x"},"authenticatedAt":1}"#,
            #"{"legs":[{"provider":"a","isOptional":false,"progress":"done"}]}"#,
            #"{"legs":[{"provider":"a","isOptional":true,"progress":"skipped"}],"user":{"id":"x"},"authenticatedAt":1}"#,
            #"{"legs":[]}"#,
        ])
    func broken(_ json: String) throws {
        let chain = try JSONDecoder().decode(LoginChain.self, from: Data(json.utf8))
        #expect(chain.step == .broken)
    }

    @Test("C12, C13, C14: later legs carry the user of the first, with secrets of their own")
    func severalLegs() async throws {
        let bench = try Bench(upstreams: [FlowUpstream("corp"), FlowUpstream("git"), FlowUpstream("mail")])
        bench.upstreams[1].script { $0.result = .success("somebody-else") }
        let browser = FlowBrowser()
        var answer = try await bench.approve(browser)
        for host in ["git.idp.example", "mail.idp.example"] {
            bench.clock.advance(60)
            answer = try await bench.comeBack(from: answer, browser)
            #expect(answer.status == 302)
            #expect(answer.redirectTarget?.host == host)
        }
        bench.clock.advance(60)
        answer = try await bench.comeBack(from: answer, browser)
        #expect(answer.redirectTarget?.queryValue("code") != nil)

        let issued = try #require(bench.codes.issued.first)
        #expect(issued.user.id == "user-alice")
        #expect(issued.authenticatedAt == bench.clock.now - 120)
        let rows = try #require(bench.sessions.all.rows[issued.tsid])
        #expect(rows.map(\.provider) == ["corp", "git", "mail"])
        #expect(rows.map(\.userID) == ["user-alice", "user-alice", "user-alice"])
        #expect(rows[1].subject == "somebody-else")
        let visits = bench.upstreams.flatMap(\.visits)
        #expect(Set(visits.map(\.state)).count == 3)
        #expect(Set(visits.map(\.nonce)).count == 3)
        #expect(Set(visits.map(\.challenge)).count == 3)
        #expect(browser.jar.keys.allSatisfy { !$0.hasPrefix("__Host-asb-") })
        #expect(bench.log.lines("login").count == 3)
    }

    @Test(
        "AU-33: a leg whose scopes are refused is made again with less, whether it is optional or not",
        arguments: [false, true], ["at the browser", "at the token endpoint"])
    func refusedScopes(isOptional: Bool, place: String) async throws {
        let bench = try Bench(upstreams: [FlowUpstream("corp"), FlowUpstream("git", isOptional: isOptional)])
        bench.upstreams[1].script {
            $0.retreats = 1
            if place == "at the token endpoint" { $0.result = .failure(.refused(code: "invalid_scope")) }
        }
        let browser = FlowBrowser()
        let answer = try await bench.comeBack(from: try await bench.approve(browser), browser)
        let refusal: [String: String?] = place == "at the browser" ? ["error": "invalid_scope", "code": nil] : [:]
        let again = try await bench.comeBack(from: answer, browser, refusal)
        #expect(again.status == 302)
        #expect(again.redirectTarget?.host == "git.idp.example")
        #expect(again.redirectTarget?.queryValue("state") != answer.redirectTarget?.queryValue("state"))
        bench.upstreams[1].script { $0.result = .success("alice-at-git") }
        let done = try await bench.comeBack(from: again, browser)
        #expect(done.redirectTarget?.queryValue("code") != nil)
        let issued = try #require(bench.codes.issued.first)
        #expect(bench.sessions.all.rows[issued.tsid]?.map(\.provider) == ["corp", "git"])
        #expect(bench.sessions.all.skipped[issued.tsid] == nil)
        #expect(bench.log.lines("login").contains { $0.contains("tried again: invalid_scope") })
    }

    @Test("A leg that is refused with the least that it asks for fails, and so does one that is refused otherwise")
    func refusedForGood() async throws {
        for (error, retreats) in [("invalid_scope", 0), ("access_denied", 1)] {
            let bench = try Bench(upstreams: [FlowUpstream("corp"), FlowUpstream("git")])
            bench.upstreams[1].script { $0.retreats = retreats }
            let browser = FlowBrowser()
            let answer = try await bench.comeBack(from: try await bench.approve(browser), browser)
            let end = try await bench.comeBack(from: answer, browser, ["error": error, "code": nil])
            #expect(end.redirectTarget?.queryValue("error") == "access_denied")
            #expect(bench.codes.issued.isEmpty)
        }
    }

    @Test("threat 5: the second leg needs its own cookie, not the first one's")
    func bindingPerLeg() async throws {
        let bench = try Bench(upstreams: [FlowUpstream("corp"), FlowUpstream("git")])
        let browser = FlowBrowser()
        let first = try await bench.approve(browser)
        let second = try await bench.comeBack(from: first, browser)
        let victim = FlowBrowser()
        let state = try #require(second.redirectTarget?.queryValue("state"))
        // The value of the first leg under the name of the second, and under its own.
        let value = try #require(first.sentCookies.first { $0.name.hasPrefix("__Host-asb-") }?.value)
        victim.jar = ["__Host-asb-\(HandleTag.of(state))": value]
        #expect(try await bench.comeBack(from: second, victim).status == 400)
        #expect(try await bench.comeBack(from: second, browser).redirectTarget?.queryValue("code") != nil)
    }

    @Test("C13: tokens of the first leg that belong to somebody else by then end the login")
    func owner() async throws {
        let bench = try Bench(upstreams: [FlowUpstream("corp"), FlowUpstream("git")])
        let browser = FlowBrowser()
        let second = try await bench.comeBack(from: try await bench.approve(browser), browser)
        bench.sessions.set { $0.ownerOverride = "user-mallory" }
        let answer = try await bench.comeBack(from: second, browser)
        #expect(answer.redirectTarget?.queryValue("error") == "server_error")
        #expect(bench.codes.issued.isEmpty)
        #expect(bench.sessions.all.rows.isEmpty)
    }

    @Test("C15: a second leg that cannot be stored or asked for leaves no tokens")
    func secondLegFails() async throws {
        for isStorage in [true, false] {
            let bench = try Bench(upstreams: [FlowUpstream("corp"), FlowUpstream("git")])
            let browser = FlowBrowser()
            let first = try await bench.approve(browser)
            if isStorage {
                // The row of the first leg is deleted, the one of the second cannot be created.
                let filler = FlowStorage.Fault(writes: true, table: "pending")
                bench.upstreams[0].onExchange { bench.storage.fail(filler) }
            } else {
                bench.upstreams[1].script { $0.urlError = .unreachable }
            }
            let answer = try await bench.comeBack(from: first, browser)
            #expect(answer.redirectTarget?.queryValue("error") == "server_error")
            #expect(bench.sessions.all.rows.isEmpty)
            #expect(bench.sessions.all.deleted.count == 1)
        }
    }

    @Test("C16: a leg that is satisfied needs no visit")
    func satisfied() async throws {
        let bench = try Bench(upstreams: [FlowUpstream("corp"), FlowUpstream("git")])
        bench.sessions.set { $0.satisfied = ["git"] }
        #expect(try await bench.logIn(FlowBrowser()).redirectTarget?.queryValue("code") != nil)
        #expect(bench.upstreams[1].visits.isEmpty)
    }

    @Test("C17: not knowing whether a leg is satisfied fails closed")
    func unknownSatisfaction() async throws {
        let bench = try Bench(upstreams: [FlowUpstream("corp"), FlowUpstream("git", isOptional: true)])
        bench.sessions.set { $0.satisfiedError = .storage }
        #expect(try await bench.logIn(FlowBrowser()).redirectTarget?.queryValue("error") == "server_error")
        #expect(bench.sessions.all.rows.isEmpty)
    }

    @Test("C9, C19: a pending login of a provider that is not configured any more ends server_error")
    func reconfigured() async throws {
        let bench = try Bench(upstreams: [FlowUpstream("corp")])
        let browser = FlowBrowser()
        let leg = try await bench.approve(browser)
        let state = try #require(leg.redirectTarget?.queryValue("state"))
        let id = RecordStore.id(ofHandle: state)
        let stored = try #require(try await bench.records.load(PendingAuthorization.self, id))
        var changed = stored.record
        changed.provider = "gone"
        changed.login.chain = LoginChain([("gone", false)])
        _ = try await bench.records.replace(changed, id, version: stored.version, expires: stored.expires)
        let answer = try await bench.comeBack(from: leg, browser)
        #expect(answer.redirectTarget?.queryValue("error") == "server_error")
        #expect(bench.upstreams[0].exchanges.isEmpty)
        #expect(bench.sessions.all.deleted.count == 1)
    }

    struct Optional: Sendable, CustomTestStringConvertible {
        let name: String
        var script: @Sendable (inout FlowUpstream.Script) -> Void = { _ in }
        var answer: [String: String?] = [:]
        let reason: String
        var testDescription: String { name }
    }

    @Test(
        "an optional leg that fails is noted and left out",
        arguments: [
            Optional(name: "denied", answer: ["code": nil, "error": "access_denied"], reason: "access_denied"),
            Optional(name: "odd error", answer: ["code": nil, "error": "x<script>"], reason: "chain_failed"),
            Optional(name: "unreachable", script: { $0.result = .failure(.unreachable) }, reason: "network_error"),
            Optional(
                name: "refused", script: { $0.result = .failure(.refused(code: "invalid_grant")) },
                reason: "invalid_grant"),
            Optional(
                name: "odd refusal", script: { $0.result = .failure(.refused(code: "oops")) }, reason: "chain_failed"),
            Optional(name: "ID token", script: { $0.result = .failure(.invalidIDToken) }, reason: "chain_failed"),
            Optional(name: "metadata", script: { $0.issuerError = .unreachable }, reason: "network_error"),
        ])
    func optional(_ row: Optional) async throws {
        let bench = try Bench(
            upstreams: [FlowUpstream("corp"), FlowUpstream("git", isOptional: true), FlowUpstream("mail")])
        bench.upstreams[1].script(row.script)
        let browser = FlowBrowser()
        let git = try await bench.comeBack(from: try await bench.approve(browser), browser)
        #expect(git.redirectTarget?.host == "git.idp.example")
        let mail = try await bench.comeBack(from: git, browser, row.answer)
        #expect(mail.redirectTarget?.host == "mail.idp.example")
        let done = try await bench.comeBack(from: mail, browser)
        #expect(done.redirectTarget?.queryValue("code") != nil)
        let tsid = try #require(bench.codes.issued.first?.tsid)
        #expect(bench.sessions.all.skipped == [tsid: ["git": row.reason]])
        #expect(bench.sessions.all.rows[tsid]?.map(\.provider) == ["corp", "mail"])
        #expect(bench.log.lines("login").contains { $0.contains("reason=skipped: \(row.reason) ") })
    }

    @Test("an optional leg that cannot even be asked for is left out")
    func optionalUnreachable() async throws {
        let bench = try Bench(upstreams: [FlowUpstream("corp"), FlowUpstream("git", isOptional: true)])
        bench.upstreams[1].script { $0.urlError = .unreachable }
        #expect(try await bench.logIn(FlowBrowser()).redirectTarget?.queryValue("code") != nil)
        #expect(bench.sessions.all.skipped.values.first == ["git": "network_error"])
    }

    @Test("an answer of another issuer ends the login, on optional legs too")
    func optionalMixUp() async throws {
        let bench = try Bench(upstreams: [FlowUpstream("corp"), FlowUpstream("git", isOptional: true)])
        let browser = FlowBrowser()
        let git = try await bench.comeBack(from: try await bench.approve(browser), browser)
        let answer = try await bench.comeBack(from: git, browser, ["iss": "https://evil.example"])
        #expect(answer.redirectTarget?.queryValue("error") == "server_error")
        #expect(bench.sessions.all.rows.isEmpty)
    }

    @Test("the first leg is required even where it is called optional")
    func firstIsRequired() async throws {
        let bench = try Bench(upstreams: [FlowUpstream("corp", isOptional: true), FlowUpstream("git")])
        bench.upstreams[0].script { $0.result = .failure(.unreachable) }
        #expect(try await bench.logIn(FlowBrowser()).redirectTarget?.queryValue("error") == "server_error")
        #expect(bench.sessions.all.skipped.isEmpty)
    }

    @Test("C21: a made-up identity is carried like any other")
    func synthetic() async throws {
        let bench = try Bench(upstreams: [FlowUpstream("corp"), FlowUpstream("git")])
        bench.upstreams[0].script {
            $0.isSynthetic = true
            $0.result = .success("tk-1")
        }
        let browser = FlowBrowser()
        let git = try await bench.comeBack(from: try await bench.approve(browser), browser)
        #expect(try await bench.comeBack(from: git, browser).redirectTarget?.queryValue("code") != nil)
        #expect(bench.sessions.all.rows.values.first?.map(\.userID) == ["user-tk-1", "user-tk-1"])
    }
}
