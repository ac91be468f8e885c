// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

struct UpstreamRuleTests {
    private static func upstreams(_ items: String...) -> KeyValuePairs<String, String> {
        ["upstreams": "upstreams:\n" + items.map { "  - \($0)" }.joined(separator: "\n")]
    }

    private static func oidc(_ lines: String...) -> KeyValuePairs<String, String> {
        [
            "upstreams": "upstreams:\n  - type: oidc\n    oidc_config:\n"
                + (["issuer_url: https://sso.example.com", "client_id: hub"] + lines).map { "      \($0)" }
                .joined(separator: "\n")
        ]
    }

    private static let plain = "oidc_config: {issuer_url: 'https://s.example.com', client_id: c}"
    private static let first = "upstreams[0]"
    private static let config = "upstreams[0].oidc_config"

    static let lists: [AuthServerCase] = [
        AuthServerCase("1.1 absent", ["upstreams": ""], "upstreams", "is required"),
        AuthServerCase(
            "1.1 empty", ["upstreams": "upstreams: []"], "upstreams", "at least one provider", at: "upstreams"),
        AuthServerCase(
            "1.6 name", upstreams("{name: Corp, type: oidc, \(plain)}"), "\(first).name",
            "use small letters, digits and hyphens", at: "Corp"),
        AuthServerCase(
            "1.6 name hyphen", upstreams("{name: corp-, type: oidc, \(plain)}"), "\(first).name", "is not a name",
            at: "corp-"),
        AuthServerCase(
            "1.6 several unnamed", upstreams("{name: a, type: oidc, \(plain)}", "{type: oidc, \(plain)}"),
            "upstreams[1].name", "each one needs a name of its own"),
        AuthServerCase(
            "1.6 several default",
            upstreams("{name: default, type: oidc, \(plain)}", "{name: b, type: oidc, \(plain)}"), "\(first).name",
            "is the name of a single upstream", at: "default"),
        AuthServerCase(
            "1.6 duplicate", upstreams("{name: a, type: oidc, \(plain)}", "{name: a, type: oidc, \(plain)}"),
            "upstreams[1].name", "is the name of the upstream at line", at: "a,"),
        AuthServerCase(
            "1.6 type", upstreams("{type: saml, \(plain)}"), "\(first).type", "is not one of oidc, oauth2, mcp",
            at: "saml"),
        AuthServerCase("1.6 no type", upstreams("{\(plain)}"), "\(first).type", "is required", at: "{"),
        AuthServerCase("1.6 no block", upstreams("{type: oidc}"), config, "type: oidc needs the settings", at: "{"),
        AuthServerCase(
            "1.6 other block", upstreams("{type: oidc, \(plain), oauth2_config: {client_id: a}}"),
            "\(first).oauth2_config", "does not belong to type: oidc", at: "oauth2_config"),
        AuthServerCase(
            "ours optional first", upstreams("{type: oidc, optional: true, \(plain)}"), "\(first).optional",
            "the first upstream says who the user is", at: "true"),
        AuthServerCase(
            "1.1 null entry", upstreams("{name: a, type: oidc, \(plain)}", ""), "upstreams[1]", "is empty"),
    ]

    private static func mcp(_ lines: String...) -> KeyValuePairs<String, String> {
        upstreams(
            "{name: a, type: oidc, \(plain)}",
            "{name: b, type: mcp, optional: true, mcp_config: {\(lines.joined(separator: ", "))}}")
    }

    private static let remote = "resource: 'https://mcp.notes.example/mcp'"
    private static let remoteConfig = "upstreams[1].mcp_config"

