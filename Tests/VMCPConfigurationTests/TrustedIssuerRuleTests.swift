// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

struct TrustedIssuerRuleTests {
    private static let delegation = "expected_audience: 'https://hub.example.com/mcp', allowed_delegate_clients: [a]"
    private static let binding = "{subject: s, allowed_resources: ['https://hub.example.com/mcp']}"

    private static func issuers(_ items: String...) -> KeyValuePairs<String, String> {
        ["trusted_issuers": "trusted_issuers:\n" + items.map { "  - {\($0)}" }.joined(separator: "\n")]
    }

    private static func issuer(_ members: String) -> KeyValuePairs<String, String> {
        issuers("issuer_url: 'https://i', \(members)")
    }

    private static func grant(_ members: String) -> KeyValuePairs<String, String> {
        issuer("jwt_bearer_grant: {\(members)}")
    }

    private static let first = "trusted_issuers[0]"

    static let issuerCases: [AuthServerCase] = [
        AuthServerCase("1.12 issuer", issuers(delegation), "\(first).issuer_url", "is required", at: "{"),
        AuthServerCase(
            "1.12 http", issuers("issuer_url: 'http://i', \(delegation)"), "\(first).issuer_url", "is not https",
            at: "'http:"),
        AuthServerCase(
            "1.12 no loopback", issuers("issuer_url: 'http://localhost:1', \(delegation)"), "\(first).issuer_url",
            "is not https", at: "'http:"),
        AuthServerCase(
            "1.12 query", issuers("issuer_url: 'https://i?a', \(delegation)"), "\(first).issuer_url", "has a query",
            at: "'https:"),
        AuthServerCase(
            "1.12 own", issuers("issuer_url: 'https://hub.example.com', \(delegation)"), "\(first).issuer_url",
            "is this server itself", at: "'https:"),
        AuthServerCase(
            "1.12 duplicate",
            issuers("issuer_url: 'https://i', \(delegation)", "issuer_url: 'https://i', \(delegation)"),
            "trusted_issuers[1].issuer_url", "is listed already", at: "'https:"),
        AuthServerCase(
            "1.12 audience", issuer("allowed_delegate_clients: [a]"), "\(first).expected_audience", "is required",
            at: "{"),
        AuthServerCase(
            "1.12 jwks http", issuer("jwks_url: 'http://i/k', \(delegation)"), "\(first).jwks_url", "is not https",
            at: "'http:"),
        AuthServerCase(
            "1.12 jwks userinfo", issuer("jwks_url: 'https://u:p@i/k', \(delegation)"), "\(first).jwks_url",
            "has user information", at: "'https:"),
        AuthServerCase(
            "1.12 jwks private", issuer("jwks_url: 'https://10.1.2.3/k', \(delegation)"), "\(first).jwks_url",
            "has a private address", at: "'https:"),
        AuthServerCase(
            "1.12 jwks loopback", issuer("jwks_url: 'https://[::1]/k', \(delegation)"), "\(first).jwks_url",
            "has a private address", at: "'https:"),
        AuthServerCase(
            "1.12 jwks mapped", issuer("jwks_url: 'https://[::ffff:127.0.0.1]/k', \(delegation)"),
            "\(first).jwks_url", "has a private address", at: "'https:"),
        AuthServerCase(
            "1.12 private needs jwks", issuer("allow_private_ips: true, \(delegation)"),
            "\(first).allow_private_ips", "needs jwks_url", at: "true"),
        AuthServerCase(
            "1.12 actor claim", issuer("actor_claim: sub, \(delegation)"), "\(first).actor_claim",
            "says something else", at: "sub"),
        AuthServerCase(
            "1.12 delegates", issuer("expected_audience: 'https://hub.example.com/mcp'"),
            "\(first).allowed_delegate_clients", "is required", at: "{"),
        AuthServerCase(
            "1.12 delegates empty",
            issuer("expected_audience: 'https://hub.example.com/mcp', allowed_delegate_clients: []"),
            "\(first).allowed_delegate_clients", "is required", at: "allowed_delegate_clients"),
        AuthServerCase(
            "1.12 delegates text",
            issuer("expected_audience: 'https://hub.example.com/mcp', allowed_delegate_clients: [a, '']"),
            "\(first).allowed_delegate_clients[1]", "is empty", at: "''"),
        AuthServerCase(
            "1.12 wildcard",
            issuer("expected_audience: 'https://hub.example.com/mcp', allowed_delegate_clients: [a, '*']"),
            "\(first).allowed_delegate_clients", "write it alone", at: "allowed_delegate_clients"),
        AuthServerCase(
            "1.12 may_act",
            issuer(
                "expected_audience: 'https://hub.example.com/mcp', allowed_delegate_clients: ['*'], "
                    + "allow_may_act: true"), "\(first).allow_may_act", "does not go together", at: "true"),
    ]

