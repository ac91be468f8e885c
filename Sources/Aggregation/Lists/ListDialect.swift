// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// Which members of listed tools a client's revision has a use for.
package struct ListDialect: Sendable, Hashable {
    /// Whether any JSON value may be a tool's structured result (2026-07-28, Tools); before, only objects.
    package var hasAnyOutput: Bool
    /// Whether the client may call tools as tasks of 2025-11-25, and so wants to know which.
    package var hasTaskCalls: Bool

    package init(isModern: Bool, hasTaskCalls: Bool = false) {
        hasAnyOutput = isModern
        self.hasTaskCalls = hasTaskCalls && !isModern
    }

    /// The item for clients of this dialect; the same bytes where nothing stands in their way.
    func item(_ item: JSONSlice) -> JSONSlice {
        var edits: [JSONEdit] = []
        if !hasAnyOutput, let schema = item["outputSchema"], schema["type"]?.isString("object") != true {
            edits.append(JSONEdit(key: "outputSchema", value: nil))
        }
        if !hasTaskCalls, let execution = item["execution"], execution["taskSupport"] != nil {
            let rest = execution.editing([JSONEdit(key: "taskSupport", value: nil)])
            let isEmpty = !rest.members.contains { _ in true }
            edits.append(JSONEdit(key: "execution", value: isEmpty ? nil : rest))
        }
        return edits.isEmpty ? item : item.editing(edits)
    }
}

extension ListPages {
    /// The pages for clients of a dialect; `nil` when they are the same.
    func spoken(in dialect: ListDialect) -> ListPages? {
        guard kind == .tools else { return nil }
        var isChanged = false
        let adapted = items.map { item -> ListItem in
            let spoken = dialect.item(item.item)
            guard spoken != item.item else { return item }
            isChanged = true
            return ListItem(key: item.key, backend: item.backend, item: spoken)
        }
        return isChanged ? ListPages(kind: kind, items: adapted, pageSize: pageSize) : nil
    }
}
