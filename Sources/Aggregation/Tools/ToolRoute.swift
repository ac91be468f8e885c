// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import MCPTypes

/// Where a tool call goes, and what the gateway must know about the tool on the way.
///
/// A reference, because it is handed out once for each call: copying it is one retain whatever it holds.
package final class ToolRoute: Sendable {
    package let backend: String
    /// The name to call at the backend.
    package let originalName: String
    /// ``originalName`` as the backend spells it, quotes included, ready to be spliced into a request.
    package let originalNameJSON: JSONSlice
    /// The one name by which clients and policies know the tool; hidden tools have one too.
    package let advertisedName: String
    package let renamed: Bool
    /// Whether clients may see and call the tool.
    package let isAdvertised: Bool
    /// `annotations.readOnlyHint` after overrides.
    package let readOnly: Bool
    /// `annotations.idempotentHint` after overrides.
    package let idempotent: Bool
    /// Arguments to mirror into headers when the backend speaks 2026-07-28 over HTTP; usually none.
    package let parameterHeaders: ParameterHeaders
    /// What the tool says about tasks.
    package let taskSupport: TaskSupport
    /// The tool as it is listed.
    package let item: JSONSlice

    /// 2025-11-25, Tasks, Tool-Level Negotiation.
    package enum TaskSupport: String, Sendable, Hashable {
        case forbidden, optional, required
    }

    package init(
        backend: String,
        originalName: String,
        originalNameJSON: JSONSlice,
        advertisedName: String,
        isAdvertised: Bool = true,
        readOnly: Bool = false,
        idempotent: Bool = false,
        parameterHeaders: ParameterHeaders = .none,
        item: JSONSlice
    ) {
        self.backend = backend
        self.originalName = originalName
        self.originalNameJSON = originalNameJSON
        self.advertisedName = advertisedName
        self.renamed = ExactText(originalName) != ExactText(advertisedName)
        self.isAdvertised = isAdvertised
        self.readOnly = readOnly
        self.idempotent = idempotent
        self.parameterHeaders = parameterHeaders
        self.item = item
        taskSupport =
            item["execution"]?["taskSupport"]?.string.flatMap { TaskSupport(rawValue: $0) } ?? .forbidden
    }
}
