// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

struct OAuth2UpstreamRuleTests {
    private static func oauth2(_ lines: String...) -> KeyValuePairs<String, String> {
        [
            "upstreams": "upstreams:\n  - type: oauth2\n    oauth2_config:\n"
                + (["identity_from_token: {subject_path: sub}"] + lines).map { "      \($0)" }
                .joined(separator: "\n")
        ]
    }

    private static let endpoints = ["authorization_endpoint: https://a/a", "token_endpoint: https://a/t"]
    private static let config = "upstreams[0].oauth2_config"

    static let cases: [AuthServerCase] = [
        AuthServerCase(
            "1.6.2 authorize", oauth2("token_endpoint: https://a/t", "client_id: c"),
            "\(config).authorization_endpoint", "is required", at: "oauth2_config"),
        AuthServerCase(
            "1.6.2 token", oauth2("authorization_endpoint: https://a/a", "client_id: c"),
            "\(config).token_endpoint", "is required", at: "oauth2_config"),
        AuthServerCase(
            "1.6.2 token http",
            oauth2("authorization_endpoint: https://a/a", "token_endpoint: http://a/t", "client_id: c"),
            "\(config).token_endpoint", "is not https", at: "http:"),
        AuthServerCase(
            "1.6.2 neither", oauth2(endpoints[0], endpoints[1]), "\(config).client_id", "or dcr_config",
            at: "oauth2_config"),
        AuthServerCase(
            "1.6.2 both",
            oauth2(endpoints[0], endpoints[1], "client_id: c", "dcr_config: {discovery_url: 'https://a/d'}"),
            "\(config).dcr_config", "only one of client_id and dcr_config", at: "dcr_config"),
        AuthServerCase(
            "8.3 secret with dcr",
            oauth2("dcr_config: {discovery_url: 'https://a/d'}", "client_secret_env_var: S"), environment: ["S": "s"],
            "\(config).client_secret_env_var", "does not go together with dcr_config", at: "S"),
        AuthServerCase(
            "1.8 dcr neither", oauth2(endpoints[0], endpoints[1], "dcr_config: {software_id: a}"),
            "\(config).dcr_config.discovery_url", "write discovery_url or registration_endpoint",
            at: "dcr_config"),
        AuthServerCase(
            "1.8 dcr both",
            oauth2(
                endpoints[0], endpoints[1],
                "dcr_config: {discovery_url: 'https://a/d', registration_endpoint: 'https://a/r'}"),
            "\(config).dcr_config.registration_endpoint", "only one of", at: "'https://a/r'"),
        AuthServerCase(
            "1.8 dcr http", oauth2("dcr_config: {discovery_url: 'http://a/d'}"),
            "\(config).dcr_config.discovery_url", "is not https", at: "'http:"),
        AuthServerCase(
            "1.8 dcr endpoints",
            oauth2(endpoints[0], "dcr_config: {registration_endpoint: 'https://a/r'}"),
            "\(config).token_endpoint", "only dcr_config with discovery_url finds it", at: "oauth2_config"),
        AuthServerCase(
            "1.8 dcr tokens",
            oauth2(
                "dcr_config: {discovery_url: 'https://a/d', initial_access_token_file: /t, "
                    + "initial_access_token_env_var: T}"), environment: ["T": "t"],
            "\(config).dcr_config.initial_access_token_env_var", "only one of", at: "T}"),
        AuthServerCase(
            "1.7 endpoint", oauth2(endpoints[0], endpoints[1], "client_id: c", "userinfo: {http_method: GET}"),
            "\(config).userinfo.endpoint_url", "is required", at: "userinfo"),
        AuthServerCase(
            "1.7 http", oauth2(endpoints[0], endpoints[1], "client_id: c", "userinfo: {endpoint_url: 'http://a/u'}"),
            "\(config).userinfo.endpoint_url", "is not https", at: "'http:"),
        AuthServerCase(
            "1.7 method",
            oauth2(
                endpoints[0], endpoints[1], "client_id: c", "userinfo: {endpoint_url: 'https://a/u', http_method: PUT}"),
            "\(config).userinfo.http_method", "GET, POST", at: "PUT"),
        AuthServerCase(
            "1.7 header",
            oauth2(
                endpoints[0], endpoints[1], "client_id: c",
                "userinfo: {endpoint_url: 'https://a/u', additional_headers: {'a b': c}}"),
            "\(config).userinfo.additional_headers[\"a b\"]", "is not a header name", at: "c}"),
        AuthServerCase(
            "1.8 mapping",
            oauth2(endpoints[0], endpoints[1], "client_id: c", "token_response_mapping: {scope_path: s}"),
            "\(config).token_response_mapping.access_token_path", "is required", at: "token_response_mapping"),
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
            ], "\(config).identity_from_token.subject_path", "is empty", at: "''"),
    ]

    @Test("Each rule about an OAuth upstream is enforced in both forms", arguments: cases)
    func rule(_ row: AuthServerCase) throws {
        try row.check()
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
            "\(Self.config).token_response_mapping.access_token_path", message, at: "'"
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

    @Test("An upstream that does not say who the user is has a warning")
    func anonymous() throws {
        let (_, warnings) = try AuthServerText.load([
            "upstreams": """
            upstreams:
              - type: oauth2
                oauth2_config: {authorization_endpoint: 'https://a/a', token_endpoint: 'https://a/t', client_id: c}
            """
        ])
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix("\(Self.config): nothing here says who the user is") == true)
    }

    @Test("A development switch allows user information over HTTP")
    func insecureUserInfo() throws {
        let userInfo = Self.oauth2(
            Self.endpoints[0], Self.endpoints[1], "client_id: c", "userinfo: {endpoint_url: 'http://a/u'}")
        let (runConfig, warnings) = try AuthServerText.load(
            userInfo, environment: ["INSECURE_DISABLE_URL_VALIDATION": "true"])
        #expect(warnings.map { String($0.prefix { $0 != ":" }) } == ["\(Self.config).userinfo.endpoint_url"])
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
