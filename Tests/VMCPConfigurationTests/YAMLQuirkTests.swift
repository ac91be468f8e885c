// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

struct YAMLQuirkTests {
    /// The description override of a tool: a key that takes any text.
    private func text(_ scalar: String) -> String? {
        let outcome = LoadOutcome(ConfigurationText.with(["metadata": "metadata: {key: \(scalar)}"]))
        #expect(outcome.errors == [])
        return outcome.configuration?.metadata["key"]
    }

    @Test(
        "A scalar in a text key is taken as it is written",
        arguments: [
            ("0.1", "0.1"), ("0x1F", "0x1F"), ("1_000", "1_000"), ("yes", "yes"), ("true", "true"), ("'true'", "true"),
            ("2001-01-01", "2001-01-01"), ("!!str 12", "12"), ("null", ""), ("~", ""), ("'null'", "null"),
            ("\"a\\tb\"", "a\tb"), ("1e3", "1e3"), (".inf", ".inf"), ("! 12", "12"),
        ])
    func literalText(scalar: String, expected: String) {
        #expect(text(scalar) == expected)
    }

    @Test(
        "Booleans are YAML 1.2 and, where a boolean is asked for, YAML 1.1",
        arguments: [
            ("true", true), ("False", false), ("TRUE", true), ("yes", true), ("No", false), ("on", true),
            ("OFF", false),
            ("y", true), ("n", false), ("!!bool 'true'", true),
        ])
    func boolean(scalar: String, expected: Bool) {
        let outcome = LoadOutcome(
            ConfigurationText.with(["http": "http: {allowAnonymousNonLoopback: \(scalar)}"]))
        #expect(outcome.configuration?.http.allowAnonymousNonLoopback == expected, "\(outcome.description)")
    }

    @Test(
        "What is no boolean is refused with advice",
        arguments: [
            ("'true'", "expected true or false, found a quoted text; remove the quotes"),
            ("1", "expected true or false, found the number 1"),
            ("tru", "expected true or false, found the text \"tru\""),
            ("[]", "expected true or false, found a list"),
        ])
    func notBoolean(scalar: String, message: String) {
        let outcome = LoadOutcome(
            ConfigurationText.with(["http": "http: {allowAnonymousNonLoopback: \(scalar)}"]))
        #expect(outcome.errors == ["http.allowAnonymousNonLoopback: \(message)"])
    }

    @Test(
        "Integers have the spellings of YAML 1.1 and 1.2",
        arguments: [
            ("300", 300), ("0x12C", 300), ("0o454", 300), ("0454", 300), ("0b100101100", 300), ("+300", 300),
            ("3_0_0", 300), ("300.0", 300), ("3e2", 300), ("!!int '300'", 300), ("300.7", 300), ("0800", 800),
        ])
    func integer(scalar: String, expected: Int) {
        let outcome = LoadOutcome(ConfigurationText.with(["limits": "limits: {maxSessions: \(scalar)}"]))
        #expect(outcome.configuration?.limits.maxSessions == expected, "\(outcome.description)")
        let warnings =
            scalar == "300.7" ? ["limits.maxSessions: 300.7 is not a whole number and is read as 300"] : []
        #expect(outcome.warnings == warnings)
    }

    @Test(
        "What is no integer is refused with advice",
        arguments: [
            ("'300'", "expected a whole number, found a quoted text; remove the quotes"),
            ("three", "expected a whole number, found the text \"three\""),
            ("1e40", "expected a whole number, found the number 1e40"),
            (".nan", "expected a whole number, found the number .nan"),
            ("true", "expected a whole number, found the boolean true"),
            ("0x", "expected a whole number, found the text \"0x\""), ("{}", "expected a whole number, found a map"),
        ])
    func notInteger(scalar: String, message: String) {
        let outcome = LoadOutcome(ConfigurationText.with(["limits": "limits: {maxSessions: \(scalar)}"]))
        #expect(outcome.errors == ["limits.maxSessions: \(message)"])
    }

