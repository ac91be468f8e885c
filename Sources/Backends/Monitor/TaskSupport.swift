// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes

/// What a backend's tools say of running as tasks, in the words of 2025-11-25 (Tasks, Tool-Level Negotiation): nothing
/// that would not work.
enum TaskSupport: Sendable, Hashable {
    /// The tools say it themselves.
    case ofEachTool
    /// The backend decides for each call, so any may become a task, and those that do not are kept here as if they had.
    case optional
    case none

    init(of handshake: Handshake) {
        switch (handshake.revision.era, handshake.capabilities.tasks) {
        case (_, false): self = .none
        case (.legacy, true): self = .ofEachTool
        case (.modern, true): self = .optional
        }
    }

    func items(_ tools: [JSONSlice]) -> [JSONSlice] {
        self == .ofEachTool ? tools : tools.map { item($0) }
    }

    private func item(_ tool: JSONSlice) -> JSONSlice {
        let execution = tool["execution"]
        if self == .optional {
            let value = (execution?.kind == .object ? execution : nil) ?? .emptyObject
            let announced = value.editing([JSONEdit(key: "taskSupport", value: JSONSlice(string: "optional"))])
            return tool.editing([JSONEdit(key: "execution", value: announced)])
        }
        guard let execution, execution["taskSupport"] != nil else { return tool }
        let rest = execution.editing([JSONEdit(key: "taskSupport", value: nil)])
        let isEmpty = !rest.members.contains { _ in true }
        return tool.editing([JSONEdit(key: "execution", value: isEmpty ? nil : rest)])
    }
}
