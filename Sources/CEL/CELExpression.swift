// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// An expression of the Common Expression Language over the variable `claims`.
///
/// What cannot mean anything is found when it is parsed: syntax, names and functions that do not exist, patterns. Types
/// are known only when it is evaluated. Everything is bounded, see `CELLimits`. There are no time stamps, durations,
/// messages and extension libraries.
package struct CELExpression: Sendable, Hashable {
    package static let variable = "claims"

    package let text: String
    let nodes: [CELNode]
    let root: CELNode.Index

    package init(parsing text: String) throws(CELError) {
        var parser = CELParser(tokens: try CELLexer.tokens(of: text), variables: [Self.variable])
        root = try parser.parse()
        nodes = parser.nodes
        self.text = text
    }

    package func evaluate(_ variables: [String: CELValue]) throws(CELError) -> CELValue {
        var evaluator = CELEvaluator(nodes: nodes, variables: variables)
        return try evaluator.evaluate(root)
    }

    /// Whether the expression is true of these claims; anything else is no, errors and other values included.
    package func matches(claims: JSONSlice) -> Bool {
        do throws(CELError) {
            guard case .bool(let isTrue) = try evaluate([Self.variable: CELValue(json: claims)]) else {
                return false
            }
            return isTrue
        } catch {
            return false
        }
    }

    /// By text, from which everything else follows.
    package static func == (left: Self, right: Self) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }
}