    @Test("JSON is YAML")
    func json() {
        let text = """
            {"name": "j", "groupRef": "g", "incomingAuth": {"type": "anonymous"},
             "outgoingAuth": {"source": "inline"},
             "aggregation": {"conflictResolution": "prefix",
                             "conflictResolutionConfig": {"prefixFormat": "{workload}_"}}}
            """
        #expect(LoadOutcome(text).errors == [])
    }

    @Test("Only the first document is read, and the rest is worth a warning", arguments: ["---\nx: y\n", "...\n@@@\n"])
    func secondDocument(rest: String) {
        let outcome = LoadOutcome("# hello\n---\n" + ConfigurationText.with() + rest)
        #expect(outcome.errors == [])
        #expect(outcome.warnings == [": only the first document of a file is read; the rest is ignored"])
    }

    @Test("A document end alone is fine")
    func documentEnd() {
        #expect(LoadOutcome("---\n" + ConfigurationText.with() + "...\n").warnings == [])
    }

    @Test("A file without content is refused", arguments: ["", "\n\n", "# nothing\n", "---\n", "null\n", "---\n...\n"])
    func empty(text: String) {
        let outcome = LoadOutcome(text)
        #expect(outcome.description.hasPrefix("vmcp.yaml:1:1: the file is empty; write at least name, groupRef"))
    }

    @Test("A file that is no map is refused", arguments: [("- a\n", "a list"), ("hello\n", "the text \"hello\"")])
    func notAMap(text: String, kind: String) {
        #expect(LoadOutcome(text).description == "vmcp.yaml:1:1: expected a map, found \(kind)")
    }

    @Test("Keys are case-sensitive")
    func keyCase() {
        let outcome = LoadOutcome(ConfigurationText.with(["name": "Name: test"]))
        #expect(outcome.errors == ["Name: unknown key; did you mean \"name\"?", "name: is required; add it"])
    }

