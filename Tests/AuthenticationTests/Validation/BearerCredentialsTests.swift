// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Testing

@testable import Authentication

@Suite("The Authorization header")
struct BearerCredentialsTests {
    @Test(
        "R1, R6: what is refused before a token is looked at",
        arguments: [
            ([], 401, nil), ([""], 401, nil), (["Bearer"], 401, nil), (["Bearer "], 401, nil),
            (["Bearer    "], 401, nil),
            (["Basic dTpw"], 401, nil), (["Negotiate x"], 401, nil), (["BearerToken x"], 401, nil),
            (["Beare x"], 401, nil),
            ([" Bearer x"], 401, nil), (["Bearer\tx"], 401, nil), (["DPoP x"], 401, nil),
            (["Bearer a", "Bearer a"], 400, "invalid_request"), (["Bearer a", ""], 400, "invalid_request"),
            (["Bearer a b"], 400, "invalid_request"), (["Bearer a,b"], 400, "invalid_request"),
            (["Bearer a, Bearer b"], 400, "invalid_request"), (["Bearer a\r\nX: y"], 400, "invalid_request"),
            (["Bearer é"], 400, "invalid_request"), (["Bearer \u{212A}"], 400, "invalid_request"),
            (["Bearer a=b"], 400, "invalid_request"), (["Bearer =="], 400, "invalid_request"),
            (["Bearer \"a\""], 400, "invalid_request"), (["Bearer a\u{0}"], 400, "invalid_request"),
            (["Bearer a.b.c"], 401, "invalid_token"), (["bearer a=="], 401, "invalid_token"),
            (["BEARER  ~+/-._"], 401, "invalid_token"),
        ] as [([String], Int, String?)])
    func refused(headers: [String], status: Int, error: String?) async throws {
        let harness = try AuthenticatorHarness(isLocal: true)
        let request = BearerRequest(authorization: FieldLines(headers))
        let refusal = try #require(await harness.authenticator.authenticate(request).refusal)
        #expect(refusal.status == status)
        #expect(refusal.error == error)
        if let cached = harness.authenticator.cached(request) { #expect(cached.refusal?.status == status) }
        #expect((refusal.challenges.first?.contains("error=") ?? false) == (error != nil))
    }

    @Test("Header lines are told apart: none, one, and several, of which nobody may choose one")
    func lines() {
        var lines = FieldLines.none
        #expect(lines.all == [] && lines == [])
        lines.append("a")
        #expect(lines == .one("a") && lines.all == ["a"] && lines == ["a"])
        lines.append("")
        lines.append("a")
        #expect(lines == .several(["a", "", "a"]) && lines.all == ["a", "", "a"])
        #expect(FieldLines([]) == .none && FieldLines(["b"]) == .one("b") && FieldLines(["b", "c"]) == ["b", "c"])
    }

    @Test("AU-06: a token in the query is refused even beside a good one")
    func tokenInQuery() async throws {
        let harness = try AuthenticatorHarness(isLocal: true)
        var request = BearerRequest(authorization: ["Bearer \(try harness.token())"], hasTokenInQuery: true)
        #expect(await harness.authenticator.authenticate(request).refusal?.status == 400)
        #expect(harness.authenticator.cached(request)?.refusal?.error == "invalid_request")
        request.hasTokenInQuery = false
        #expect(await harness.authenticator.authenticate(request).principal != nil)
    }

    @Test(
        "A token in a query is found however it is spelt",
        arguments: [
            ("access_token=x", true), ("a=b&access_token=x", true), ("access_token", true), ("access%5Ftoken=x", true),
            ("%61ccess_token=x", true), ("a=1;access_token=x", true), ("", false), ("token=x", false),
            ("xaccess_token=x", false), ("a=access_token", false), ("ACCESS_TOKEN=x", false), ("access%5", false),
        ])
    func query(query: String, expected: Bool) {
        #expect(BearerRequest.hasToken(inQuery: query) == expected)
    }

    @Test("No header, however strange, gets past the parser or ends the process")
    func fuzz() async throws {
        let harness = try AuthenticatorHarness(isLocal: true)
        let good = "Bearer \(try harness.token())"
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("BearerDPoP  \t\r\n\"\\,=.;-_~+/0aé\u{0}\u{FEFF}\u{202E}eyJ")
        for round in 0..<3000 {
            var text = ""
            if round.isMultiple(of: 2) {
                for _ in 0..<Int.random(in: 0..<40, using: &generator) {
                    text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
                }
            } else {
                // A good header with one character that does not belong.
                var characters = Array(good)
                let position = Int.random(in: 0..<characters.count, using: &generator)
                characters[position] = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                text = String(characters)
                if text == good || text.lowercased().hasPrefix("bearer ") && text.dropFirst(7) == good.dropFirst(7) {
                    continue
                }
            }
            let request = BearerRequest(authorization: [text])
            let outcome = await harness.authenticator.authenticate(request)
            let refusal = try #require(outcome.refusal, "\(text.debugDescription)")
            #expect(refusal.status == 400 || refusal.status == 401)
            for value in refusal.challenges { #expect(value.utf8.allSatisfy { (0x20...0x7E).contains($0) }) }
        }
    }

    @Test(
        "Only what looks like a JWS is treated as one",
        arguments: [
            ("eyJhbGciOiJFUzI1NiJ9.e30.c2ln", true), ("eyAiYSI6MX0.e30.x", true), ("ewoiYSI6MX0.e30.x", true),
            ("ya29.a0Af.xyz", false), ("gho_abc", false), ("a.b.c", false), ("eyJ.a", false), ("eyJ.a.b.c.d", false),
            ("e", false), ("", false),
        ])
    func shape(token: String, expected: Bool) throws {
        guard !token.isEmpty else { return }
        let credentials = try BearerCredentials(BearerRequest(authorization: ["Bearer \(token)"]), acceptsDPoP: false)
        #expect(credentials.isJWT == expected)
    }
}

@Suite("Scopes")
struct ScopeTests {
    @Test(
        "AU-07, R5: a token without every required scope is answered with all of them",
        arguments: [
            (["mcp"], true), (["mcp", "read"], true), (["mcp", "write"], false), (["write"], false), ([], true),
            (["offline_access"], true), (["mcp", "offline_access"], true), (["MCP"], false),
        ])
    func required(scopes: [String], accepted: Bool) async throws {
        let harness = try AuthenticatorHarness(isLocal: true) { $0.scopes = ScopeRules(required: scopes) }
        let token = try harness.token()
        for _ in 0..<2 {
            let outcome = await harness.authenticate(token)
            #expect((outcome.principal != nil) == accepted)
            guard let refusal = outcome.refusal else { continue }
            #expect(refusal.status == 403)
            #expect(refusal.error == "insufficient_scope")
            let challenge = try #require(refusal.challenges.first)
            #expect(challenge.contains(#"scope="\#(scopes.joined(separator: " "))""#))
            #expect(challenge.contains("resource_metadata="))
        }
        #expect((harness.cached(token)?.principal != nil) == accepted)
    }

    @Test("AU-08, R12: a broader scope stands for narrower ones, over several steps and around circles")
    func hierarchy() {
        let rules = ScopeRules(
            required: ["read"], implied: ["admin": ["write"], "write": ["read", "admin"], "x": ["y"]])
        #expect(rules.allows(["admin"]))
        #expect(rules.allows(["write"]))
        #expect(rules.allows(["read"]))
        #expect(!rules.allows(["x", "y"]))
        #expect(!rules.allows([]))
        #expect(rules.includes(["read", "write"], in: ["admin"]))
        #expect(!rules.includes(["write"], in: ["read"]))
    }

    @Test("R11: offline_access and repetitions are neither asked for nor advertised")
    func advertised() throws {
        let rules = ScopeRules(required: ["a", "offline_access", "b", "a", ""])
        #expect(rules.required == ["a", "b"])
        let harness = try AuthenticatorHarness { $0.scopes = rules }
        let refusal = harness.authenticator.challenge(scopes: ["c", "a", "offline_access"])
        #expect(refusal.status == 403)
        #expect(refusal.challenges.first?.contains(#"scope="a b c""#) == true)
    }

    @Test("scope and scp are read as text and as lists")
    func claims() async throws {
        let harness = try AuthenticatorHarness(isLocal: true)
        for (scope, scp, expected) in [
            ("a b", .none, ["a", "b"]), (.none, ["a", "b"], ["a", "b"]), (.none, "a b", ["a", "b"]),
            ("a  b ", ["c"], ["a", "b", "c"]), ("", [], []), (["a", "b c"], .none, ["a", "b", "c"]), (.none, .none, []),
        ] as [(JSONValue?, JSONValue?, Set<String>)] {
            let token = try harness.token(["scope": scope, "scp": scp])
            #expect(await harness.authenticate(token).principal?.scopes == expected)
        }
    }
}
