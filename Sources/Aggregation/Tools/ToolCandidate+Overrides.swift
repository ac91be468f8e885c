// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension ToolCandidate {
    /// Attaches overrides to the tools they name; a bad override costs that tool's override and nothing else.
    ///
    /// - Parameter tools: the tools of one backend, sorted by original name.
    static func applyOverrides(
        _ overrides: [String: ToolOverride], to tools: inout [ToolCandidate], of backend: String, log: inout WarningLog
    ) {
        guard !overrides.isEmpty else { return }
        let indices = Dictionary(
            tools.indices.map { (tools[$0].originalName, $0) }, uniquingKeysWith: { first, _ in first })
        for (name, override) in overrides.sorted(by: { ExactText($0.key) < ExactText($1.key) }) {
            if let defect = defect(of: override, for: name) {
                log.add(.rejectedOverride, backend: backend, item: name, "override ignored: \(defect)")
            } else if let index = indices[ExactText(name)] {
                tools[index].override = override
            } else {
                log.add(
                    .unknownTool, backend: backend, item: name,
                    "an override names this tool, and the backend does not list it")
            }
        }
        rejectClashes(in: &tools, log: &log)
    }

    private static func defect(of override: ToolOverride, for name: String) -> String? {
        if name.isEmpty { return "its tool name is empty" }
        if override.isEmpty { return "it replaces neither name, description nor annotations" }
        guard let newName = override.name, !newName.isEmpty else { return nil }
        return ToolName.defect(of: newName).map { "\"\(printable(newName))\" cannot be a tool name: \($0)" }
    }

    /// Takes back overrides that give two tools of the backend one name.
    ///
    /// A tool that has the name by itself keeps it, else the first by original name does. What is taken back may clash
    /// in turn, so this repeats until nothing does; every round removes an override, so it ends.
    private static func rejectClashes(in tools: inout [ToolCandidate], log: inout WarningLog) {
        var clashes = true
        while clashes {
            clashes = false
            var owners: [ExactText: Int] = [:]
            for index in tools.indices where !tools[index].isRenamedByOverride { owners[tools[index].name] = index }
            for index in tools.indices where tools[index].isRenamedByOverride {
                guard let owner = owners[tools[index].name] else {
                    owners[tools[index].name] = index
                    continue
                }
                let name = printable(tools[index].name.text)
                let sibling = printable(tools[owner].originalName.text)
                log.add(
                    .rejectedOverride, backend: tools[index].backend, item: tools[index].originalName.text,
                    "override ignored: the backend's tool \"\(sibling)\" has the name \"\(name)\"")
                tools[index].override = nil
                clashes = true
            }
        }
    }
}
