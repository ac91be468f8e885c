// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration.CompositeStep: Section {
    static let summary = "One step of a composite tool."

    private enum Kind: String, CaseIterable {
        case tool
        case elicitation
        case forEach
    }

    private enum Keys {
        static let id = Key<String>("id", .nonEmptyString, required: true, "Names the step inside its tool.")
        static let type = Key<Kind>("type", .nameOrEmpty, "tool (also when absent), elicitation or forEach.")
        static let tool = Key<String>("tool", .string, "The tool to call; as workload.tool, workload_tool or tool.")
        static let arguments = Key<ConfigurationValue>("arguments", .freeMap, "Its arguments; texts are templates.")
        static let condition = Key<String>("condition", .string, "A template; the step runs when it says true.")
        static let dependsOn = DefaultKey<[String]>("dependsOn", .strings, default: [], "The steps that come first.")
        static let onError = Key<ErrorHandling>("onError", .section, "What happens when the step fails.")
        static let message = Key<String>("message", .string, "The question; a template.")
        static let schema = Key<ConfigurationValue>("schema", .freeMap, "The JSON Schema of the answer.")
        static let timeout = DefaultKey<Duration>(
            "timeout", .duration(), default: defaultTimeout, "How long the step may take; 0 means 5m.")
        static let onDecline = Key<RefusalSection>("onDecline", .section, "What happens when the user declines.")
        static let onCancel = Key<RefusalSection>("onCancel", .section, "What happens when the user cancels.")
        static let defaultResults = Key<ConfigurationValue>(
            "defaultResults", .freeMap, "What a skipped step counts as having answered.")
        static let collection = Key<String>("collection", .string, "A template that makes a JSON array.")
        static let itemVar = Key<String>("itemVar", .string, "What templates call the item; item when absent.")
        static let maxParallel = DefaultKey<Int>(
            "maxParallel", .integer(0...50), default: 10, "How many items at once; 0 means 10.")
        static let maxIterations = DefaultKey<Int>(
            "maxIterations", .integer(0...1000), default: 100, "How many items at most; 0 means 100.")
        static let step = Key<Configuration.CompositeStep>("step", .section, "What runs for each item.")
    }

    static let keys: [any SectionKey] = [
        Keys.id, Keys.type, Keys.tool, Keys.arguments, Keys.condition, Keys.dependsOn, Keys.onError, Keys.message,
        Keys.schema, Keys.timeout, Keys.onDecline, Keys.onCancel, Keys.defaultResults, Keys.collection, Keys.itemVar,
        Keys.maxParallel, Keys.maxIterations, Keys.step,
    ]

    init(reading section: SectionReader) {
        id = section[Keys.id] ?? ""
        condition = section.template(Keys.condition)
        dependsOn = section[Keys.dependsOn]
        onError = section[Keys.onError] ?? .abort
        let timeout = section[Keys.timeout]
        self.timeout = timeout > .zero ? timeout : Self.defaultTimeout
        defaultResults = section[Keys.defaultResults]
        let type = section[Keys.type]
        let tool = Self.tool(section, isInUse: type == nil || type == .tool)
        let elicitation = Self.elicitation(section, isInUse: type == .elicitation)
        let forEach = Self.forEach(section, isInUse: type == .forEach)
        switch type {
        case .elicitation: action = .elicitation(elicitation)
        case .forEach: action = forEach.map(Action.forEach) ?? tool
        case .tool, nil: action = tool
        }
    }

    private static func tool(_ section: SectionReader, isInUse: Bool) -> Action {
        let name = section[Keys.tool] ?? ""
        let arguments = section[Keys.arguments]
        guard isInUse else { return .tool(name: name, arguments: arguments) }
        if name.isEmpty {
            let isQuestion = section.has(Keys.message)
            section.missing("tool", isQuestion ? "or write type: elicitation" : "write the tool to call")
        } else if !isToolName(name) {
            section.refuse(Keys.tool, "\(quoted(name)) is not a tool name; use letters, digits, \".\", \"_\" and \"-\"")
        }
        for (_, place) in section.at(Keys.arguments).children.sorted(by: { $0.key < $1.key }) {
            guard case .scalar(let scalar) = place.node.content, scalar.resolved == .string else { continue }
            if let problem = TemplateText(scalar.text).problem { place.refuse(problem) }
        }
        return .tool(name: name, arguments: arguments)
    }

    private static func elicitation(_ section: SectionReader, isInUse: Bool) -> Elicitation {
        let message = isInUse ? section.template(Keys.message) : section[Keys.message]
        let schema = section[Keys.schema]
        let onDecline = section.read(Keys.onDecline, isInUse: isInUse)
        let onCancel = section.read(Keys.onCancel, isInUse: isInUse)
        if isInUse {
            if message.nonEmpty == nil { section.missing("message", "write the question") }
            if let schema {
                SchemaRules.check(schema, at: section.at(Keys.schema))
            } else {
                section.missing("schema", "write the JSON Schema of the answer")
            }
        }
        return Elicitation(
            message: message ?? "", schema: schema ?? .map([]), onDecline: onDecline?.action, onCancel: onCancel?.action
        )
    }

    private static func forEach(_ section: SectionReader, isInUse: Bool) -> ForEach? {
        let collection = isInUse ? section.template(Keys.collection) : section[Keys.collection]
        let variable = section[Keys.itemVar].nonEmpty ?? "item"
        let parallel = section[Keys.maxParallel].orWhenZero(10)
        let iterations = section[Keys.maxIterations].orWhenZero(100)
        let step = section.read(Keys.step, isInUse: isInUse)
        if isInUse {
            for key in [Keys.tool, Keys.message] where section.has(key) {
                section.refuse(key, "has no place in a forEach step; move it into step")
            }
            if collection.nonEmpty == nil { section.missing("collection", "write a template that makes a list") }
            if variable == "index" || !TemplateText.isIdentifier(variable) {
                section.refuse(Keys.itemVar, "\(quoted(variable)) cannot name an item; write a name other than index")
            }
            if step == nil, !section.has(Keys.step) {
                section.missing("step", "write the step that runs for each item")
            }
            if let step, case .tool = step.action {
            } else if step != nil {
                section.at(Keys.step).refuse("must be a tool step; a forEach cannot hold questions or further loops")
            }
        }
        return step.map {
            ForEach(
                collection: collection ?? "", itemVariable: variable, maxParallel: parallel, maxIterations: iterations,
                step: $0)
        }
    }

    /// `^[a-zA-Z0-9][a-zA-Z0-9._-]*$`
    private static func isToolName(_ text: String) -> Bool {
        let isAlphanumeric = { (byte: UInt8) in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: false
            }
        }
        return text.utf8.first.map(isAlphanumeric) == true
            && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2E || $0 == 0x5F || $0 == 0x2D }
    }
}

