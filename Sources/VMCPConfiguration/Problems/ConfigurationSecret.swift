// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A secret of the configuration: it compares, but never prints.
package struct ConfigurationSecret: Sendable, Hashable {
    /// The secret itself, for the one place that sends it.
    package let exposed: String

    package init(_ secret: String) {
        exposed = secret
    }

    /// Compares without stopping at the first difference, so that the time taken says nothing about the content.
    package static func == (left: ConfigurationSecret, right: ConfigurationSecret) -> Bool {
        let bytes = (Array(left.exposed.utf8), Array(right.exposed.utf8))
        guard bytes.0.count == bytes.1.count else { return false }
        return zip(bytes.0, bytes.1).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(exposed)
    }
}

extension ConfigurationSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }
    package var debugDescription: String { "<secret>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
