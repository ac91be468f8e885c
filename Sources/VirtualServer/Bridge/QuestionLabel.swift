// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes

/// Puts the name of the backend in front of what it asks a person (2025-11-25, Elicitation, Security Considerations:
/// clients must show which server asks, and only the gateway knows).
enum QuestionLabel {
    /// Sampling has no text for people, so only elicitations are labelled.
    static func labelled(_ params: JSONSlice?, of method: MCPMethod, backend: String) -> JSONSlice? {
        guard method == .elicit, let params, let message = params["message"]?.string else { return params }
        let label = "[\(backend)] "
        guard !message.hasPrefix(label) else { return params }
        return params.editing([JSONEdit(key: "message", value: JSONSlice(string: label + message))])
    }
}