    static let mcpCases: [AuthServerCase] = [
        AuthServerCase(
            "ours mcp first", upstreams("{type: mcp, mcp_config: {\(remote)}}"), "\(first).type",
            "cannot be the first upstream", at: "mcp,"),
        AuthServerCase(
            "ours mcp resource", mcp("scopes: [a]"), "\(remoteConfig).resource", "is required", at: "mcp_config"),
        AuthServerCase(
            "ours mcp http", mcp("resource: 'http://mcp.notes.example/mcp'"), "\(remoteConfig).resource",
            "is not https", at: "'http:"),
        AuthServerCase(
            "ours mcp fragment", mcp("resource: 'https://mcp.notes.example/mcp#a'"), "\(remoteConfig).resource",
            "has a fragment", at: "'https:"),
        AuthServerCase(
            "ours mcp issuer", mcp(remote, "client_id: c"), "\(remoteConfig).issuer",
            "client_id belongs to one authorization server", at: "mcp_config"),
        AuthServerCase(
            "ours mcp issuer http", mcp(remote, "issuer: 'http://as.example'"), "\(remoteConfig).issuer",
            "is not https", at: "'http:"),
        AuthServerCase(
            "ours mcp issuer query", mcp(remote, "issuer: 'https://as.example?a'"), "\(remoteConfig).issuer",
            "has a query", at: "'https://as"),
        AuthServerCase(
            "ours mcp own issuer", mcp(remote, "issuer: 'https://hub.example.com'"), "\(remoteConfig).issuer",
            "is this server itself", at: "'https://hub"),
        AuthServerCase(
            "ours mcp secret", mcp(remote, "client_secret_env_var: S"), environment: ["S": "s"],
            "\(remoteConfig).client_secret_env_var", "needs client_id", at: "S}"),
        AuthServerCase(
            "ours mcp resource parameter", mcp(remote, "additional_authorization_params: {resource: a}"),
            "\(remoteConfig).additional_authorization_params.resource", "vmcp sets itself", at: "a}"),
        AuthServerCase(
            "ours mcp parameter", mcp(remote, "additional_authorization_params: {scope: a}"),
            "\(remoteConfig).additional_authorization_params.scope", "vmcp sets itself", at: "a}"),
        AuthServerCase(
            "ours mcp redirect", mcp(remote, "redirect_uri: /cb"), "\(remoteConfig).redirect_uri",
            "is not a web address", at: "/cb"),
        AuthServerCase(
            "ours mcp origin", mcp(remote, "redirect_uri: 'https://other.example/oauth/callback'"),
            "\(remoteConfig).redirect_uri", "is on another origin", at: "'https://other"),
        AuthServerCase(
            "ours mcp other block",
            upstreams(
                "{name: a, type: oidc, \(plain)}", "{name: b, type: mcp, mcp_config: {\(remote)}, \(plain)}"),
            "upstreams[1].oidc_config", "does not belong to type: mcp", at: "oidc_config"),
        AuthServerCase(
            "ours mcp unknown", mcp(remote, "isuer: a"), "\(remoteConfig).isuer", "did you mean \"issuer\"?",
            at: "isuer"),
    ]

    @Test("A remote MCP server has its settings")
    func remoteServer() throws {
        let settings = Self.mcp(
            Self.remote, "issuer: 'https://as.notes.example'", "client_id: ours", "client_secret_env_var: S",
            "scopes: [read]", "additional_authorization_params: {prompt: consent}")
        let (runConfig, warnings) = try AuthServerText.load(settings, environment: ["S": "s"])
        #expect(warnings == [])
        let upstream = runConfig.upstreams[1]
        guard case .mcp(let mcp) = upstream.provider else {
            Issue.record("not the provider of the file")
            return
        }
        #expect(upstream.isOptional)
        #expect(mcp.resource.text == "https://mcp.notes.example/mcp")
        #expect(mcp.issuer?.text == "https://as.notes.example")
        #expect(mcp.client.clientID == "ours")
        #expect(mcp.client.clientSecret != nil)
        #expect(mcp.client.scopes == ["read"])
        #expect(mcp.client.redirectURI == "https://hub.example.com/oauth/callback")
        #expect(mcp.client.additionalAuthorizationParameters == ["prompt": "consent"])
        let (plain, _) = try AuthServerText.load(Self.mcp(Self.remote))
        #expect(plain.upstreams[1].client.clientID == "")
    }

    static let oidcCases: [AuthServerCase] = [
        AuthServerCase(
            "1.6.1 issuer", upstreams("{type: oidc, oidc_config: {client_id: c}}"), "\(config).issuer_url",
            "is required", at: "oidc_config"),
        AuthServerCase(
            "1.6.1 issuer http", upstreams("{type: oidc, oidc_config: {issuer_url: 'http://s', client_id: c}}"),
            "\(config).issuer_url", "is not https", at: "'http://s'"),
        AuthServerCase(
            "1.6.1 issuer query", upstreams("{type: oidc, oidc_config: {issuer_url: 'https://s?a', client_id: c}}"),
            "\(config).issuer_url", "has a query", at: "'https://s?a'"),
        AuthServerCase(
            "ours own issuer",
            upstreams("{type: oidc, oidc_config: {issuer_url: 'https://hub.example.com', client_id: c}}"),
            "\(config).issuer_url", "is this server itself", at: "'https://hub"),
        AuthServerCase(
            "1.6.1 client", upstreams("{type: oidc, oidc_config: {issuer_url: 'https://s'}}"),
            "\(config).client_id", "is required", at: "oidc_config"),
        AuthServerCase(
            "1.6.1 variable", oidc("client_secret_env_var: NOT_SET"), "\(config).client_secret_env_var",
            "\"NOT_SET\" is not set", at: "NOT_SET"),
        AuthServerCase(
            "1.6.1 empty variable", oidc("client_secret_env_var: EMPTY"), environment: ["EMPTY": ""],
            "\(config).client_secret_env_var", "\"EMPTY\" is not set", at: "EMPTY"),
        AuthServerCase("1.6.1 scopes", oidc("scopes: [email]"), "\(config).scopes", "has no openid", at: "scopes"),
        AuthServerCase(
            "1.6.1 scope", oidc("scopes: [openid, 'a\"b']"), "\(config).scopes[1]", "is not one scope", at: "'a"),
        AuthServerCase(
            "1.6.1 subject", oidc("subject_claim: a.b"), "\(config).subject_claim", "is not a claim name", at: "a.b"),
        AuthServerCase(
            "1.6.1 subject digit", oidc("subject_claim: 1a"), "\(config).subject_claim", "no digit in front", at: "1a"),
        AuthServerCase(
            "1.6.1 redirect", oidc("redirect_uri: /oauth/callback"), "\(config).redirect_uri",
            "is not a web address", at: "/oauth"),
        AuthServerCase(
            "1.6.1 redirect http", oidc("redirect_uri: http://hub.example.com/oauth/callback"),
            "\(config).redirect_uri", "is not https", at: "http:"),
        AuthServerCase(
            "1.6.1 redirect fragment", oidc("redirect_uri: 'https://hub.example.com/oauth/callback#a'"),
            "\(config).redirect_uri", "has a fragment", at: "'https"),
        AuthServerCase(
            "1.6.1 redirect long",
            oidc("redirect_uri: https://hub.example.com/\(String(repeating: "a", count: 2048))/oauth/callback"),
            "\(config).redirect_uri", "is longer than 2048", at: "https"),
        AuthServerCase(
            "1.9", oidc("additional_authorization_params: {prompt: login, state: a}"),
            "\(config).additional_authorization_params.state", "vmcp sets itself", at: "a}"),
        AuthServerCase(
            "1.6.1 secret", oidc("client_secret: s"), "\(config).client_secret",
            "write client_secret_file or client_secret_env_var", at: "client_secret: s"),
        AuthServerCase(
            "1.6.1 unknown", oidc("isuer_url: s"), "\(config).isuer_url", "did you mean \"issuer_url\"?", at: "isuer"),
    ]

