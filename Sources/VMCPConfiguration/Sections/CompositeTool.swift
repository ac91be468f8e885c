// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// A tool that is made of several backend calls.
    package struct CompositeTool: Sendable, Hashable {
        package let name: String
        package let description: String
        /// The JSON Schema of the arguments.
        package let parameters: ConfigurationValue?
        package let timeout: Duration
        package let steps: [CompositeStep]
        package let output: CompositeOutput?
        package let annotations: ToolAnnotations?

        package static let defaultTimeout = Duration.seconds(30 * 60)
        package static let maximumSteps = 100
    }
}

extension Configuration.CompositeTool: Section {
    static let summary = "A tool that is made of several backend calls."

    private enum Keys {
        static let name = Key<String>("name", .nonEmptyString, required: true, "What clients call it.")
        static let description = Key<String>("description", .nonEmptyString, required: true, "What it does.")
        static let parameters = Key<ConfigurationValue>("parameters", .freeMap, "The JSON Schema of the arguments.")
        static let timeout = DefaultKey<Duration>(
            "timeout", .nonNegativeDuration, default: defaultTimeout, "How long it may take; 0 means 30m.")
        static let steps = Key<[Configuration.CompositeStep]>(
            "steps", .list(of: .section), required: true, "What it does, in steps.")
        static let output = Key<Configuration.CompositeOutput>("output", .section, "What it answers.")
        static let annotations = Key<Configuration.ToolAnnotations>("annotations", .section, "Hints for clients.")
    }

    static let keys: [any SectionKey] = [
        Keys.name, Keys.description, Keys.parameters, Keys.timeout, Keys.steps, Keys.output, Keys.annotations,
    ]

    init(reading section: SectionReader) {
        name = section[Keys.name] ?? ""
        description = section[Keys.description] ?? ""
        parameters = section[Keys.parameters]
        timeout = section[Keys.timeout].orWhenZero(Self.defaultTimeout)
        steps = section[Keys.steps] ?? []
        output = section[Keys.output]
        annotations = section[Keys.annotations]
        let place = section.at(Keys.steps)
        if place.isEmptyList { place.refuse("must have at least one step; add one") }
        if let parameters, parameters.members?.isEmpty == false {
            SchemaRules.checkArguments(parameters, at: section.at(Keys.parameters))
        }
        if steps.count > Self.maximumSteps {
            place.refuse("has \(steps.count) steps; \(Self.maximumSteps) are the most that one tool may have")
        } else {
            CompositeRules(steps: steps, output: output, stepsPlace: place).check()
        }
    }
}
