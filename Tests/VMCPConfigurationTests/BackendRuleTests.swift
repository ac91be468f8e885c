// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

struct BackendRuleTests {
    private static func backend(_ members: String) -> KeyValuePairs<String, String> {
        ["backends": "backends: [{\(members)}]"]
    }

    private static let http = "name: one, url: 'https://one.example.com/mcp', transport: streamable-http"
    private static let stdio = "name: one, transport: stdio, command: server"

    static let cases: [RuleCase] = [
        RuleCase("S1 type", backend("\(http), type: remote"), "backends[0].type", "\"remote\" is not one of entry."),
        RuleCase(
            "S1 bundle", backend("\(http), caBundlePath: /a.pem"), "backends[0].caBundlePath", "only for backends"),
        RuleCase(
            "S1 relative", backend("\(http), type: entry, caBundlePath: a.pem"), "backends[0].caBundlePath",
            "must be absolute"),
        RuleCase(
            "S1 dots", backend("\(http), type: entry, caBundlePath: /a/../b"), "backends[0].caBundlePath",
            "contains \"..\""),
        RuleCase("name", backend("url: 'http://a', transport: sse"), "backends[0].name", "is required"),
        RuleCase("transport", backend("name: one, url: 'http://a'"), "backends[0].transport", "is required"),
        RuleCase(
            "transport value", backend("name: one, url: 'http://a', transport: streamable_http"),
            "backends[0].transport", "Did you mean \"streamable-http\"?"),
        RuleCase("url", backend("name: one, transport: sse"), "backends[0].url", "is required"),
        RuleCase("url empty", backend("name: one, transport: sse, url: ''"), "backends[0].url", "is empty"),
        RuleCase("url scheme", backend("name: one, transport: sse, url: 'ftp://a'"), "backends[0].url", "http://"),
        RuleCase("url host", backend("name: one, transport: sse, url: 'http:///a'"), "backends[0].url", "has no host"),
        RuleCase(
            "url user", backend("name: one, transport: sse, url: 'http://u:p@a'"), "backends[0].url", "user information"
        ),
        RuleCase(
            "url fragment", backend("name: one, transport: sse, url: 'http://a#b'"), "backends[0].url", "fragment"),
        RuleCase(
            "duplicate", ["backends": "backends:\n  - {\(http)}\n  - {\(http)}"], "backends[1].name",
            "the backend at line 4 already"),
        RuleCase("command", backend("name: one, transport: stdio"), "backends[0].command", "is required"),
        RuleCase("stdio url", backend("\(stdio), url: 'http://a'"), "backends[0].url", "has no URL"),
        RuleCase("stdio type", backend("\(stdio), type: entry"), "backends[0].type", "remote backends"),
        RuleCase("http command", backend("\(http), command: a"), "backends[0].command", "transport: stdio"),
        RuleCase("http env", backend("\(http), env: {A: b}"), "backends[0].env", "transport: stdio"),
        RuleCase(
            "secret", backend("\(stdio), secretEnv: {TOKEN: MY_TOKEN}"), "backends[0].secretEnv.TOKEN",
            "the environment variable \"MY_TOKEN\" is not set"),
        RuleCase("null variable", backend("\(stdio), env: {A: }"), "backends[0].env.A", "is empty"),
        RuleCase("null argument", backend("\(stdio), args: [a, null]"), "backends[0].args[1]", "is empty"),
        RuleCase("variable name", backend("\(stdio), env: {'A=B': c}"), "backends[0].env[\"A=B\"]", "cannot name"),
        RuleCase("inherited name", backend("\(stdio), inheritEnv: ['1A']"), "backends[0].inheritEnv[0]", "cannot name"),
        RuleCase(
            "both", backend("\(stdio), env: {A: b}, secretEnv: {A: PATH}"), environment: ["PATH": "/bin"],
            "backends[0].secretEnv.A", "is in env as well"),
        RuleCase("NUL", backend("\(stdio), args: [\"a\\0\"]"), "backends[0].args[0]", "NUL"),
        RuleCase(
            "concurrency", backend("\(http), maxConcurrentRequests: 0"), "backends[0].maxConcurrentRequests",
            "from 1 to 10000"),
        RuleCase("queue", backend("\(http), maxQueuedRequests: -1"), "backends[0].maxQueuedRequests", "out of range"),
    ]

