// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The values of all lines of one header field (RFC 9110 section 5.2), which are seldom more than one.
package enum FieldLines: Sendable, Hashable {
    case none
    case one(String)
    /// Two or more.
    case several([String])

    package init(_ values: [String]) {
        self =
            switch values.count {
            case 0: .none
            case 1: .one(values[0])
            default: .several(values)
            }
    }

    package mutating func append(_ value: String) {
        self = if case .none = self { .one(value) } else { FieldLines(all + [value]) }
    }

    package var all: [String] {
        switch self {
        case .none: []
        case .one(let value): [value]
        case .several(let values): values
        }
    }
}

extension FieldLines: ExpressibleByArrayLiteral {
    package init(arrayLiteral values: String...) { self.init(values) }
}
