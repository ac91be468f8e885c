// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VMCPConfiguration

/// The rules V-01 to V-07 between the authorization server and the rest.
struct AuthServerRelationTests {
    private static let twoUpstreams: KeyValuePairs<String, String> = [
        "upstreams": """
        upstreams:
          - name: corp
            type: oidc
            oidc_config: {issuer_url: 'https://sso.example.com', client_id: hub}
          - name: code
            type: oidc
            oidc_config: {issuer_url: 'https://code.example.com', client_id: hub}
        """
    ]

    private static func strategy(_ body: String) -> String {
        "outgoingAuth:\n  source: inline\n  backends:\n    one: \(body)"
    }

    /// The outcome of a configuration with the settings in it and with them beside it.
    private func outcomes(
        _ settings: KeyValuePairs<String, String> = [:], _ main: KeyValuePairs<String, String>,
        _ body: (LoadOutcome) throws -> Void
    ) throws {
        let text = AuthServerText.with(settings)
        try body(LoadOutcome(AuthServerText.inline(text, main), environment: AuthServerText.environment))
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("authserver-config.yaml")
            try text.write(to: file, atomically: true, encoding: .utf8)
            let pairs = [("incomingAuth", AuthServerText.incomingAuth())] + main.map { ($0, $1) }
            try body(
                LoadOutcome(
                    ConfigurationText.with(pairs: pairs), environment: AuthServerText.environment,
                    directory: folder.path))
        }
    }

    @Test("V-01: an injected upstream token needs the authorization server")
    func v01() {
        for place in ["default", "backends.one"] {
            let body = "{type: upstream_inject, upstreamInject: {providerName: corp}}"
            let text = place == "default" ? "outgoingAuth: {source: inline, default: \(body)}" : Self.strategy(body)
            let outcome = LoadOutcome(ConfigurationText.with(["outgoingAuth": text]))
            #expect(
                outcome.errors == [
                    "outgoingAuth.\(place): upstream_inject needs the embedded authorization server; add authServer"
                ])
            #expect(outcome.problems.first?.position != nil)
        }
    }

    @Test("V-02: the provider of an injected token has to be an upstream, letter by letter")
    func v02() throws {
        let inject = Self.strategy("{type: upstream_inject, upstreamInject: {providerName: crp}}")
        try outcomes(Self.twoUpstreams, ["outgoingAuth": inject]) { outcome in
            #expect(
                outcome.errors == [
                    "outgoingAuth.backends.one.upstreamInject.providerName: \"crp\", the provider of the backend \"one\", "
                        + "is not an upstream of the authorization server, which has \"corp\", \"code\". "
                        + "Did you mean \"corp\"?"
                ])
            #expect(outcome.problems.first?.file == "vmcp.yaml")
            #expect(outcome.problems.first?.position?.column == 65)
        }
        let good = Self.strategy("{type: upstream_inject, upstreamInject: {providerName: code}}")
        try outcomes(Self.twoUpstreams, ["outgoingAuth": good]) { #expect($0.errors == []) }
    }

    @Test("O6: an injected token needs its block, and that is all that is said")
    func o6() throws {
        try outcomes(Self.twoUpstreams, ["outgoingAuth": Self.strategy("{type: upstream_inject}")]) { outcome in
            #expect(
                outcome.errors == [
                    "outgoingAuth.backends.one.upstreamInject: is required; type: upstream_inject needs the settings in it"
                ])
        }
    }

    @Test(
        "disable_upstream_token_injection: a strategy that uses upstream tokens is an error that names both",
        arguments: [
            ("upstream_inject", "{type: upstream_inject, upstreamInject: {providerName: code}}", true),
            (
                "token_exchange",
                "{type: token_exchange, tokenExchange: {tokenUrl: 'https://t.example.com', subjectProviderName: corp}}",
                true
            ),
            ("header_injection", "{type: header_injection, headerInjection: {headerName: X, headerValue: y}}", false),
            ("unauthenticated", "{type: unauthenticated}", false),
        ])
    func noInjection(type: String, body: String, isRefused: Bool) throws {
        let upstreams = Self.twoUpstreams.map(\.value)[0]
        let strategy = Self.strategy(body)
        try outcomes(
            ["upstreams": upstreams, "d": "disable_upstream_token_injection: true"], ["outgoingAuth": strategy]
        ) { outcome in
            #expect(outcome.warnings == [])
            #expect(outcome.errors.count == (isRefused ? 1 : 0))
            guard isRefused else { return }
            let error = try #require(outcome.errors.first)
            #expect(error.hasPrefix("outgoingAuth.backends.one.type: \(type) uses a token of an upstream"))
            #expect(error.contains("disable_upstream_token_injection: true ("))
        }
        try outcomes(
            ["upstreams": upstreams, "d": "disable_upstream_token_injection: false"], ["outgoingAuth": strategy]
        ) { #expect($0.errors == []) }
    }

    @Test("V-02: all strategies are looked at, the default first and the others by name")
    func v02Order() throws {
        let text = """
            outgoingAuth:
              source: inline
              backends:
                two: {type: upstream_inject, upstreamInject: {providerName: b}}
                one: {type: upstream_inject, upstreamInject: {providerName: a}}
              default: {type: upstream_inject, upstreamInject: {providerName: c}}
            """
        try outcomes(Self.twoUpstreams, ["outgoingAuth": text]) { outcome in
            #expect(
                outcome.problems.map(\.keyPath) == [
                    "outgoingAuth.backends.two.upstreamInject.providerName",
                    "outgoingAuth.backends.one.upstreamInject.providerName",
                    "outgoingAuth.default.upstreamInject.providerName",
                ])
        }
    }

    @Test("A token for one remote MCP server is sent to no other, whatever strategy leads there")
    func resources() throws {
        let upstreams: KeyValuePairs<String, String> = [
            "upstreams": """
            upstreams:
              - name: corp
                type: oidc
                oidc_config: {issuer_url: 'https://sso.example.com', client_id: hub}
              - name: notes
                type: mcp
                mcp_config: {resource: 'https://notes.example.com/mcp'}
            """
        ]
        func backends(_ one: String, _ two: String) -> String {
            "backends:\n  - {name: one, url: '\(one)', transport: streamable-http}\n"
                + "  - {name: two, url: '\(two)', transport: streamable-http}\n"
        }
        let inject = "{type: upstream_inject, upstreamInject: {providerName: notes}}"
        let resource = "https://notes.example.com/mcp"
        func errors(_ auth: String, _ backends: String) throws -> [String] {
            var found: [String] = []
            try outcomes(upstreams, ["outgoingAuth": auth, "backends": backends]) { found = $0.errors }
            return found
        }
        let all = "outgoingAuth: {source: inline, default: \(inject)}"
        #expect(try errors(all, backends(resource, "https://NOTES.example.com:443/mcp/")) == [])
        #expect(
            try errors(all, backends(resource, "https://evil.example.com/mcp")) == [
                "backends[1].url: \"https://evil.example.com/mcp\" would get the tokens of the upstream \"notes\", which "
                    + "are for \"https://notes.example.com/mcp\"; write the same URL in both, or another strategy"
            ])
        #expect(try errors(Self.strategy(inject), backends("https://notes.example.com/other", resource)).count == 1)
        #expect(try errors(Self.strategy(inject), backends(resource, "https://evil.example.com/mcp")) == [])
    }

    @Test("V-03: an exchange whose subject is left to the upstream is warned about, one that names it is not")
    func v03() throws {
        func exchange(_ more: String) -> KeyValuePairs<String, String> {
            [
                "outgoingAuth": Self.strategy(
                    "{type: token_exchange, tokenExchange: {tokenUrl: 'https://t.example.com/t'\(more)}}")
            ]
        }
        try outcomes(exchange("")) { outcome in
            #expect(outcome.errors == [])
            #expect(outcome.warnings.count == 1)
            #expect(
                outcome.warnings.first?.hasPrefix(
                    "outgoingAuth.backends.one: exchanges the token of the upstream \"corp\"") == true)
        }
        try outcomes(exchange(", subjectProviderName: corp")) { #expect($0.warnings == []) }
        // Without an authorization server, the client's own token is the subject.
        #expect(LoadOutcome(ConfigurationText.with(exchange(""))).warnings == [])
    }

    private func outcomes(
        _ main: KeyValuePairs<String, String>, _ body: (LoadOutcome) throws -> Void
    ) throws {
        try outcomes([:], main, body)
    }

    @Test(
        "V-04: the issuer of incoming tokens is the authorization server's, letter by letter",
        arguments: [
            "https://hub.example.com/", "https://HUB.example.com", "https://hub.example.com:443", "https://other",
        ])
    func v04(issuer: String) throws {
        try outcomes(["incomingAuth": AuthServerText.incomingAuth(issuer: issuer)]) { outcome in
            #expect(outcome.problems.map(\.keyPath) == ["incomingAuth.oidc.issuer"], "\(outcome.description)")
            let problem = outcome.problems.first
            #expect(problem?.message.contains("is not the issuer of the authorization server; write") == true)
            #expect(problem?.message.contains("\"https://hub.example.com\"") == true)
            #expect(problem?.position?.column == 13)
            #expect(problem?.file == "vmcp.yaml")
        }
    }

    @Test("V-04 says where the other issuer stands")
    func v04Place() throws {
        var places: [String] = []
        try outcomes(["incomingAuth": AuthServerText.incomingAuth(issuer: "https://a")]) { outcome in
            places.append(String(outcome.problems.first?.message.split(separator: "(").last ?? ""))
        }
        #expect(places == ["vmcp.yaml:24)", "authserver-config.yaml:1)"])
    }

    @Test("V-05: settings that are wrong in themselves are refused, and nothing follows from that")
    func v05() throws {
        try outcomes(["issuer": "issuer: hub", "upstreams": "upstreams: []"], [:]) { outcome in
            #expect(outcome.problems.count == 2, "\(outcome.description)")
            #expect(outcome.problems.allSatisfy { $0.keyPath.hasSuffix("issuer") || $0.keyPath.hasSuffix("upstreams") })
        }
        let inject = Self.strategy("{type: upstream_inject, upstreamInject: {providerName: corp}}")
        try outcomes(["upstreams": ""], ["outgoingAuth": inject]) { outcome in
            #expect(outcome.problems.count == 1, "\(outcome.description)")
            #expect(outcome.problems.first?.keyPath.hasSuffix("upstreams") == true)
        }
    }

    @Test("V-06: a provider can be left out only when an upstream is named default")
    func v06() throws {
        for block in ["{}", "{providerName: ''}", "{providerName: }"] {
            let inject = Self.strategy("{type: upstream_inject, upstreamInject: \(block)}")
            try outcomes(Self.twoUpstreams, ["outgoingAuth": inject]) { outcome in
                #expect(
                    outcome.errors == [
                        "outgoingAuth.backends.one.upstreamInject.providerName: is required for the backend \"one\": only "
                            + "an upstream named \"default\" can be left out, and the authorization server has \"corp\", "
                            + "\"code\""
                    ])
                #expect(outcome.problems.first?.position != nil)
            }
            let single: KeyValuePairs<String, String> = [
                "upstreams":
                    "upstreams: [{type: oidc, oidc_config: {issuer_url: 'https://s.example.com', client_id: c}}]"
            ]
            try outcomes(single, ["outgoingAuth": inject]) { outcome in
                #expect(outcome.errors == [])
                #expect(outcome.warnings == [])
                guard case .upstreamInject(let strategy)? = outcome.configuration?.outgoingAuth.strategy(for: "one")
                else {
                    Issue.record("not the strategy of the file")
                    return
                }
                #expect(strategy.providerName == "default")
            }
        }
    }

    @Test(
        "V-07: the audience of incoming tokens is an allowed one, letter by letter",
        arguments: ["https://hub.example.com/mcp/", "https://hub.example.com", "https://HUB.example.com/mcp", "hub"])
    func v07(audience: String) throws {
        let text = AuthServerText.incomingAuth().replacing(
            "audience: https://hub.example.com/mcp", with: "audience: \(audience)")
        try outcomes(["incomingAuth": text]) { outcome in
            #expect(outcome.problems.map(\.keyPath) == ["incomingAuth.oidc.audience"], "\(outcome.description)")
            let message = outcome.problems.first?.message
            #expect(message?.contains("is not one of allowed_audiences") == true)
            #expect(message?.contains("write \"https://hub.example.com/mcp\"") == true)
            #expect(outcome.problems.first?.position?.column == 15)
        }
    }

    @Test("With an authorization server, incoming authentication is oidc", arguments: ["anonymous", "local"])
    func type(name: String) throws {
        try outcomes(["incomingAuth": "incomingAuth:\n  type: \(name)"]) { outcome in
            #expect(
                outcome.errors == [
                    "incomingAuth.type: must be oidc when there is an authorization server; write oidc"
                ])
        }
    }

    @Test("In Mode B an http issuer on this machine needs no further switch; in Mode A it is warned about")
    func loopback() throws {
        let settings: KeyValuePairs<String, String> = [
            "issuer": "issuer: http://localhost:4483",
            "allowed_audiences": "allowed_audiences: ['http://localhost:4483/mcp']",
        ]
        let auth = """
            incomingAuth:
              type: oidc
              oidc: {issuer: 'http://localhost:4483', audience: 'http://localhost:4483/mcp', \
            resource: 'http://localhost:4483/mcp'}
            """
        try outcomes(settings, ["incomingAuth": auth]) { outcome in
            #expect(outcome.errors == [])
            #expect(outcome.warnings == [])
        }
        #expect(
            LoadOutcome(ConfigurationText.with(["incomingAuth": auth])).warnings == [
                "incomingAuth.oidc.issuer: is not https; set insecureAllowHttp: true if that is meant"
            ])
    }

    @Test("A resource or a scope that clients would ask for in vain is warned about")
    func vain() throws {
        let auth = """
            incomingAuth:
              type: oidc
              oidc:
                issuer: https://hub.example.com
                audience: https://hub.example.com/mcp
                resource: https://hub.example.com/other
                scopes: [openid, tools]
            """
        try outcomes(["incomingAuth": auth]) { outcome in
            #expect(outcome.errors == [])
            #expect(
                outcome.warnings == [
                    "incomingAuth.oidc.resource: \"https://hub.example.com/other\" is not one of allowed_audiences, so "
                        + "clients that ask for it are turned away",
                    "incomingAuth.oidc.scopes[1]: \"tools\" is not one of scopes_supported, so clients that ask for it "
                        + "are turned away",
                ])
        }
    }
}
