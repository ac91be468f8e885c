// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Something that a test counts on is not there.
package struct Missing: Error, CustomStringConvertible {
    package let description: String

    package init(_ what: String) { description = "missing: \(what)" }
}

extension Optional {
    /// The value, or a failure of the test that says what was expected.
    package func orThrow(_ what: @autoclosure () -> String = "a value") throws -> Wrapped {
        guard let self else { throw Missing(what()) }
        return self
    }
}