    @Test("Each duplicate key is reported with both lines, at every level")
    func duplicateKeys() {
        let text = """
            name: a
            name: b
            groupRef: g
            incomingAuth:
              type: anonymous
              type: local
              "type": oidc
            outgoingAuth: {source: inline, source: inline}
            aggregation:
              conflictResolution: prefix
              conflictResolutionConfig: {prefixFormat: "{workload}_"}
            """
        let duplicate = "duplicate key, first written at line"
        #expect(
            LoadOutcome(text).description == """
                vmcp.yaml:2:1 name: \(duplicate) 1 and again at line 2; keep one
                vmcp.yaml:6:3 incomingAuth.type: \(duplicate) 5 and again at line 6; keep one
                vmcp.yaml:7:3 incomingAuth.type: \(duplicate) 5 and again at line 7; keep one
                vmcp.yaml:8:32 outgoingAuth.source: \(duplicate) 8 and again at line 8; keep one
                """)
    }

    @Test("A key that is a list or a map is refused")
    func complexKey() {
        let outcome = LoadOutcome(ConfigurationText.with(["metadata": "metadata:\n  ? [a, b]\n  : c\n  d: e"]))
        #expect(outcome.errors == ["metadata: a list or a map cannot be a key; write a name"])
    }

    @Test("Anchors, aliases and merge keys work; own members win, then earlier merged ones")
    func mergeKeys() throws {
        let outcome = LoadOutcome(
            ConfigurationText.with([
                "backends": """
                backends:
                  - &base {name: one, url: "http://a", transport: sse, metadata: &m {a: 1, b: 1}}
                  - <<: *base
                    name: two
                    metadata: {<<: [{b: 2, c: 2}, *m], d: 3}
                """
            ]))
        let second = try #require(outcome.configuration?.backends.last, "\(outcome.description)")
        #expect(second.name == "two")
        #expect(second.metadata == ["a": "1", "b": "2", "c": "2", "d": "3", "group": "lab"])
        #expect(outcome.warnings == [])
    }

    @Test("Something that is no map cannot be merged; a quoted << is a name")
    func badMerge() {
        let bad = LoadOutcome(ConfigurationText.with(["metadata": "metadata: {<<: 3, <<<: 4}"]))
        #expect(bad.errors == ["metadata: only a map can be merged with <<; write <<: *name of a map"])
        let quoted = LoadOutcome(ConfigurationText.with(["metadata": "metadata: {'<<': 3}"]))
        #expect(quoted.configuration?.metadata == ["<<": "3"])
    }

    @Test("A problem in aliased text points at the text, once for each use")
    func aliasedProblem() {
        let text = ConfigurationText.with([
            "backends": "backends:\n  - &one {name: one, url: \"ftp://a\", transport: sse}\n  - {<<: *one, name: two}"
        ])
        let problems = LoadOutcome(text).problems
        #expect(problems.map(\.keyPath) == ["backends[0].url", "backends[1].url"])
        #expect(Set(problems.map(\.position)) == [SourcePosition(line: 4, column: 27)])
    }

    @Test("Tags without a meaning are ignored with a warning")
    func tags() {
        let outcome = LoadOutcome(ConfigurationText.with(["metadata": "metadata: !my {a: !your b, c: !!str d}"]))
        #expect(outcome.configuration?.metadata == ["a": "b", "c": "d"])
        #expect(
            outcome.warnings == [
                "metadata: the tag \"!my\" has no meaning here and is ignored",
                "metadata.a: the tag \"!your\" has no meaning here and is ignored",
            ])
    }

    @Test(
        "A text that is no YAML is refused at the place where it breaks",
        arguments: [
            (
                "a: [b\nc: d\n", 2, 2,
                "did not find expected ',' or ']' while parsing a flow sequence that starts at line 1"
            ),
            ("a:\n\t- d\n", 2, 1, "found character that cannot start any token"),
            ("a: b\nc", 2, 1, "could not find expected ':' while scanning a simple key that starts at line 2"),
            ("a: [", 1, 5, "did not find expected node content"),
            ("a: 'b\n", 2, 1, "found unexpected end of stream while scanning a quoted scalar that starts at line 1"),
            ("a: *b\n", 1, 4, "the anchor \"b\" is not defined above"),
            ("a: &b [*b]\n", 1, 8, "the anchor \"b\" contains itself"),
            ("a: \u{1}\n", 1, 4, "control characters are not allowed"),
        ])
    func syntaxError(text: String, line: Int, column: Int, message: String) {
        let outcome = LoadOutcome(text)
        #expect(outcome.problems.count == 1)
        #expect(outcome.problems.first?.position == SourcePosition(line: line, column: column))
        #expect(outcome.description.contains("not valid YAML: \(message)"), "\(outcome.description)")
    }

    @Test("Free-form values keep their order, their types and the spelling of their numbers")
    func freeForm() throws {
        let text = ConfigurationText.with([
            "compositeTools": """
            compositeTools:
              - name: t
                description: d
                parameters:
                  type: object
                  z: 1
                  a: [0x10, 1.50, .5, 123456789012345678901234567890, yes, true, null, "1", 2001-01-01, -1.0e3]
                steps: [{id: a, tool: t}]
            """
        ])
        let parameters = try #require(LoadOutcome(text).configuration?.compositeTools.first?.parameters)
        #expect(
            parameters.json()
                == #"{"type":"object","z":1,"a":[16,1.50,0.5,123456789012345678901234567890,"yes",true,null,"1","#
                + #""2001-01-01",-1.0e3]}"#)
    }

    @Test("A number that JSON cannot say is refused in a free-form value")
    func infinity() {
        let tool = "compositeTools: [{name: t, description: d, steps: [{id: a, tool: t, arguments: {a: [.inf]}}]}]"
        let outcome = LoadOutcome(ConfigurationText.with(["compositeTools": tool]))
        #expect(
            outcome.errors == [
                "compositeTools[0].steps[0].arguments.a[0]: .inf has no JSON form; write a finite number"
            ])
    }
}
