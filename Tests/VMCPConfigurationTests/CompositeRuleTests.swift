// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

struct CompositeRuleTests {
    private static func tool(_ members: String) -> KeyValuePairs<String, String> {
        ["compositeTools": "compositeTools:\n  - {name: t, description: d, \(members)}"]
    }

    private static func steps(_ steps: String...) -> KeyValuePairs<String, String> {
        tool("steps: [\(steps.joined(separator: ", "))]")
    }

    private static func output(_ members: String) -> KeyValuePairs<String, String> {
        tool("steps: [{id: a, tool: t}], output: {\(members)}")
    }

    private static let path = "compositeTools[0]"
    private static let step = "compositeTools[0].steps[0]"
    private static let loop = "id: l, type: forEach, collection: '{{.params.x}}'"
    private static let property = "compositeTools[0].output.properties.p"

    static let cases: [RuleCase] = [
        RuleCase(
            "C1.1", ["compositeTools": "compositeTools: [{description: d, steps: [{id: a, tool: t}]}]"], "\(path).name",
            "is required"),
        RuleCase(
            "C1.2", ["compositeTools": "compositeTools: [{name: t, steps: [{id: a, tool: t}]}]"], "\(path).description",
            "is required"),
        RuleCase("C1.3", tool("steps: []"), "\(path).steps", "must have at least one step"),
        RuleCase("C1.3", tool("timeout: 1s"), "\(path).steps", "is required"),
        RuleCase("C1.4", tool("timeout: -1s, steps: [{id: a, tool: t}]"), "\(path).timeout", "is negative"),
        RuleCase(
            "L8 C1.5", tool("parameters: {properties: {}}, steps: [{id: a, tool: t}]"), "\(path).parameters",
            "must have a type"),
        RuleCase(
            "L8 C1.6", tool("parameters: {type: string}, steps: [{id: a, tool: t}]"), "\(path).parameters.type",
            "must be object"),
        RuleCase(
            "L8 properties", tool("parameters: {type: object, properties: []}, steps: [{id: a, tool: t}]"),
            "\(path).parameters.properties", "must be a map"),
        RuleCase(
            "L8 required", tool("parameters: {type: object, required: a}, steps: [{id: a, tool: t}]"),
            "\(path).parameters.required", "list of names"),
        RuleCase(
            "L8 nested", tool("parameters: {type: object, properties: {a: {type: strin}}}, steps: [{id: a, tool: t}]"),
            "\(path).parameters.properties.a.type", "Did you mean \"string\"?"),
        RuleCase("C1.7", steps("{tool: t}"), "\(step).id", "is required"),
        RuleCase("C1.8", steps("{id: a, tool: t}", "{id: a, tool: t}"), "\(path).steps[1].id", "is duplicated"),
        RuleCase(
            "C1.10", steps("{id: a, type: loop, tool: t}"),
            "\(step).type", "is not one of tool, elicitation, forEach."),
        RuleCase("C1.11", steps("{id: a}"), "\(step).tool", "is required"),
        RuleCase("C1.9 question", steps("{id: a, message: hello}"), "\(step).tool", "or write type: elicitation"),
        RuleCase("C1.12", steps("{id: a, tool: -x}"), "\(step).tool", "is not a tool name"),
        RuleCase(
            "C1.13", steps("{id: a, type: elicitation, schema: {type: object}}"), "\(step).message", "is required"),
        RuleCase("C1.14", steps("{id: a, type: elicitation, message: m}"), "\(step).schema", "is required"),
        RuleCase(
            "C1.14", steps("{id: a, type: elicitation, message: m, schema: {type: obj}}"), "\(step).schema.type",
            "is not a JSON type"),
        RuleCase("C1.15", steps("{\(loop), tool: t, step: {id: i, tool: t}}"), "\(step).tool", "has no place"),
        RuleCase("C1.15", steps("{\(loop), message: t, step: {id: i, tool: t}}"), "\(step).message", "has no place"),
        RuleCase("C1.16", steps("{id: l, type: forEach, step: {id: i, tool: t}}"), "\(step).collection", "is required"),
        RuleCase(
            "C1.16", steps("{id: l, type: forEach, collection: '{{', step: {id: i, tool: t}}"), "\(step).collection",
            "close the action"),
        RuleCase("C1.17", steps("{\(loop)}"), "\(step).step", "is required"),
        RuleCase(
            "C1.17", steps("{\(loop), step: {\(loop), step: {id: i, tool: t}}}"),
            "\(step).step", "must be a tool step"),
        RuleCase("C1.17", steps("{\(loop), step: {id: i}}"), "\(step).step.tool", "is required"),
        RuleCase("C1.17", steps("{\(loop), step: {tool: t}}"), "\(step).step.id", "is required"),
        RuleCase(
            "C1.17", steps("{\(loop), step: {id: i, tool: t, arguments: {a: '{{x'}}}"), "\(step).step.arguments.a",
            "close the action"),
        RuleCase(
            "C1.18", steps("{\(loop), itemVar: index, step: {id: i, tool: t}}"), "\(step).itemVar",
            "cannot name an item"),
        RuleCase(
            "C1.18", steps("{\(loop), itemVar: a-b, step: {id: i, tool: t}}"),
            "\(step).itemVar", "cannot name an item"),
        RuleCase(
            "C1.19", steps("{\(loop), maxParallel: 51, step: {id: i, tool: t}}"),
            "\(step).maxParallel", "from 0 to 50"),
        RuleCase(
            "C1.20", steps("{\(loop), maxIterations: 1001, step: {id: i, tool: t}}"), "\(step).maxIterations",
            "from 0 to 1000"),
        RuleCase("C1.21", steps("{id: a, tool: t, condition: '{{}}'}"), "\(step).condition", "without content"),
        RuleCase("C1.21", steps("{id: a, tool: t, arguments: {x: '{{.a'}}"), "\(step).arguments.x", "close the action"),
        RuleCase(
            "C1.22", steps("{id: alpha, tool: t}", "{id: b, tool: t, dependsOn: [alhpa]}"),
            "\(path).steps[1].dependsOn[0]", "Did you mean \"alpha\"?"),
        RuleCase(
            "C1.23", steps("{id: a, tool: t, onError: {action: stop}}"), "\(step).onError.action",
            "is not one of abort, continue, retry."),
        RuleCase(
            "C1.24", steps("{id: a, tool: t, onError: {action: retry}}"), "\(step).onError.retryCount", "at least 1"),
        RuleCase(
            "C1.25", steps("{id: a, type: elicitation, message: m, schema: {}, onDecline: {}}"),
            "\(step).onDecline.action", "is required"),
        RuleCase(
            "C1.25", steps("{id: a, type: elicitation, message: m, schema: {}, onCancel: {action: x}}"),
            "\(step).onCancel.action", "is not one of skip_remaining, abort, continue."),
        RuleCase(
            "C1.26", steps("{id: a, tool: t, dependsOn: [b]}", "{id: b, tool: t, dependsOn: [a]}"), "\(step).dependsOn",
            "dependency cycle involving step \"a\""),
        RuleCase("C1.26 self", steps("{id: a, tool: t, dependsOn: [a]}"), "\(step).dependsOn", "dependency cycle"),
        RuleCase(
            "C1.27",
            steps("{id: a, tool: t, condition: x}", "{id: b, tool: t, arguments: {v: '{{.steps.a.output.id}}'}}"), step,
            "requires defaultResults.id"),
        RuleCase(
            "C1.27 output",
            tool(
                "steps: [{id: a, tool: t, onError: {action: continue}}], "
                    + "output: {properties: {p: {type: string, description: d, value: '{{.steps.a.output.id}}'}}}"
            ), step, "requires defaultResults.id"),
        RuleCase(
            "C1.28",
            ["compositeTools": "compositeTools:\n  - &t {name: t, description: d, steps: [{id: a, tool: t}]}\n  - *t"],
            "compositeTools[1].name", "is duplicated"),
        RuleCase("C1 output empty", output("properties: {}"), "\(path).output.properties", "at least one property"),
        RuleCase(
            "C1 output required", output("properties: {p: {type: string, description: d, value: v}}, required: [q]"),
            "\(path).output.required[0]", "is not among the properties"),
        RuleCase(
            "C1 output type", output("properties: {p: {type: text, description: d, value: v}}"), "\(property).type",
            "is not one of string, integer, number, boolean, object, array."),
        RuleCase(
            "C1 output description", output("properties: {p: {type: string, value: v}}"), "\(property).description",
            "is required"),
        RuleCase(
            "C1 output neither", output("properties: {p: {type: string, description: d}}"), "\(property).value",
            "is required"),
        RuleCase(
            "C1 output both",
            output(
                "properties: {p: {type: object, description: d, value: v, "
                    + "properties: {q: {type: string, description: d, value: v}}}}"
            ), "\(property).properties", "only one of"),
        RuleCase(
            "C1 output scalar",
            output(
                "properties: {p: {type: string, description: d, "
                    + "properties: {q: {type: string, description: d, value: v}}}}"
            ), "\(property).properties", "only for type: object"),
        RuleCase(
            "C1 output template", output("properties: {p: {type: string, description: d, value: '{{'}}"),
            "\(property).value", "close the action"),
        RuleCase(
            "C1 output default", output("properties: {p: {type: boolean, description: d, value: v, default: []}}"),
            "\(property).default", "does not fit type: boolean"),
        RuleCase(
            "C2 empty", ["compositeToolRefs": "compositeToolRefs: [{name: ''}]"], "compositeToolRefs[0].name",
            "is empty"),
        RuleCase(
            "C2 duplicate", ["compositeToolRefs": "compositeToolRefs: [{name: a}, {name: a}]"],
            "compositeToolRefs[1].name", "is duplicated"),
    ]

