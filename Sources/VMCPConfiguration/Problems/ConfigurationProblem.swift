// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// One thing that is wrong with a configuration, where it is, and what to write instead.
package struct ConfigurationProblem: Sendable, Hashable {
    package enum Severity: String, Sendable, Hashable {
        /// The configuration is refused.
        case error
        /// The configuration works, but probably not as meant.
        case warning
        /// Something the operator should know.
        case note
    }

    package let severity: Severity
    package let file: String
    /// Absent when the file as a whole is meant.
    package let position: SourcePosition?
    /// The place in the document, `compositeTools[0].steps`; empty for the document itself.
    package let keyPath: String
    package let message: String

    package init(
        severity: Severity, file: String, position: SourcePosition? = nil, keyPath: String = "", message: String
    ) {
        self.severity = severity
        self.file = file
        self.position = position
        self.keyPath = keyPath
        self.message = message
    }
}

extension ConfigurationProblem: CustomStringConvertible {
    /// `vmcp.yaml:14:5 aggregation.conflictResolution: what is wrong; what to write`
    package var description: String {
        let place = position.map { "\(file):\($0.line):\($0.column)" } ?? file
        let subject = keyPath.isEmpty ? ":" : " \(keyPath):"
        return "\(place)\(subject) \(message)"
    }
}

extension ConfigurationProblem: Comparable {
    /// Problems are listed in the order of the text; the key path and the message make the order total.
    package static func < (left: ConfigurationProblem, right: ConfigurationProblem) -> Bool {
        let start = SourcePosition(line: 0, column: 0)
        let positions = (left.position ?? start, right.position ?? start)
        if positions.0 != positions.1 { return positions.0 < positions.1 }
        return (left.keyPath, left.message) < (right.keyPath, right.message)
    }
}
