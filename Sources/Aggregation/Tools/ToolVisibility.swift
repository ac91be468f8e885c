// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Decides which tools of one backend are advertised.
///
/// Hidden tools keep their names and routes, so composites can call them.
struct ToolVisibility {
    private enum Rule {
        case none
        case all
        /// By overridden names, and by original names that are nobody's overridden name.
        case only(names: Set<ExactText>, originalNames: Set<ExactText>)
    }

    private let rule: Rule

    init(of tools: [ToolCandidate], backend: String, settings: AggregationSettings, log: inout WarningLog) {
        guard !settings.excludeAllTools else {
            rule = .none
            return
        }
        guard let workload = settings.workloads[backend] else {
            rule = settings.defaultVisibility == .allow ? .all : .none
            return
        }
        guard !workload.excludeAll else {
            rule = .none
            return
        }
        guard !workload.filter.isEmpty else {
            rule = .all
            return
        }
        let names = Set(tools.map(\.name))
        let originalNames = Set(tools.map(\.originalName))
        let filter = Set(workload.filter.map(ExactText.init))
        for entry in filter.subtracting(names).subtracting(originalNames).sorted() {
            log.add(
                .unknownTool, backend: backend, item: entry.text,
                "the filter names this tool, and the backend does not list it")
        }
        rule = .only(names: filter.intersection(names), originalNames: filter.subtracting(names))
    }

    func advertises(_ tool: ToolCandidate) -> Bool {
        switch rule {
        case .none: false
        case .all: true
        case .only(let names, let originalNames): names.contains(tool.name) || originalNames.contains(tool.originalName)
        }
    }
}
