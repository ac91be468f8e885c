// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A configuration that cannot be used, with everything that is wrong with it.
package struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// The errors in the order of the text; never empty.
    package let problems: [ConfigurationProblem]
    /// What else was noticed on the way.
    package let warnings: [ConfigurationProblem]
    /// How many further errors were left out of `problems`.
    package let omitted: Int

    package init(problems: [ConfigurationProblem], warnings: [ConfigurationProblem] = [], omitted: Int = 0) {
        self.problems = problems
        self.warnings = warnings
        self.omitted = omitted
    }

    /// One line for each error.
    package var description: String {
        let lines = problems.map(\.description)
        return (omitted > 0 ? lines + ["… and \(omitted) more errors"] : lines).joined(separator: "\n")
    }
}
