// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// How log lines look.
package enum LogFormat: String, Sendable, Hashable, CaseIterable {
    /// For people: time, level, message, `key=value` pairs.
    case text
    /// For machines: one JSON object a line.
    case json
}
