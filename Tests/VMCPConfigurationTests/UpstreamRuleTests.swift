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

    private static func oauth2(_ lines: String...) -> KeyValuePairs<String, String> {
        [
            "upstreams": "upstreams:\n  - type: oauth2\n    oauth2_config:\n"
                + (["identity_from_token: {subject_path: sub}"] + lines).map { "      \($0)" }
                .joined(separator: "\n")
        ]
    }

    private static let plain = "oidc_config: {issuer_url: 'https://s.example.com', client_id: c}"
    private static let endpoints = ["authorization_endpoint: https://a/a", "token_endpoint: https://a/t"]
    private static let first = "upstreams[0]"
    private static let config = "upstreams[0].oidc_config"
    private static let plainConfig = "upstreams[0].oauth2_config"

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
            "1.6 other block", upstreams("{type: oidc, \(plain), oauth2_config: {client_id: a}}"), plainConfig,
            "does not belong to type: oidc", at: "oauth2_config"),
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

    static let oauth2Cases: [AuthServerCase] = [
        AuthServerCase(
            "1.6.2 authorize", oauth2("token_endpoint: https://a/t", "client_id: c"),
            "\(plainConfig).authorization_endpoint", "is required", at: "oauth2_config"),
        AuthServerCase(
            "1.6.2 token", oauth2("authorization_endpoint: https://a/a", "client_id: c"),
            "\(plainConfig).token_endpoint", "is required", at: "oauth2_config"),
        AuthServerCase(
            "1.6.2 token http",
            oauth2("authorization_endpoint: https://a/a", "token_endpoint: http://a/t", "client_id: c"),
            "\(plainConfig).token_endpoint", "is not https", at: "http:"),
        AuthServerCase(
            "1.6.2 neither", oauth2(endpoints[0], endpoints[1]), "\(plainConfig).client_id", "or dcr_config",
            at: "oauth2_config"),
        AuthServerCase(
            "1.6.2 both",
            oauth2(endpoints[0], endpoints[1], "client_id: c", "dcr_config: {discovery_url: 'https://a/d'}"),
            "\(plainConfig).dcr_config", "only one of client_id and dcr_config", at: "dcr_config"),
        AuthServerCase(
            "8.3 secret with dcr",
            oauth2("dcr_config: {discovery_url: 'https://a/d'}", "client_secret_env_var: S"), environment: ["S": "s"],
            "\(plainConfig).client_secret_env_var", "does not go together with dcr_config", at: "S"),
        AuthServerCase(
            "1.8 dcr neither", oauth2(endpoints[0], endpoints[1], "dcr_config: {software_id: a}"),
            "\(plainConfig).dcr_config.discovery_url", "write discovery_url or registration_endpoint",
            at: "dcr_config"),
        AuthServerCase(
            "1.8 dcr both",
            oauth2(
                endpoints[0], endpoints[1],
                "dcr_config: {discovery_url: 'https://a/d', registration_endpoint: 'https://a/r'}"),
            "\(plainConfig).dcr_config.registration_endpoint", "only one of", at: "'https://a/r'"),
        AuthServerCase(
            "1.8 dcr http", oauth2("dcr_config: {discovery_url: 'http://a/d'}"),
            "\(plainConfig).dcr_config.discovery_url", "is not https", at: "'http:"),
        AuthServerCase(
            "1.8 dcr endpoints",
            oauth2(endpoints[0], "dcr_config: {registration_endpoint: 'https://a/r'}"),
            "\(plainConfig).token_endpoint", "only dcr_config with discovery_url finds it", at: "oauth2_config"),
        AuthServerCase(
            "1.8 dcr tokens",
            oauth2(
                "dcr_config: {discovery_url: 'https://a/d', initial_access_token_file: /t, "
                    + "initial_access_token_env_var: T}"), environment: ["T": "t"],
            "\(plainConfig).dcr_config.initial_access_token_env_var", "only one of", at: "T}"),
        AuthServerCase(
            "1.7 endpoint", oauth2(endpoints[0], endpoints[1], "client_id: c", "userinfo: {http_method: GET}"),
            "\(plainConfig).userinfo.endpoint_url", "is required", at: "userinfo"),
        AuthServerCase(
            "1.7 http", oauth2(endpoints[0], endpoints[1], "client_id: c", "userinfo: {endpoint_url: 'http://a/u'}"),
            "\(plainConfig).userinfo.endpoint_url", "is not https", at: "'http:"),
        AuthServerCase(
            "1.7 method",
            oauth2(
                endpoints[0], endpoints[1], "client_id: c", "userinfo: {endpoint_url: 'https://a/u', http_method: PUT}"),
            "\(plainConfig).userinfo.http_method", "GET, POST", at: "PUT"),
        AuthServerCase(
            "1.7 header",
            oauth2(
                endpoints[0], endpoints[1], "client_id: c",
                "userinfo: {endpoint_url: 'https://a/u', additional_headers: {'a b': c}}"),
            "\(plainConfig).userinfo.additional_headers[\"a b\"]", "is not a header name", at: "c}"),
        AuthServerCase(
            "1.8 mapping",
            oauth2(endpoints[0], endpoints[1], "client_id: c", "token_response_mapping: {scope_path: s}"),
            "\(plainConfig).token_response_mapping.access_token_path", "is required", at: "token_response_mapping"),
        AuthServerCase(
            "1.8 identity",
            [
                "upstreams": """
                upstreams:
                  - type: oauth2
                    oauth2_config:
                      authorization_endpoint: https://a/a
                      token_endpoint: https://a/t
                      client_id: c
                      identity_from_token: {subject_path: ''}
                """
            ], "\(plainConfig).identity_from_token.subject_path", "is empty", at: "''"),
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

    @Test("Each rule about an OAuth upstream is enforced in both forms", arguments: oauth2Cases)
    func oauth2(_ row: AuthServerCase) throws {
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

    @Test(
        "Each path that is none is refused",
        arguments: [
            ("a..b", "has an empty part"), (".a", "has an empty part"), ("a|", "has an empty part"),
            ("a.@reverse", "only @upstreamjwt"), ("a.#.b", "more than one"), ("a*", "more than one"),
            ("{a,b}", "more than one"), ("a.b?", "more than one"), ("a\\", "ends in a backslash"),
            (String(repeating: "a", count: 513), "longer than 512"),
            (Array(repeating: "a", count: 17).joined(separator: "."), "more than 16 parts"),
        ])
    func path(text: String, message: String) throws {
        let lines = "token_response_mapping: {access_token_path: '\(text)'}"
        try AuthServerCase(
            "1.8", Self.oauth2(Self.endpoints[0], Self.endpoints[1], "client_id: c", lines),
            "\(Self.plainConfig).token_response_mapping.access_token_path", message, at: "'"
        ).check()
    }

    @Test(
        "Paths may have bars, indexes, escaped characters and look into a token",
        arguments: [
            "a", "a.0.b", "access_token|@upstreamjwt|sub", #"https://x\.example/a"#, #"a\*.b"#, #"\@a"#, "a b#",
        ])
    func goodPath(text: String) throws {
        let lines = "token_response_mapping: {access_token_path: '\(text)'}"
        let settings = Self.oauth2(Self.endpoints[0], Self.endpoints[1], "client_id: c", lines)
        guard case .oauth2(let oauth2) = try AuthServerText.load(settings).runConfig.upstreams[0].provider else {
            Issue.record("not the provider of the file")
            return
        }
        #expect(oauth2.tokenResponseMapping?.accessTokenPath == text)
    }

    @Test("What does nothing is said")
    func warnings() throws {
        let (_, override) = try AuthServerText.load(Self.oidc("userinfo_override: {endpoint_url: 'https://a'}"))
        #expect(
            override == [
                "\(Self.config).userinfo_override: has no effect: the identity token says who the user is; remove it"
            ])
        let (_, synthetic) = try AuthServerText.load([
            "upstreams": """
            upstreams:
              - type: oauth2
                oauth2_config: {authorization_endpoint: 'https://a/a', token_endpoint: 'https://a/t', client_id: c}
            """
        ])
        #expect(synthetic.count == 1)
        #expect(synthetic.first?.hasPrefix("\(Self.plainConfig): nothing here says who the user is") == true)
    }

    @Test("A development switch allows user information over HTTP")
    func insecureUserInfo() throws {
        let userInfo = Self.oauth2(
            Self.endpoints[0], Self.endpoints[1], "client_id: c", "userinfo: {endpoint_url: 'http://a/u'}")
        let (runConfig, warnings) = try AuthServerText.load(
            userInfo, environment: ["INSECURE_DISABLE_URL_VALIDATION": "true"])
        #expect(warnings.map { String($0.prefix { $0 != ":" }) } == ["\(Self.plainConfig).userinfo.endpoint_url"])
        guard case .oauth2(let oauth2) = runConfig.upstreams[0].provider else {
            Issue.record("not the provider of the file")
            return
        }
        #expect(oauth2.userInfo?.endpoint.text == "http://a/u")
        #expect(oauth2.userInfo?.allowsHTTP == true)
        let secure = Self.oauth2(
            Self.endpoints[0], Self.endpoints[1], "client_id: c", "userinfo: {endpoint_url: 'https://a/u'}")
        guard
            case .oauth2(let checked) = try AuthServerText.load(
                secure, environment: ["INSECURE_DISABLE_URL_VALIDATION": "true"]
            ).runConfig.upstreams[0].provider
        else {
            Issue.record("not the provider of the file")
            return
        }
        #expect(checked.userInfo?.allowsHTTP == false, "what is not needed is not allowed")
    }
}
