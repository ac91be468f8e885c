// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What a key stands for.
package struct StoredRow: Sendable, Hashable {
    package let bytes: [UInt8]
    /// Changes with every `put`, and never comes again.
    package let version: Int64
    /// From then on the row is absent; kept to the millisecond. `nil`: it stays until it is deleted.
    package let expires: Date?

    package init(bytes: [UInt8], version: Int64, expires: Date?) {
        self.bytes = bytes
        self.version = version
        self.expires = expires
    }
}

extension StoredRow: CustomStringConvertible, CustomReflectable {
    /// Without the bytes: they may be a secret.
    package var description: String { "row of \(bytes.count) bytes, version \(version)" }
    package var customMirror: Mirror { Mirror(self, children: ["version": version]) }
}
