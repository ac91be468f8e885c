// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Observability
import Testing

@testable import VMCPConfiguration

struct OutgoingAuthRuleTests {
    /// A document whose backend `one` uses the strategy.
    private static func strategy(_ body: String) -> KeyValuePairs<String, String> {
        ["outgoingAuth": "outgoingAuth:\n  source: inline\n  backends:\n    one: \(body)"]
    }

    private static let path = "outgoingAuth.backends.one"
    private static let xaa =
        "{type: xaa, xaa: {idpTokenUrl: 'https://i/t', targetTokenUrl: 'https://t/t', targetAudience: a, %}}"

    private static func xaa(_ members: String) -> KeyValuePairs<String, String> {
        strategy(xaa.replacing("%", with: members))
    }

    static let cases: [RuleCase] = [
        RuleCase("O1", ["outgoingAuth": ""], "outgoingAuth", "is required"),
        RuleCase("O2", ["outgoingAuth": "outgoingAuth: {}"], "outgoingAuth.source", "is required"),
        RuleCase(
            "O2", ["outgoingAuth": "outgoingAuth: {source: inlin}"], "outgoingAuth.source",
            "\"inlin\" is not one of inline, discovered. Did you mean \"inline\"?"),
        RuleCase("O3 null", strategy(""), path, "is empty"),
        RuleCase("O3 missing", strategy("{}"), "\(path).type", "is required"),
        RuleCase(
            "O3", strategy("{type: header-injection}"), "\(path).type",
            "is not one of unauthenticated, header_injection, token_exchange, upstream_inject, aws_sts, obo, xaa."),
        RuleCase(
            "O3 default", ["outgoingAuth": "outgoingAuth: {source: inline, default: {type: x}}"],
            "outgoingAuth.default.type", "is not one of"),
        RuleCase("L1 O5", strategy("{type: header_injection}"), "\(path).headerInjection", "is required"),
        RuleCase(
            "L2 both",
            strategy("{type: header_injection, headerInjection: {headerName: X-A, headerValue: a, headerValueEnv: B}}"),
            environment: ["B": "b"], "\(path).headerInjection.headerValueEnv", "only one of"),
        RuleCase(
            "L2 neither", strategy("{type: header_injection, headerInjection: {headerName: X-A}}"),
            "\(path).headerInjection.headerValue", "either headerValue or headerValueEnv must be set"),
        RuleCase(
            "L3", strategy("{type: header_injection, headerInjection: {headerName: X-A, headerValueEnv: B}}"),
            "\(path).headerInjection.headerValueEnv", "the environment variable \"B\" is not set"),
        RuleCase(
            "L3 empty", strategy("{type: header_injection, headerInjection: {headerName: X-A, headerValueEnv: B}}"),
            environment: ["B": ""], "\(path).headerInjection.headerValueEnv", "\"B\" is not set"),
        RuleCase(
            "O5 name", strategy("{type: header_injection, headerInjection: {headerValue: a}}"),
            "\(path).headerInjection.headerName", "is required"),
        RuleCase(
            "late header name",
            strategy("{type: header_injection, headerInjection: {headerName: 'a b', headerValue: a}}"),
            "\(path).headerInjection.headerName", "is not a header name"),
        RuleCase(
            "late header value",
            strategy("{type: header_injection, headerInjection: {headerName: a, headerValue: \"a\\nb\"}}"),
            "\(path).headerInjection.headerValue", "control characters"),
        RuleCase(
            "late header name length",
            strategy(
                "{type: header_injection, headerInjection: {headerName: \(String(repeating: "a", count: 257)), "
                    + "headerValue: a}}"),
            "\(path).headerInjection.headerName", "is longer than 256 bytes"),
        RuleCase(
            "late header value length",
            strategy(
                "{type: header_injection, headerInjection: {headerName: a, "
                    + "headerValue: \(String(repeating: "a", count: 8193))}}"),
            "\(path).headerInjection.headerValue", "is longer than 8192 bytes"),
        RuleCase(
            "late header value in the environment",
            strategy("{type: header_injection, headerInjection: {headerName: a, headerValueEnv: B}}"),
            environment: ["B": "sesame\n"], "\(path).headerInjection.headerValueEnv", "control characters"),
        RuleCase(
            "ours structural header",
            strategy("{type: header_injection, headerInjection: {headerName: Content-Length, headerValue: '0'}}"),
            "\(path).headerInjection.headerName", "belongs to the message itself"),
        RuleCase("L4 O4", strategy("{type: token_exchange}"), "\(path).tokenExchange", "is required"),
        RuleCase(
            "O4", strategy("{type: token_exchange, tokenExchange: {}}"), "\(path).tokenExchange.tokenUrl", "is required"
        ),
        RuleCase(
            "L5",
            strategy(
                "{type: token_exchange, tokenExchange: {tokenUrl: 'https://t', clientId: c, clientSecretEnv: S}}"),
            "\(path).tokenExchange.clientSecretEnv", "\"S\" is not set"),
        RuleCase(
            "late exchange client",
            strategy("{type: token_exchange, tokenExchange: {tokenUrl: 'https://t', clientSecret: s}}"),
            "\(path).tokenExchange.clientId", "a client secret belongs to a client"),
        RuleCase(
            "late subject type",
            strategy("{type: token_exchange, tokenExchange: {tokenUrl: 'https://t', subjectTokenType: saml}}"),
            "\(path).tokenExchange.subjectTokenType", "is not a token type"),
        RuleCase("L6 O7", strategy("{type: aws_sts}"), "\(path).awsSts", "is required"),
        RuleCase(
            "L6 O7 region", strategy("{type: aws_sts, awsSts: {fallbackRoleArn: 'arn:aws:iam::123456789012:role/R'}}"),
            "\(path).awsSts.region", "is required"),
        RuleCase(
            "late roles", strategy("{type: aws_sts, awsSts: {region: r}}"), "\(path).awsSts.roleMappings",
            "fallbackRoleArn"),
        RuleCase(
            "late role", strategy("{type: aws_sts, awsSts: {region: r, fallbackRoleArn: 'arn:aws:iam::12:role/R'}}"),
            "\(path).awsSts.fallbackRoleArn", "is not a role"),
        RuleCase(
            "late mapping",
            strategy(
                "{type: aws_sts, awsSts: {region: r, roleMappings: [{roleArn: 'arn:aws:iam::123456789012:role/R'}]}}"),
            "\(path).awsSts.roleMappings[0].claim", "either claim or matcher"),
        RuleCase(
            "late duration",
            strategy(
                "{type: aws_sts, awsSts: {region: r, sessionDuration: 60, "
                    + "fallbackRoleArn: 'arn:aws:iam::123456789012:role/R'}}"
            ),
            "\(path).awsSts.sessionDuration", "900 to 43200"),
        RuleCase("L7 O8", strategy("{type: obo}"), "\(path).obo", "is required"),
        RuleCase("O8 url", strategy("{type: obo, obo: {}}"), "\(path).obo.tokenUrl", "is required"),
        RuleCase(
            "L7 O8 both",
            strategy("{type: obo, obo: {tokenUrl: 'https://t', clientSecret: a, clientSecretEnv: B}}"),
            environment: ["B": "b"], "\(path).obo.clientSecretEnv", "only one of clientSecret and clientSecretEnv"),
        RuleCase(
            "L7 unset", strategy("{type: obo, obo: {tokenUrl: 'https://t', clientSecretEnv: B}}"),
            "\(path).obo.clientSecretEnv", "\"B\" is not set"),
        RuleCase("O9", strategy("{type: xaa}"), "\(path).xaa", "is required"),
        RuleCase(
            "O9 idp", strategy("{type: xaa, xaa: {targetTokenUrl: 'https://t', targetAudience: a}}"),
            "\(path).xaa.idpTokenUrl", "is required"),
        RuleCase(
            "O9 target", strategy("{type: xaa, xaa: {idpTokenUrl: 'https://t', targetAudience: a}}"),
            "\(path).xaa.targetTokenUrl", "is required"),
        RuleCase(
            "O9 audience", strategy("{type: xaa, xaa: {idpTokenUrl: 'https://t', targetTokenUrl: 'https://t'}}"),
            "\(path).xaa.targetAudience", "is required"),
        RuleCase("O9 type", xaa("subjectTokenType: jwt"), "\(path).xaa.subjectTokenType", "is not supported"),
        RuleCase("late resource", xaa("targetResource: 'https://a#b'"), "\(path).xaa.targetResource", "absolute URI"),
        RuleCase("late id", xaa("idpClientSecret: s"), "\(path).xaa.idpClientId", "belongs to a client"),
        RuleCase(
            "late unset", xaa("idpClientId: c, idpClientSecretEnv: S"), "\(path).xaa.idpClientSecretEnv",
            "\"S\" is not set"),
        RuleCase("late secret", xaa("idpClientId: c"), "\(path).xaa.idpClientSecret", "is required"),
        RuleCase(
            "late http",
            strategy("{type: xaa, xaa: {idpTokenUrl: 'http://i/t', targetTokenUrl: 'https://t/t', targetAudience: a}}"),
            "\(path).xaa.idpTokenUrl", "is not https"),
        RuleCase(
            "V-01", strategy("{type: upstream_inject, upstreamInject: {providerName: p}}"), path, "add authServer"),
    ]