    @Test("Each rule about composite tools is enforced", arguments: cases)
    func rule(_ row: RuleCase) {
        row.check()
    }

    @Test("More than a hundred steps are refused")
    func tooManySteps() {
        let hundred = (1...100).map { "{id: s\($0), tool: t}" }
        let hundredAndOne = hundred + ["{id: s101, tool: t}"]
        #expect(
            LoadOutcome(ConfigurationText.with(Self.tool("steps: [\(hundred.joined(separator: ", "))]"))).errors == [])
        let outcome = LoadOutcome(
            ConfigurationText.with(Self.tool("steps: [\(hundredAndOne.joined(separator: ", "))]")))
        #expect(outcome.errors.count == 1)
        #expect(outcome.errors.first?.hasPrefix("compositeTools[0].steps: has 101 steps") == true)
    }

    @Test("Nested outputs end at ten levels")
    func nestedOutput() {
        func nested(_ levels: Int) -> String {
            let leaf = "{type: string, description: d, value: v}"
            return (1..<levels).reduce(leaf) { inner, _ in "{type: object, description: d, properties: {p: \(inner)}}" }
        }
        #expect(LoadOutcome(ConfigurationText.with(Self.output("properties: {p: \(nested(10))}"))).errors == [])
        #expect(LoadOutcome(ConfigurationText.with(Self.output("properties: {p: \(nested(11))}"))).errors.count == 1)
    }

    @Test("A composite tool with every construct has the values of the file")
    func everything() throws {
        let text = ConfigurationText.with([
            "compositeTools": """
            compositeTools:
              - name: triage
                description: Collect and close
                parameters:
                  type: object
                  properties: {project: {type: string}, limit: {type: integer, default: 5}}
                  required: [project]
                annotations: {title: Triage}
                steps:
                  - {id: list, tool: one.search, arguments: {q: "{{.params.project}}", max: 5},
                     onError: {action: retry, retryCount: 20, retryDelay: 500ms}}
                  - {id: ask, type: elicitation, dependsOn: [list], message: "Close {{.steps.list.output.count}}?",
                     schema: {type: object, properties: {ok: {type: boolean}}}, timeout: 1m,
                     onDecline: {action: continue}, onCancel: {action: skip_remaining}}
                  - {id: close, type: forEach, dependsOn: [ask], condition: '{{eq .steps.ask.output.action "accept"}}',
                     collection: "{{json .steps.list.output.items}}", itemVar: t, maxParallel: 0,
                     step: {id: one, tool: one.close, arguments: {id: "{{.forEach.t.id}}"}},
                     defaultResults: {completed: 0}}
                output:
                  properties:
                    closed: {type: integer, description: n, value: "{{.steps.close.output.completed}}", default: 0}
                  required: [closed]
            """
        ])
        let outcome = LoadOutcome(text)
        let tool = try #require(outcome.configuration?.compositeTools.first, "\(outcome.description)")
        #expect(tool.timeout == .seconds(1800))
        #expect(tool.parameters?["required"] == ["project"])
        #expect(tool.annotations?.title == "Triage")
        #expect(tool.steps.map(\.timeout) == [.seconds(300), .seconds(60), .seconds(300)])
        #expect(tool.steps[0].onError == .init(action: .retry, retryCount: 10, retryDelay: .milliseconds(500)))
        #expect(tool.steps[0].action == .tool(name: "one.search", arguments: ["q": "{{.params.project}}", "max": 5]))
        guard case .elicitation(let question) = tool.steps[1].action, case .forEach(let loop) = tool.steps[2].action
        else {
            Issue.record("\(tool.steps)")
            return
        }
        #expect(question.onDecline == .continue)
        #expect(question.onCancel == .skipRemaining)
        #expect(loop.maxParallel == 10)
        #expect(loop.maxIterations == 100)
        #expect(loop.itemVariable == "t")
        #expect(loop.step.id == "one")
        #expect(tool.steps[2].defaultResults?["completed"] == 0)
        #expect(
            outcome.warnings.map { String($0.prefix(50)) } == ["compositeTools[0].steps[0].onError.retryCount: 20 "])
    }
}