    @Test("Each rule about backends is enforced", arguments: cases)
    func rule(_ row: RuleCase) {
        row.check()
    }

    @Test("Transports have their settings")
    func transports() throws {
        let text = ConfigurationText.with([
            "backends": """
            backends:
              - {name: a, transport: streamable, url: "http://[::1]:81/mcp?x=1"}
              - {name: b, transport: sse, url: "HTTPS://b.example.com", type: entry, caBundlePath: /ca.pem}
              - {name: c, transport: stdio, command: ./serve, args: [--port, 80], workingDirectory: data}
            """
        ])
        let backends = try #require(LoadOutcome(text, directory: "/etc/vmcp").configuration).backends
        guard case .streamableHTTP(let first) = backends[0].transport, case .sse(let second) = backends[1].transport,
            case .stdio(let command) = backends[2].transport
        else {
            Issue.record("\(backends)")
            return
        }
        #expect((first.host, first.port, first.target, first.isSecure) == ("::1", 81, "/mcp?x=1", false))
        #expect(first.isLoopback)
        #expect((second.host, second.port, second.target, second.isSecure) == ("b.example.com", 443, "/", true))
        #expect(backends[1].isEntry)
        #expect(backends[1].caBundlePath == "/ca.pem")
        #expect(command.executable == "/etc/vmcp/./serve")
        #expect(command.arguments == ["--port", "80"])
        #expect(command.workingDirectory == "/etc/vmcp/data")
        #expect(backends.map(\.maxConcurrentRequests) == [256, 256, 256])
        #expect(backends.map(\.maxQueuedRequests) == [1024, 1024, 1024])
    }

    @Test("A child sees the listed variables, the fixed ones and nothing else")
    func childEnvironment() throws {
        let own = ["PATH": "/bin", "HOME": "/root", "SECRET": "s", "PROXY": "p", "OTHER": "o"]
        let text = ConfigurationText.with(
            Self.backend(
                "\(Self.stdio), env: {A: 1, HOME: /tmp}, secretEnv: {TOKEN: SECRET}, inheritEnv: [PROXY, MISSING]"))
        let outcome = LoadOutcome(text, environment: own)
        guard case .stdio(let command)? = outcome.configuration?.backends.first?.transport else {
            Issue.record("\(outcome.description)")
            return
        }
        #expect(
            command.childEnvironment(from: own)
                == ["PATH": "/bin", "HOME": "/tmp", "A": "1", "TOKEN": "s", "PROXY": "p"])
        #expect(
            outcome.warnings == [
                "backends[0].inheritEnv[1]: the environment variable \"MISSING\" is not set, "
                    + "so the program does not see it"
            ])
    }

    @Test("The group of a backend is always the group of the server")
    func group() throws {
        let outcome = LoadOutcome(ConfigurationText.with(Self.backend("\(Self.http), metadata: {group: x, tier: 1}")))
        #expect(outcome.configuration?.backends.first?.metadata == ["group": "lab", "tier": "1"])
        #expect(
            outcome.warnings == ["backends[0].metadata.group: \"x\" is replaced by the groupRef \"lab\"; remove it"])
        let same = LoadOutcome(ConfigurationText.with(Self.backend("\(Self.http), metadata: {group: lab}")))
        #expect(same.warnings == [])
    }

    @Test("Backends may be absent, then the group is asked")
    func noBackends() throws {
        let configuration = try #require(LoadOutcome(ConfigurationText.with(["backends": ""])).configuration)
        #expect(configuration.backends == [])
        #expect(configuration.unsupportedFeatures().map(\.keyPath) == ["groupRef"])
        let empty = try #require(LoadOutcome(ConfigurationText.with(["backends": "backends: []"])).configuration)
        #expect(empty.unsupportedFeatures() == [])
    }

    @Test("Odd names and settings without effect are warned about")
    func warnings() {
        let text = ConfigurationText.with([
            "backends": "backends: [{name: a b, transport: stdio, command: c}]",
            "outgoingAuth":
                "outgoingAuth: {source: inline, backends: {a b: {type: header_injection, "
                + "headerInjection: {headerName: X, headerValue: y}}}}",
        ])
        let outcome = LoadOutcome(text)
        #expect(
            outcome.warnings.map { String($0.prefix { $0 != ":" }) } == [
                "backends[0].name", "outgoingAuth.backends[\"a b\"]",
            ])
    }
}
