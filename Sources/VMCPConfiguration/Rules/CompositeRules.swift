// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The rules between the steps of one composite tool.
struct CompositeRules {
    let steps: [Configuration.CompositeStep]
    let output: Configuration.CompositeOutput?
    let stepsPlace: Place

    func check() {
        checkIdentifiers()
        checkDependencies()
        checkDefaultResults()
    }

    private func checkIdentifiers() {
        var seen: Set<String> = []
        for (index, step) in steps.enumerated() where !step.id.isEmpty && !seen.insert(step.id).inserted {
            stepsPlace.entry(index).entry("id").refuse(
                "\(quoted(step.id)) is duplicated; every step needs an id of its own")
        }
    }

    private func checkDependencies() {
        let known = Set(steps.map(\.id))
        for index in steps.indices {
            for (place, name) in stepsPlace.entry(index).entry("dependsOn").texts where !known.contains(name) {
                place.refuse(
                    "\(quoted(name)) is not a step of this tool.\(Suggestion.text(for: name, among: steps.map(\.id)))")
            }
        }
        if let name = stepInCycle() {
            let index = steps.firstIndex { $0.id == name } ?? 0
            stepsPlace.entry(index).entry("dependsOn").refuse(
                "dependency cycle involving step \(quoted(name)); remove one of its dependencies")
        }
    }

    /// A step that waits for itself: what is left when all steps without open dependencies are taken away repeatedly.
    private func stepInCycle() -> String? {
        var waiting = Dictionary(steps.map { ($0.id, Set($0.dependsOn)) }) { $0.union($1) }
        let known = Set(waiting.keys)
        for (id, dependencies) in waiting { waiting[id] = dependencies.intersection(known) }
        while let ready = waiting.first(where: { $0.value.isEmpty })?.key {
            waiting[ready] = nil
            for id in waiting.keys { waiting[id]?.remove(ready) }
        }
        return steps.first { waiting[$0.id] != nil }?.id
    }

    /// A step that may be skipped needs a default for every field that somebody reads.
    private func checkDefaultResults() {
        let references = Set(
            steps.flatMap { Self.templates(of: $0) } + (output?.properties.values.flatMap(\.templates) ?? [])
        )
        .flatMap { TemplateText($0).references }
        for (index, step) in steps.enumerated() where step.maySkip {
            let missing = Set(references.filter { $0.step == step.id && step.defaultResults?[$0.field] == nil })
            for field in missing.map(\.field).sorted() {
                stepsPlace.entry(index).refuse(
                    "requires defaultResults.\(field): the step may be skipped, and a template reads that field")
            }
        }
    }

    private static func templates(of step: Configuration.CompositeStep) -> [String] {
        var result = [step.condition].compactMap { $0 }
        switch step.action {
        case .tool(_, let arguments): result += (arguments?.members ?? []).compactMap(\.value.string)
        case .elicitation(let elicitation): result.append(elicitation.message)
        case .forEach: break
        }
        return result
    }
}
