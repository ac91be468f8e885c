// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Observability
import Testing

@testable import VMCPConfiguration

struct IncomingAuthRuleTests {
    private static func auth(_ body: String) -> KeyValuePairs<String, String> {
        ["incomingAuth": "incomingAuth:\n" + body]
    }

    private static func oidc(_ lines: String...) -> KeyValuePairs<String, String> {
        auth("  type: oidc\n  oidc:\n" + lines.map { "    \($0)" }.joined(separator: "\n"))
    }

    static let cases: [RuleCase] = [
        RuleCase("B1", ["name": ""], "name", "is required"),
        RuleCase("B1 empty", ["name": "name: \"\""], "name", "is empty"),
        RuleCase("B1 null", ["name": "name:"], "name", "is required"),
        RuleCase("B2", ["groupRef": ""], "groupRef", "is required"),
        RuleCase("I1", ["incomingAuth": ""], "incomingAuth", "is required"),
        RuleCase("I1 null", ["incomingAuth": "incomingAuth:"], "incomingAuth", "is required"),
        RuleCase("I2", auth("  type: none"), "incomingAuth.type", "\"none\" is not one of oidc, local, anonymous."),
        RuleCase("I2 missing", auth("  authz: {type: none}"), "incomingAuth.type", "is required"),
        RuleCase("I3 block", auth("  type: oidc"), "incomingAuth.oidc", "is required"),
        RuleCase("I3 null block", auth("  type: oidc\n  oidc:"), "incomingAuth.oidc", "is required"),
        RuleCase("I3 issuer", oidc("audience: a", "resource: r"), "incomingAuth.oidc.issuer", "is required"),
        RuleCase("I3 audience", oidc("issuer: https://i", "audience: ''"), "incomingAuth.oidc.audience", "is empty"),
        RuleCase(
            "I4 relative", oidc("issuer: https://i", "audience: a", "caBundlePath: ca.pem"),
            "incomingAuth.oidc.caBundlePath", "must be absolute"),
        RuleCase(
            "I4 dots", oidc("issuer: https://i", "audience: a", "caBundlePath: /etc/../ca.pem"),
            "incomingAuth.oidc.caBundlePath", "contains \"..\""),
        RuleCase(
            "I4 NUL", oidc("issuer: https://i", "audience: a", "caBundlePath: \"/etc\\0ca.pem\""),
            "incomingAuth.oidc.caBundlePath", "NUL"),
        RuleCase(
            "I5", auth("  type: local\n  authz: {type: opa}"), "incomingAuth.authz.type",
            "\"opa\" is not one of cedar, none."),
        RuleCase("I5 missing", auth("  type: local\n  authz: {}"), "incomingAuth.authz.type", "is required"),
        RuleCase(
            "I6", auth("  type: local\n  authz: {type: cedar}"), "incomingAuth.authz.policies",
            "policies are required"),
        RuleCase(
            "I6 empty", auth("  type: local\n  authz: {type: cedar, policies: []}"), "incomingAuth.authz.policies",
            "policies are required"),
        RuleCase(
            "startup entities", auth("  type: local\n  authz: {type: cedar, policies: [p], entitiesJson: '{}'}"),
            "incomingAuth.authz.entitiesJson", "is not a JSON array"),
        RuleCase(
            "startup group type", auth("  type: local\n  authz: {type: cedar, policies: [p], groupEntityType: A::B}"),
            "incomingAuth.authz.groupEntityType", "plain Cedar identifier"),
    ]

    @Test("Each rule about incoming authentication is enforced", arguments: cases)
    func rule(_ row: RuleCase) {
        row.check()
    }

    @Test("A block that the type does not use only has to be well formed")
    func unusedBlock() {
        let unused = LoadOutcome(ConfigurationText.with(Self.auth("  type: local\n  oidc: {issuer: ''}")))
        #expect(unused.errors == [])
        let malformed = LoadOutcome(ConfigurationText.with(Self.auth("  type: local\n  oidc: {isuer: x, scopes: a}")))
        #expect(
            malformed.errors == [
                "incomingAuth.oidc.isuer: unknown key; did you mean \"issuer\"?",
                "incomingAuth.oidc.scopes: expected a list, found the text \"a\"; write [a]",
            ])
    }

    @Test("The introspection secret comes from the named variable, then from the fallback variable")
    func secret() throws {
        let text = ConfigurationText.with(
            Self.oidc("issuer: https://i", "audience: a", "resource: https://r", "clientSecretEnv: MINE"))
        func secret(_ environment: [String: String]) -> Secret? {
            guard case .oidc(let oidc) = LoadOutcome(text, environment: environment).configuration?.incomingAuth.method
            else { return nil }
            return oidc.clientSecret
        }
        #expect(secret(["MINE": "a", "TOOLHIVE_OIDC_CLIENT_SECRET": "b"]) == Secret("a"))
        #expect(secret(["TOOLHIVE_OIDC_CLIENT_SECRET": "b"]) == Secret("b"))
        #expect(secret([:]) == nil)
        #expect(
            LoadOutcome(text).warnings == [
                "incomingAuth.oidc.clientSecretEnv: the environment variable \"MINE\" is not set"
            ])
    }

    @Test("A policy about an action that never happens is warned about")
    func policyAction() {
        let outcome = LoadOutcome(
            ConfigurationText.with(
                Self.auth(
                    """
                      type: local
                      authz:
                        type: cedar
                        policies:
                          - permit(principal, action == Action::"tools/call", resource);
                          - permit(principal, action == Action::"call_tool", resource);
                    """)))
        #expect(outcome.errors == [])
        #expect(outcome.warnings.count == 1)
        #expect(outcome.warnings.first?.hasPrefix("incomingAuth.authz.policies[0]: the action \"tools/call\"") == true)
    }
}