    static let callbacks: [AuthServerCase] = [
        AuthServerCase(
            "13.0 base and callback",
            [
                "base": "authorization_endpoint_base_url: https://login.example.com",
                "upstreams": oidc("redirect_uri: https://hub.example.com/oauth/callback")[0].value,
            ], "\(config).redirect_uri", "write https://login.example.com/oauth/callback", at: "https://hub"),
        AuthServerCase(
            "13.0 base and default callback",
            ["base": "authorization_endpoint_base_url: https://login.example.com", "upstreams": oidc()[0].value],
            "\(config).redirect_uri", "write https://login.example.com/oauth/callback", at: "oidc_config"),
        AuthServerCase(
            "13.0 two origins",
            [
                "upstreams": """
                upstreams:
                  - name: a
                    type: oidc
                    oidc_config: {issuer_url: 'https://s', client_id: c}
                  - name: b
                    type: oidc
                    oidc_config: {issuer_url: 'https://s', client_id: c, redirect_uri: 'https://l/oauth/callback'}
                """
            ], "upstreams[1].oidc_config.redirect_uri", "use one origin for all", at: "'https://l/"),
        AuthServerCase(
            "13.0 odd callback", oidc("redirect_uri: https://login.example.com/cb"), "\(config).redirect_uri",
            "write authorization_endpoint_base_url", at: "https://login"),
    ]

    @Test("Each rule about the list of upstreams is enforced in both forms", arguments: lists)
    func list(_ row: AuthServerCase) throws {
        try row.check()
    }

    @Test("Each rule about a remote MCP server is enforced in both forms", arguments: mcpCases)
    func mcpRules(_ row: AuthServerCase) throws {
        try row.check()
    }

    @Test("Each rule about an OpenID upstream is enforced in both forms", arguments: oidcCases)
    func oidc(_ row: AuthServerCase) throws {
        try row.check()
    }

    @Test("Authorization, consent and callback share one origin", arguments: callbacks)
    func callback(_ row: AuthServerCase) throws {
        try row.check()
    }

    @Test("A callback on one other origin takes the authorization endpoint along, with a warning")
    func movedBase() throws {
        let (runConfig, warnings) = try AuthServerText.load(
            Self.oidc("redirect_uri: https://login.example.com:8443/x/oauth/callback"))
        #expect(runConfig.authorizationEndpointBaseURL == "https://login.example.com:8443/x")
        #expect(warnings.count == 1)
        #expect(
            warnings.first?.hasPrefix(
                "upstreams[0].oidc_config.redirect_uri: is on another origin than the issuer, so browsers are sent to "
                    + "https://login.example.com:8443/x/oauth/authorize") == true)
    }

    @Test(
        "Each reserved parameter is refused", arguments: AuthServerRunConfig.UpstreamClient.reservedParameters.sorted())
    func reserved(name: String) throws {
        try AuthServerCase(
            "1.9", Self.oidc("additional_authorization_params: {\(name): a}"),
            "\(Self.config).additional_authorization_params.\(name)", "vmcp sets itself"
        ).check()
    }

    @Test("What does nothing is said")
    func warnings() throws {
        let (_, override) = try AuthServerText.load(Self.oidc("userinfo_override: {endpoint_url: 'https://a'}"))
        #expect(
            override == [
                "\(Self.config).userinfo_override: has no effect: the identity token says who the user is; remove it"
            ])
    }
}
