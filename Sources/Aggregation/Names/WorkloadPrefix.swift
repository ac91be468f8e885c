// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What a configured prefix format becomes for one backend.
struct WorkloadPrefix {
    /// The format with the backend's name put in, as prompts use it.
    let text: String
    /// ``text`` with every character that a tool name cannot have replaced by an underscore.
    let forTools: String

    init(format: String, workload: String) {
        text = format.replacing("{workload}", with: workload)
        forTools = String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    scalar.isASCII && ToolName.isUsable(UInt8(truncatingIfNeeded: scalar.value)) ? scalar : "_"
                }))
    }

    var isAdjustedForTools: Bool { ExactText(text) != ExactText(forTools) }
}
