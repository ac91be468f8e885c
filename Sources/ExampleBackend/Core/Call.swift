// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// One `tools/call`, as its tool sees it.
package struct Call: Sendable {
    package let name: String
    package let arguments: JSONSlice?
    package let meta: JSONSlice?
    package let session: Session
    package let server: ExampleServer
    package let origin: any RequestOrigin
    /// What the tool asked before it became a task.
    var prelude: String?

    /// A required string argument.
    func string(_ key: StaticString) throws -> String {
        guard let text = arguments?[key]?.string else {
            throw ToolFailure("The argument \"\(key)\" is missing or not a string.")
        }
        return text
    }

    /// An integer argument within bounds.
    func integer(_ key: StaticString, in range: ClosedRange<Int>, default fallback: Int? = nil) throws -> Int {
        guard let argument = arguments?[key] else {
            guard let fallback else { throw ToolFailure("The argument \"\(key)\" is missing.") }
            return fallback
        }
        guard let number = argument.int, range.contains(number) else {
            throw ToolFailure(
                "The argument \"\(key)\" must be an integer from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    /// The progress token that the caller chose, untouched.
    var progressToken: JSONSlice? {
        meta?["progressToken"]
    }
}
