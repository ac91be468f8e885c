// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What is wrong with an expression, or what went wrong while it was evaluated, and where.
package struct CELError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// The text is not an expression of the language.
        case syntax
        /// A name that is not declared, or a function that does not exist or takes something else.
        case reference
        /// A bound of `CELLimits` is exceeded.
        case limit
        /// The values do not allow the operation: a missing key, a wrong type, an overflow, a division by zero.
        case evaluation
    }

    package let kind: Kind
    /// Bytes from the start of the text.
    package let offset: Int
    /// From 1.
    package let line: Int
    /// In characters (Unicode scalars), from 1.
    package let column: Int
    /// A short text for the operator, without the place.
    package let reason: String

    package init(_ kind: Kind, at position: CELPosition, _ reason: String) {
        self.kind = kind
        offset = position.offset
        line = position.line
        column = position.column
        self.reason = reason
    }

    package var description: String { "\(line):\(column): \(reason)" }
}

/// A place in the text of an expression.
package struct CELPosition: Sendable, Hashable {
    package let offset: Int
    package let line: Int
    package let column: Int

    static let start = CELPosition(offset: 0, line: 1, column: 1)

    package init(offset: Int, line: Int, column: Int) {
        self.offset = offset
        self.line = line
        self.column = column
    }
}