extension SectionReader {
    /// A template whose syntax is checked; an empty one counts as absent.
    fileprivate func template(_ key: Key<String>) -> String? {
        guard let text = self[key].nonEmpty else { return nil }
        if let problem = TemplateText(text).problem { refuse(key, problem) }
        return text
    }
}

extension Configuration.CompositeStep.ErrorHandling: Section {
    static let summary = "What happens when a step fails."

    private enum Keys {
        static let action = Key<Configuration.CompositeStep.ErrorAction>(
            "action", .nameOrEmpty, "abort (also when absent), continue or retry.")
        static let retryCount = DefaultKey<Int>("retryCount", .integer(), default: 0, "How many retries, at most 10.")
        static let retryDelay = DefaultKey<Duration>(
            "retryDelay", .duration(), default: .seconds(1), "Before the first retry; 0 means 1s.")
    }

    static let keys: [any SectionKey] = [Keys.action, Keys.retryCount, Keys.retryDelay]

    init(reading section: SectionReader) {
        action = section[Keys.action] ?? .abort
        let count = section[Keys.retryCount]
        let delay = section[Keys.retryDelay]
        retryCount = action == .retry ? min(count, 10) : 0
        retryDelay = delay > .zero ? delay : .seconds(1)
        guard action == .retry else { return }
        if count < 1 { section.refuse(Keys.retryCount, "must be at least 1 with action: retry; write from 1 to 10") }
        if count > 10 { section.warn(Keys.retryCount, "\(count) is more than the 10 retries that a step gets") }
    }
}

/// The block `onDecline` or `onCancel` as it is written.
private struct RefusalSection: Section {
    static let summary = "What happens when the user does not answer."
    private static let actionKey = Key<Configuration.CompositeStep.Refusal>(
        "action", .name, required: true, "skip_remaining, abort or continue.")
    static let keys: [any SectionKey] = [actionKey]

    let action: Configuration.CompositeStep.Refusal?

    init(reading section: SectionReader) {
        action = section[Self.actionKey]
    }
}