    static let grantCases: [AuthServerCase] =
        [
            AuthServerCase(
                "1.12 age", grant("subject_bindings: [\(binding)]"), "\(first).jwt_bearer_grant.max_assertion_age",
                "is required", at: "jwt_bearer_grant"),
            AuthServerCase(
                "1.12 age zero", grant("max_assertion_age: 0s, subject_bindings: [\(binding)]"),
                "\(first).jwt_bearer_grant.max_assertion_age", "is not positive", at: "0s"),
            AuthServerCase(
                "1.12 bindings", grant("max_assertion_age: 5m"), "\(first).jwt_bearer_grant.subject_bindings",
                "is required", at: "jwt_bearer_grant"),
            AuthServerCase(
                "1.12 bindings empty", grant("max_assertion_age: 5m, subject_bindings: []"),
                "\(first).jwt_bearer_grant.subject_bindings", "is empty", at: "subject_bindings"),
            AuthServerCase(
                "1.12 subject",
                grant(
                    "max_assertion_age: 5m, subject_bindings: [{allowed_resources: ['https://hub.example.com/mcp']}]"),
                "\(first).jwt_bearer_grant.subject_bindings[0].subject", "is required", at: "{allowed"),
            AuthServerCase(
                "1.12 subject wildcard",
                grant(
                    "max_assertion_age: 5m, subject_bindings: "
                        + "[{subject: '*', allowed_resources: ['https://hub.example.com/mcp']}]"),
                "\(first).jwt_bearer_grant.subject_bindings[0].subject", "\"*\" is not allowed", at: "'*'"),
            AuthServerCase(
                "1.12 subject twice", grant("max_assertion_age: 5m, subject_bindings: [\(binding), \(binding)]"),
                "\(first).jwt_bearer_grant.subject_bindings[1].subject", "is listed already", at: "s,"),
            AuthServerCase(
                "1.12 resources",
                grant("max_assertion_age: 5m, subject_bindings: [{subject: s, allowed_resources: []}]"),
                "\(first).jwt_bearer_grant.subject_bindings[0].allowed_resources", "is empty", at: "allowed_resources"),
            AuthServerCase(
                "1.12 resource wildcard",
                grant("max_assertion_age: 5m, subject_bindings: [{subject: s, allowed_resources: ['*']}]"),
                "\(first).jwt_bearer_grant.subject_bindings[0].allowed_resources[0]", "\"*\" is not allowed here",
                at: "'*'"),
            AuthServerCase(
                "1.12 resource subset",
                grant("max_assertion_age: 5m, subject_bindings: [{subject: s, allowed_resources: ['https://x/mcp']}]"),
                "\(first).jwt_bearer_grant.subject_bindings[0].allowed_resources[0]", "is not an allowed audience",
                at: "'https://x"),
            AuthServerCase(
                "1.12 accepted",
                grant("max_assertion_age: 5m, subject_bindings: [\(binding)], accepted_audiences: [hub]"),
                "\(first).jwt_bearer_grant.accepted_audiences[0]", "is not a web address", at: "hub"),
            AuthServerCase(
                "1.12 disjoint",
                grant(
                    "max_assertion_age: 5m, subject_bindings: [\(binding)], "
                        + "accepted_audiences: ['https://hub.example.com/mcp']"),
                "\(first).jwt_bearer_grant.accepted_audiences[0]", "is one of allowed_audiences", at: "'https://hub"),
        ]
        + [
            ("'claims.azp =='", "expected a value, found the end (line 1, column 14)"),
            ("'azp == 1'", "\"azp\" is not declared; the only variable is \"claims\" (line 1, column 1)"),
            ("'claims.azp.lowerAscii() == \"a\"'", "there is no method \"lowerAscii\" (line 1, column 12)"),
        ].map { (text: String, message: String) in
            AuthServerCase(
                "1.12 matcher", issuer("actor_matcher: \(text), \(delegation)"), "\(first).actor_matcher",
                "is not a CEL expression over claims: \(message)", at: text)
        }
        + [
            ("actor_claim: azp", "azp"), ("actor_matcher: 'true'", "'true'"), ("allow_may_act: true", "true"),
            ("allowed_actors: [a]", "allowed_actors"),
        ].map { text, marker in
            let key = String(text.prefix { $0 != ":" })
            return AuthServerCase(
                "1.12 delegation without audience",
                issuer("\(text), jwt_bearer_grant: {max_assertion_age: 5m, subject_bindings: [\(binding)]}"),
                "\(first).\(key)", "needs expected_audience", at: marker)
        }

    private static func client(_ members: String) -> KeyValuePairs<String, String> {
        ["delegate_clients": "delegate_clients:\n  - {\(members)}"]
    }

