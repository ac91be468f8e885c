// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// The severity of `notifications/message` (RFC 5424 names, least severe first).
package enum LogLevel: String, Sendable, Hashable, CaseIterable, Comparable {
    case debug, info, notice, warning, error, critical, alert, emergency

    private var severity: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    package static func < (lhs: LogLevel, rhs: LogLevel) -> Bool { lhs.severity < rhs.severity }

    package init?(_ slice: JSONSlice?) {
        guard let text = slice?.string, let level = LogLevel(rawValue: text) else { return nil }
        self = level
    }
}
