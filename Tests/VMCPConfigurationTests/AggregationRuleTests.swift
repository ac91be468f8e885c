// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

struct AggregationRuleTests {
    private static func aggregation(_ members: String) -> KeyValuePairs<String, String> {
        ["aggregation": "aggregation: {\(members)}"]
    }

    private static let prefix = "conflictResolution: prefix, conflictResolutionConfig: {prefixFormat: 'x{workload}'}"
    private static let resolution = "aggregation.conflictResolution"

    static let cases: [RuleCase] = [
        RuleCase("A1", ["aggregation": ""], "aggregation", "is required"),
        RuleCase(
            "A2", aggregation("conflictResolution: prefx, conflictResolutionConfig: {}"), resolution,
            "\"prefx\" is not one of prefix, priority, manual. Did you mean \"prefix\"?"),
        RuleCase(
            "A2 empty", aggregation("conflictResolution: '', conflictResolutionConfig: {}"), resolution, "is not one of"
        ),
        RuleCase("A2 missing", aggregation("conflictResolutionConfig: {}"), resolution, "is required"),
        RuleCase(
            "A3", aggregation("conflictResolution: manual, tools: [{workload: one}]"),
            "aggregation.conflictResolutionConfig", "is required"),
        RuleCase(
            "A4 prefix", aggregation("conflictResolution: prefix, conflictResolutionConfig: {}"),
            "aggregation.conflictResolutionConfig.prefixFormat", "is required with conflictResolution: prefix"),
        RuleCase(
            "A4 priority", aggregation("conflictResolution: priority, conflictResolutionConfig: {priorityOrder: []}"),
            "aggregation.conflictResolutionConfig.priorityOrder", "is required with conflictResolution: priority"),
        RuleCase(
            "A4 manual", aggregation("conflictResolution: manual, conflictResolutionConfig: {}"), "aggregation.tools",
            "is required"),
        RuleCase(
            "A5", aggregation("\(prefix), defaultToolVisibility: hide"), "aggregation.defaultToolVisibility",
            "\"hide\" is not one of allow, deny."),
        RuleCase(
            "A6",
            aggregation(
                "conflictResolution: priority, conflictResolutionConfig: {priorityOrder: [one, two]}, "
                    + "defaultToolVisibility: deny, tools: [{workload: two}]"),
            "aggregation.conflictResolutionConfig.priorityOrder[0]", "would hide its tools"),
        RuleCase(
            "A7 missing", aggregation("\(prefix), tools: [{filter: [a]}]"), "aggregation.tools[0].workload",
            "is required"),
        RuleCase(
            "A7 duplicate", aggregation("\(prefix), tools: [{workload: one}, {workload: one}]"),
            "aggregation.tools[1].workload", "has an entry already"),
        RuleCase(
            "A7 override", aggregation("\(prefix), tools: [{workload: one, overrides: {a: {}}}]"),
            "aggregation.tools[0].overrides.a", "changes nothing"),
        RuleCase(
            "A7 empty annotations",
            aggregation("\(prefix), tools: [{workload: one, overrides: {a: {annotations: {}}}}]"),
            "aggregation.tools[0].overrides.a", "changes nothing"),
        RuleCase(
            "startup priority",
            aggregation("conflictResolution: priority, conflictResolutionConfig: {priorityOrder: ['']}"),
            "aggregation.conflictResolutionConfig.priorityOrder[0]", "is empty"),
        RuleCase(
            "behaviour 6",
            aggregation("conflictResolution: priority, conflictResolutionConfig: {priorityOrder: [one, one]}"),
            "aggregation.conflictResolutionConfig.priorityOrder[1]", "is listed already"),
        RuleCase(
            "addition length", aggregation("\(prefix), maxToolNameLength: 5"), "aggregation.maxToolNameLength",
            "write 0 or at least 32"),
    ]

    @Test("Each rule about aggregation is enforced", arguments: cases)
    func rule(_ row: RuleCase) {
        row.check()
    }

    @Test("An override may change annotations only")
    func annotationsOnly() throws {
        let members = "\(Self.prefix), tools: [{workload: one, overrides: {a.b: {annotations: {readOnlyHint: yes}}}}]"
        let configuration = LoadOutcome(ConfigurationText.with(Self.aggregation(members))).configuration
        let override = try #require(configuration?.aggregation.tools.first?.overrides["a.b"])
        #expect(override.annotations?.readOnlyHint == true)
        #expect(override.annotations?.destructiveHint == nil)
        #expect(override.name == nil)
    }

    @Test("The additions have their defaults and can be set")
    func additions() throws {
        let standard = try #require(LoadOutcome(ConfigurationText.with()).configuration).aggregation
        #expect(standard.onlyOnConflict == false)
        #expect(standard.maxToolNameLength == 64)
        #expect(standard.defaultToolVisibility == .allow)
        let text = ConfigurationText.with(
            Self.aggregation(
                "conflictResolution: prefix, maxToolNameLength: 0, "
                    + "conflictResolutionConfig: {prefixFormat: '{workload}.', onlyOnConflict: true}"))
        let changed = try #require(LoadOutcome(text).configuration).aggregation
        #expect(changed.onlyOnConflict)
        #expect(changed.maxToolNameLength == 0)
        #expect(changed.prefixFormat == "{workload}.")
    }

    @Test("Without a configured prefix the usual one is there for prompts and unlisted conflicts")
    func prefixFormat() throws {
        let text = ConfigurationText.with(
            Self.aggregation("conflictResolution: priority, conflictResolutionConfig: {priorityOrder: [two, one]}"))
        let aggregation = try #require(LoadOutcome(text).configuration).aggregation
        #expect(aggregation.prefixFormat == "{workload}_")
        #expect(aggregation.priorityOrder == ["two", "one"])
    }

    @Test("Names that no backend has are warned about, with the name that was probably meant")
    func unknownNames() {
        let outcome = LoadOutcome(
            ConfigurationText.with([
                "aggregation":
                    "aggregation: {conflictResolution: priority, conflictResolutionConfig: {priorityOrder: [onee]}, "
                    + "tools: [{workload: three}]}",
                "outgoingAuth": "outgoingAuth: {source: inline, backends: {twoo: {type: unauthenticated}}}",
                "operational": "operational: {timeouts: {perWorkload: {'4': 1s}}}",
            ]))
        #expect(outcome.errors == [])
        #expect(
            outcome.warnings == [
                "outgoingAuth.backends.twoo: \"twoo\" is not a backend of this file. Did you mean \"two\"?",
                "aggregation.conflictResolutionConfig.priorityOrder[0]: "
                    + "\"onee\" is not a backend of this file. Did you mean \"one\"?",
                "aggregation.tools[0].workload: \"three\" is not a backend of this file.",
                "operational.timeouts.perWorkload.4: \"4\" is not a backend of this file.",
            ])
    }

    @Test("Settings without effect are warned about")
    func noEffect() {
        let outcome = LoadOutcome(
            ConfigurationText.with(
                Self.aggregation(
                    "conflictResolution: priority, "
                        + "conflictResolutionConfig: {priorityOrder: [one], prefixFormat: x, onlyOnConflict: true}")))
        #expect(
            outcome.warnings == [
                "aggregation.conflictResolutionConfig.prefixFormat: "
                    + "has no {workload}, so all backends get the same prefix",
                "aggregation.conflictResolutionConfig.onlyOnConflict: "
                    + "has an effect only with conflictResolution: prefix",
            ])
    }
}
