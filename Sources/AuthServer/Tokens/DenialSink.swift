// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import Foundation

/// Who refuses tokens that are good by themselves: the resource server of this process.
package protocol DenialSink: Sendable {
    /// Refuses every access token of a login.
    func deny(tsid: String, until: Date)
    /// Refuses one access token.
    func deny(jti: String, until: Date)
}

extension TokenDenials: DenialSink {}
