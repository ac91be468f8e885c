// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// Where a prompt request goes.
package struct PromptRoute: Sendable, Hashable {
    package let backend: String
    /// The name to ask the backend for.
    package let originalName: String
    /// ``originalName`` as the backend spells it, quotes included, ready to be spliced into a request.
    package let originalNameJSON: JSONSlice
    package let renamed: Bool

    package init(backend: String, originalName: String, originalNameJSON: JSONSlice, renamed: Bool) {
        self.backend = backend
        self.originalName = originalName
        self.originalNameJSON = originalNameJSON
        self.renamed = renamed
    }
}
