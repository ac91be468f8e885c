// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

struct ReportTests {
    @Test("Everything that is wrong with a file is said at once, in the order of the text")
    func golden() {
        let text = """
            name: ""
            groupref: lab
            port: 4483
            backends:
              - name: notes
                url: htp://notes
                transport: streamable-htp
              - name: notes
                url: http://127.0.0.1:1/mcp
                transport: sse
                caBundlePath: certs/ca.pem
              -
              - transport: stdio
                args: run
            incomingAuth:
              type: oicd
            outgoingAuth:
              source: inline
              backends:
                notes:
                  type: header_injection
                  headerInjection: {headerName: X-Key, headerValueEnv: NOTES_KEY}
                search:
            aggregation:
              conflictResolution: prefx
              conflictResolutionConfig:
                prefixFormt: "{workload}_"
              tools:
                - null
                - workload: notes
                  overrides: {read: , write: {}}
            operational:
              timeouts: {default: 30, perWorkload: {notes: 1d}}
              failureHandling:
                partialFailureMode: bestEffort
                unhealthyThreshold: "3"
            passthroughHeaders: X-Tag
            """
        #expect(
            LoadOutcome(text).description == """
                vmcp.yaml:1:1 groupRef: is required; add it
                vmcp.yaml:1:7 name: is empty; write a value
                vmcp.yaml:2:1 groupref: unknown key; did you mean "groupRef"?
                vmcp.yaml:3:1 port: unknown key; the address is given to the serve command with --host and --port
                vmcp.yaml:6:10 backends[0].url: "htp://notes" is not a web address; start it with http:// or https://
                vmcp.yaml:7:16 backends[0].transport: "streamable-htp" is not one of streamable-http, sse, stdio, \
                streamable. Did you mean "streamable-http"?
                vmcp.yaml:8:11 backends[1].name: "notes" is the name of the backend at line 5 already; choose another
                vmcp.yaml:11:19 backends[1].caBundlePath: "certs/ca.pem" must be absolute; start it with /
                vmcp.yaml:12:4 backends[2]: is empty; write a value or remove the entry
                vmcp.yaml:13:5 backends[3].command: is required; write the program of the stdio backend
                vmcp.yaml:13:5 backends[3].name: is required; add it
                vmcp.yaml:14:11 backends[3].args: expected a list, found the text "run"; write [run]
                vmcp.yaml:16:9 incomingAuth.type: "oicd" is not one of oidc, local, anonymous. Did you mean "oidc"?
                vmcp.yaml:22:60 outgoingAuth.backends.notes.headerInjection.headerValueEnv: \
                the environment variable "NOTES_KEY" is not set; set it before starting
                vmcp.yaml:23:5 outgoingAuth.backends.search: is empty; write a value or remove the entry
                vmcp.yaml:25:23 aggregation.conflictResolution: "prefx" is not one of prefix, priority, manual. \
                Did you mean "prefix"?
                vmcp.yaml:27:5 aggregation.conflictResolutionConfig.prefixFormt: unknown key; \
                did you mean "prefixFormat"?
                vmcp.yaml:29:7 aggregation.tools[0]: is empty; write a value or remove the entry
                vmcp.yaml:31:19 aggregation.tools[1].overrides.read: is empty; write a value or remove the entry
                vmcp.yaml:31:27 aggregation.tools[1].overrides.write: changes nothing; \
                write a name, a description or annotations
                vmcp.yaml:33:23 operational.timeouts.default: "30" has no unit; \
                write ns, us, ms, s, m or h behind the number
                vmcp.yaml:33:48 operational.timeouts.perWorkload.notes: "1d" has the unknown unit "d"; \
                use ns, us, ms, s, m or h
                vmcp.yaml:35:25 operational.failureHandling.partialFailureMode: "bestEffort" is not one of fail, \
                best_effort. Did you mean "best_effort"?
                vmcp.yaml:36:25 operational.failureHandling.unhealthyThreshold: expected a whole number, \
                found a quoted text; remove the quotes
                vmcp.yaml:37:21 passthroughHeaders: expected a list, found the text "X-Tag"; write [X-Tag]
                """)
    }

    @Test("Broken entries do not shift the places of those behind them")
    func alignment() {
        let text = ConfigurationText.with([
            "backends": """
            backends:
              - null
              - [x]
              - {name: one, url: "http://a", transport: sse}
              - {name: one, url: "http://a", transport: sse}
            """,
            "aggregation": """
            aggregation:
              conflictResolution: priority
              conflictResolutionConfig: {priorityOrder: [null, "", one, one]}
              tools: [null, {workload: one}, {workload: one}]
            """,
            "passthroughHeaders": "passthroughHeaders: [null, Host]",
        ])
        #expect(
            LoadOutcome(text).errors.map { String($0.prefix { $0 != ":" }) } == [
                "backends[0]", "backends[1]", "backends[3].name",
                "aggregation.conflictResolutionConfig.priorityOrder[1]",
                "aggregation.conflictResolutionConfig.priorityOrder[3]", "aggregation.tools[0]",
                "aggregation.tools[2].workload", "passthroughHeaders[1]",
            ])
    }

    @Test("One mistake is one problem: nothing follows from a section that could not be read")
    func noCascade() {
        let text = ConfigurationText.with([
            "incomingAuth": "incomingAuth: {type: oicd}",
            "authServer": """
            authServer:
              runConfig:
                issuer: https://hub.example.com
                allowed_audiences: [https://hub.example.com/mcp]
                storage: {type: memory}
                upstreams: [{type: oidc, oidc_config: {issuer_url: 'https://sso.example.com', client_id: hub}}]
            """,
            "aggregation":
                "aggregation: {conflictResolution: priority, conflictResolutionConfig: {priorityOrder: one}}",
        ])
        #expect(
            LoadOutcome(text).problems.map(\.keyPath) == [
                "incomingAuth.type", "aggregation.conflictResolutionConfig.priorityOrder",
            ])
    }

    @Test("A valid file can be asked where its keys stand")
    func locations() throws {
        let text = ConfigurationText.with(["metadata": "metadata: {a: b}"])
        let configuration = try #require(LoadOutcome(text).configuration)
        func place(_ keyPath: String) -> [Int]? {
            configuration.location(of: keyPath).map { [$0.position.line, $0.position.column] }
        }
        #expect(place("name") == [1, 7])
        #expect(place("backends") == [3, 1])
        #expect(place("backends[1]") == [7, 5])
        #expect(place("backends[1].transport") == [9, 16])
        #expect(place("aggregation.conflictResolutionConfig") == [16, 3])
        #expect(place("metadata.a") == [18, 15])
        #expect(place("optimizer") == nil)
        #expect(configuration.location(of: "name")?.file == "vmcp.yaml")
    }

    @Test("Columns count characters, not bytes")
    func columns() {
        let outcome = LoadOutcome(ConfigurationText.with(["metadata": "metadata: {ä: ö, b: []}"]))
        #expect(outcome.problems.map(\.position) == [SourcePosition(line: 18, column: 18)])
    }

    @Test("Keys with other characters are quoted in the path, and control characters never reach a message")
    func oddKeys() {
        let outcome = LoadOutcome(ConfigurationText.with(["metadata": "\"me\\u001b[31mta\\ndata\": 1"]))
        #expect(outcome.errors.first?.hasPrefix("[\"me\\u{1b}[31mta\\ndata\"]: unknown key") == true)
        let long = LoadOutcome(
            ConfigurationText.with(["name": String(repeating: "k", count: 1000) + ": 1", "metadata": "name: x"]))
        #expect(long.errors.count == 1)
        #expect(long.errors.allSatisfy { $0.utf8.count < 400 })
    }

    @Test("More problems than a person reads are only counted")
    func manyProblems() {
        let keys = (0..<700).map { "unknown\($0): x" }.joined(separator: "\n")
        let outcome = LoadOutcome(ConfigurationText.with(["metadata": keys]))
        #expect(outcome.problems.count == 500)
        #expect(outcome.description.hasSuffix("\n… and 200 more errors"))
    }

    @Test("A secret in a URL or a header is not repeated in a message")
    func noSecrets() {
        let outcome = LoadOutcome(
            ConfigurationText.with([
                "backends": "backends: [{name: a, transport: sse, url: 'http://user:sesame@host'}]",
                "outgoingAuth":
                    "outgoingAuth: {source: inline, default: {type: header_injection, "
                    + "headerInjection: {headerName: X, headerValue: \"sesame\\n\"}}}",
            ]))
        #expect(outcome.problems.count == 2)
        #expect(outcome.description.contains("sesame") == false)
    }

    @Test(
        "No malformed URL repeats its user information",
        arguments: [
            "http://user:sesame@host", "https://user:sesame@ho st", "ftp://user:sesame@host", "https://sesame@host#a",
            "https://user:sesame@", "https://sesame@[::1",
        ])
    func noUserInformation(url: String) {
        let text = AuthServerText.with(["issuer": "issuer: '\(url)'", "a": "allowed_audiences: ['\(url)']"])
        let outcome = LoadOutcome(AuthServerText.inline(text), environment: AuthServerText.environment)
        #expect(outcome.problems.count >= 1)
        #expect(!outcome.description.contains("sesame"), "\(outcome.description)")
    }

    @Test("A secret in place of a variable's name is not repeated")
    func secretAsVariable() {
        let text = AuthServerText.with(
            AuthServerText.upstream(
                "oidc", "issuer_url: https://s.example.com", "client_id: c", "client_secret_env_var: 'open-sesame!'"))
        let outcome = LoadOutcome(AuthServerText.inline(text), environment: AuthServerText.environment)
        #expect(
            outcome.errors == [
                "authServer.runConfig.upstreams[0].oidc_config.client_secret_env_var: names no environment variable that "
                    + "is set; write the name of one, never the secret itself"
            ])
    }

    @Test("A problem about a whole file has no line")
    func wholeFile() {
        let problem = ConfigurationProblem(severity: .error, file: "a.yaml", message: "cannot be read")
        #expect(problem.description == "a.yaml: cannot be read")
    }
}
