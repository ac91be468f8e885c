// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes

/// A usable tool of one backend on its way to a name.
struct ToolCandidate {
    let backend: String
    /// The backend's place among the backends, sorted by name.
    let backendIndex: Int
    let originalName: ExactText
    let originalNameJSON: JSONSlice
    let item: JSONSlice
    let annotations: JSONSlice?
    let parameterHeaders: ParameterHeaders
    /// What the configuration replaces; rejected overrides are gone.
    var override: ToolOverride?

    /// The name after the override, before the conflict strategy.
    var name: ExactText {
        if let name = override?.name, !name.isEmpty { return ExactText(name) }
        return originalName
    }

    var isRenamedByOverride: Bool { name != originalName }

    /// The route under its final name; the item is edited where name, description or annotations change.
    func route(named advertisedName: String, isAdvertised: Bool) -> ToolRoute {
        var edits: [JSONEdit] = []
        if ExactText(advertisedName) != originalName {
            edits.append(JSONEdit(key: "name", value: JSONSlice(string: advertisedName)))
        }
        if let description = override?.description, !description.isEmpty {
            edits.append(JSONEdit(key: "description", value: JSONSlice(string: description)))
        }
        var annotations = annotations
        if let change = override?.annotations, !change.isEmpty {
            let merged = change.merged(into: annotations)
            annotations = merged
            edits.append(JSONEdit(key: "annotations", value: merged))
        }
        return ToolRoute(
            backend: backend,
            originalName: originalName.text,
            originalNameJSON: originalNameJSON,
            advertisedName: advertisedName,
            isAdvertised: isAdvertised,
            readOnly: annotations?["readOnlyHint"]?.bool ?? false,
            idempotent: annotations?["idempotentHint"]?.bool ?? false,
            parameterHeaders: parameterHeaders,
            item: item.editing(edits))
    }
}

extension ToolCandidate {
    /// The tools of one backend, overrides applied, sorted by original name.
    static func candidates(
        of catalog: BackendCatalog, backendIndex: Int, settings: WorkloadToolSettings?, log: inout WarningLog
    ) -> [ToolCandidate] {
        var result: [ToolCandidate] = []
        for item in ItemReader.items(.tools, of: catalog, log: &log) {
            do throws(HeaderAnnotationReader.Defect) {
                result.append(
                    ToolCandidate(
                        backend: catalog.backend,
                        backendIndex: backendIndex,
                        originalName: item.identity,
                        originalNameJSON: item.identityJSON,
                        item: item.item,
                        annotations: item.annotations,
                        parameterHeaders: try item.inputSchema.map(HeaderAnnotationReader.parameters) ?? .none,
                        override: nil))
            } catch {
                log.add(
                    .invalidHeaderAnnotation, backend: catalog.backend, item: item.identity.text,
                    "tool dropped: \(error.sentence)")
            }
        }
        result.sort { $0.originalName < $1.originalName }
        if let settings { applyOverrides(settings.overrides, to: &result, of: catalog.backend, log: &log) }
        result.removeAll { tool in
            let defect =
                tool.originalName.text.utf8.count > ToolName.maximumSourceLength
                ? "its own name is longer than \(ToolName.maximumSourceLength) bytes"
                : ToolName.defect(of: tool.name.text)
            if let defect {
                log.add(.unusableName, backend: tool.backend, item: tool.originalName.text, "tool dropped: \(defect)")
            }
            return defect != nil
        }
        return result
    }
}

extension ToolAnnotationsOverride {
    /// The backend's annotations with the fields that are set here replaced, or an object of these alone.
    func merged(into annotations: JSONSlice?) -> JSONSlice {
        var edits: [JSONEdit] = []
        if let title { edits.append(JSONEdit(key: "title", value: JSONSlice(string: title))) }
        let hints: [(String, Bool?)] = [
            ("readOnlyHint", readOnlyHint), ("destructiveHint", destructiveHint),
            ("idempotentHint", idempotentHint), ("openWorldHint", openWorldHint),
        ]
        for case (let key, let hint?) in hints {
            edits.append(JSONEdit(key: key, value: hint ? .true : .false))
        }
        let base = annotations.flatMap { $0.kind == .object ? $0 : nil } ?? .emptyObject
        return base.editing(edits)
    }
}
