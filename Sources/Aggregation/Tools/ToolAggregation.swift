// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The tools of all backends with their final names: overrides, then the conflict strategy, then visibility.
enum ToolAggregation {
    /// - Parameter catalogs: sorted by backend.
    static func routes(
        catalogs: [BackendCatalog], settings: AggregationSettings, log: inout WarningLog
    ) -> [ToolRoute] {
        let backends = Set(catalogs.map { ExactText($0.backend) })
        for workload in Set(settings.workloads.keys.map(ExactText.init)).subtracting(backends).sorted() {
            log.add(
                .unknownWorkload, backend: workload.text,
                "aggregation.tools has an entry for this workload, but no such backend is available; check the name")
        }
        var candidates: [ToolCandidate] = []
        var visibility: [ToolVisibility] = []
        for (index, catalog) in catalogs.enumerated() {
            let tools = ToolCandidate.candidates(
                of: catalog, backendIndex: index, settings: settings.workloads[catalog.backend], log: &log)
            visibility.append(ToolVisibility(of: tools, backend: catalog.backend, settings: settings, log: &log))
            candidates += tools
        }
        var naming = ToolNaming(settings: settings)
        return naming.assign(candidates, log: &log).map { assignment in
            let tool = assignment.tool
            return tool.route(named: assignment.name, isAdvertised: visibility[tool.backendIndex].advertises(tool))
        }
    }
}