    @Test("Each rule about outgoing authentication is enforced", arguments: cases)
    func rule(_ row: RuleCase) {
        row.check()
    }

    @Test("Blocks of other strategies are tolerated, but their keys are checked")
    func otherBlocks() {
        let body = "{type: unauthenticated, obo: {clientSecret: a, clientSecretEnv: B}, xaa: {}}"
        #expect(LoadOutcome(ConfigurationText.with(Self.strategy(body))).errors == [])
        let unknown = LoadOutcome(ConfigurationText.with(Self.strategy("{type: unauthenticated, obo: {tokenURL: x}}")))
        #expect(unknown.errors == ["\(Self.path).obo.tokenURL: unknown key; did you mean \"tokenUrl\"?"])
    }

    @Test("Secrets from the environment are taken at load")
    func secrets() throws {
        let obo = "{type: obo, obo: {tokenUrl: 'https://t', clientId: c, clientSecretEnv: B}}"
        let configuration = LoadOutcome(ConfigurationText.with(Self.strategy(obo)), environment: ["B": "sesame"])
            .configuration
        guard case .onBehalfOf(let settings) = try #require(configuration).outgoingAuth.strategy(for: "one") else {
            Issue.record("not the strategy of the file")
            return
        }
        #expect(settings.clientSecret == Secret("sesame"))
        #expect("\(settings)".contains("sesame") == false)
    }

    @Test(
        "Headers of credentials can be set",
        arguments: ["Authorization", "Cookie", "X-Api-Key", "Proxy-Authorization", "X-Forwarded-Proto"])
    func credentials(name: String) {
        let body = "{type: header_injection, headerInjection: {headerName: \(name), headerValue: 'a b'}}"
        #expect(LoadOutcome(ConfigurationText.with(Self.strategy(body))).errors == [])
    }

    @Test("A backend without an entry gets the default, and nothing without a default")
    func selection() throws {
        let text = ConfigurationText.with([
            "outgoingAuth": """
            outgoingAuth:
              source: inline
              default: {type: header_injection, headerInjection: {headerName: X-Key, headerValue: v}}
              backends:
                two: {type: unauthenticated}
            """
        ])
        let auth = try #require(LoadOutcome(text).configuration).outgoingAuth
        #expect(auth.strategy(for: "one").type == "header_injection")
        #expect(auth.strategy(for: "two") == .unauthenticated)
        let plain = try #require(LoadOutcome(ConfigurationText.with()).configuration).outgoingAuth
        #expect(plain.strategy(for: "one") == .unauthenticated)
    }
}
