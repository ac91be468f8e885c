// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Offer {
    static func of(_ profile: ExampleBackendOptions.Profile) -> Offer {
        switch profile {
        case .everything: everything
        case .notes: notes
        case .calendar: calendar
        case .library: library
        }
    }

    /// Every feature of the protocol, and tools for tests and benchmarks.
    static var everything: Offer {
        let watched = WatchedResource()
        return Offer(
            name: "example-everything", title: "Everything",
            instructions: "An example server with one tool for every feature of the protocol.",
            tools: EchoTools.all + ContentTools.all + RunningTools.all + QuestionTools.all + URLTools.all
                + SessionTools.all + ChangeTools.all(watched) + FaultTools.all + InputRequiredTools.all
                + ModernTools.all + HeaderTools.all + ModernFaultTools.all
                + TaskTools.all + SwitchTools.all + [SchemaTool.tool],
            resources: EverythingResources.resources(watched), templates: EverythingResources.templates,
            prompts: EverythingPrompts.all)
    }
}
