// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The bounds of the language here: what an operator writes and what a token carries can make no one wait.
package enum CELLimits {
    /// Of the text of an expression, in UTF-8.
    package static let textBytes = 4096
    /// Of parentheses, brackets and macros within each other, and of operators and members in a row. Parsing and
    /// evaluation recurse this deep at most.
    package static let depth = 64
    /// Operations, literals and names of an expression.
    package static let nodes = 1024
    /// One evaluation; every node costs one, and what handles texts and lists costs by their size.
    package static let steps = 50_000
    /// Of one text or byte string, given or built.
    package static let stringBytes = 65_536
    /// Of one list or map, given or built.
    package static let elements = 10_000
    /// Containers within each other in a variable.
    package static let valueDepth = 32
    /// Values of all kinds in a variable.
    package static let values = 20_000
    /// Of a regular expression, in UTF-8.
    package static let patternBytes = 1024
    /// Instructions of a regular expression after its repetitions are written out.
    package static let patternInstructions = 2048
    /// Groups of a regular expression within each other.
    package static let patternDepth = 32
}