    private static let secret = ["S": AuthServerText.longSecret]
    private static let rest = "scopes: [openid], audiences: ['https://hub.example.com/mcp']"
    private static let delegate = "delegate_clients[0]"

    static let clientCases: [AuthServerCase] = [
        AuthServerCase(
            "1.13 id", client("client_secret_env_var: S, \(rest)"), environment: secret, "\(delegate).client_id",
            "is required", at: "{"),
        AuthServerCase(
            "1.13 reserved", client("client_id: 'synthetic:a', client_secret_env_var: S, \(rest)"),
            environment: secret, "\(delegate).client_id", "starts with the reserved synthetic:", at: "'synthetic"),
        AuthServerCase(
            "1.13 duplicate",
            [
                "delegate_clients": """
                delegate_clients:
                  - {client_id: a, client_secret_env_var: S, \(rest)}
                  - {client_id: a, client_secret_env_var: S, \(rest)}
                """
            ], environment: secret, "delegate_clients[1].client_id", "is listed already", at: "a,"),
        AuthServerCase(
            "1.13 no secret", client("client_id: a, \(rest)"), "\(delegate).client_secret_file",
            "write client_secret_file or client_secret_env_var", at: "{"),
        AuthServerCase(
            "1.13 unset", client("client_id: a, client_secret_env_var: S, \(rest)"),
            "\(delegate).client_secret_env_var", "\"S\" is not set", at: "S,"),
        AuthServerCase(
            "1.13 short", client("client_id: a, client_secret_env_var: S, \(rest)"),
            environment: ["S": String(repeating: "s", count: 31)], "\(delegate).client_secret_env_var",
            "has less than 32 characters", at: "S,"),
        AuthServerCase(
            "1.13 scopes", client("client_id: a, client_secret_env_var: S, audiences: ['https://hub.example.com/mcp']"),
            environment: secret, "\(delegate).scopes", "is required", at: "{"),
        AuthServerCase(
            "1.13 scopes empty",
            client("client_id: a, client_secret_env_var: S, scopes: [], audiences: ['https://hub.example.com/mcp']"),
            environment: secret, "\(delegate).scopes", "is empty", at: "scopes"),
        AuthServerCase(
            "1.13 scopes subset",
            client(
                "client_id: a, client_secret_env_var: S, scopes: [tools], audiences: ['https://hub.example.com/mcp']"),
            environment: secret, "\(delegate).scopes[0]", "is not a supported scope", at: "tools"),
        AuthServerCase(
            "1.13 audiences", client("client_id: a, client_secret_env_var: S, scopes: [openid]"),
            environment: secret, "\(delegate).audiences", "is required", at: "{"),
        AuthServerCase(
            "1.13 audiences subset",
            client("client_id: a, client_secret_env_var: S, scopes: [openid], audiences: ['https://hub.example.com/']"),
            environment: secret, "\(delegate).audiences[0]", "is not an allowed audience", at: "'https://hub"),
        AuthServerCase(
            "1.2 delegate over http",
            [
                "insecure_allow_http": "insecure_allow_http: true",
                "delegate_clients": "delegate_clients: [{client_id: a, client_secret_env_var: S, \(rest)}]",
            ], environment: secret, "insecure_allow_http", "does not go together with delegate_clients", at: "true"),
    ]

    @Test("Each rule about a trusted issuer is enforced in both forms", arguments: issuerCases)
    func issuer(_ row: AuthServerCase) throws {
        try row.check()
    }

    @Test("Each rule about assertions is enforced in both forms", arguments: grantCases)
    func grant(_ row: AuthServerCase) throws {
        try row.check()
    }

    @Test("Each rule about delegate clients is enforced in both forms", arguments: clientCases)
    func client(_ row: AuthServerCase) throws {
        try row.check()
    }

    @Test(
        "Each claim with a meaning of its own is refused as the actor claim",
        arguments: ["sub", "iss", "aud", "exp", "iat", "nbf", "jti", "name", "email", "scope", "scp", "may_act"])
    func actorClaim(name: String) throws {
        try AuthServerCase(
            "1.12", Self.issuer("actor_claim: \(name), \(Self.delegation)"), "\(Self.first).actor_claim",
            "says something else", at: name
        ).check()
    }

    @Test("An audience that looks like a client, or is nobody's here, is warned about")
    func audienceWarnings() throws {
        func warnings(_ audience: String) throws -> [String] {
            try AuthServerText.load(
                Self.issuer("expected_audience: '\(audience)', allowed_delegate_clients: [a]")
            ).warnings
        }
        #expect(try warnings("https://hub.example.com/mcp") == [])
        let client = try warnings("my-app")
        #expect(client.count == 1)
        #expect(client.first?.contains("looks like the id of a client") == true)
        let other = try warnings("https://other.example.com")
        #expect(other.count == 1)
        #expect(other.first?.contains("is not one of allowed_audiences") == true)
    }
}
