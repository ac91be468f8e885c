// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import NIOCore
import Synchronization

/// A token that was accepted: what it says, and until when it may be believed. Shared by its requests.
final class VerifiedToken: Sendable {
    let principal: Principal
    /// The `jkt` of the key that it is bound to.
    let thumbprint: String?
    let hasRequiredScopes: Bool
    /// Seconds since 1970; its own end, or when it must be checked again.
    let believedUntil: TimeInterval
    /// About how much memory it takes.
    let cost: Int
    private let denials: Atomic<UInt64>

    /// - Parameter denialsSeen: as it was before the token was looked for among the denials.
    init(
        principal: Principal, thumbprint: String?, hasRequiredScopes: Bool, believedUntil: TimeInterval,
        denialsSeen: UInt64
    ) {
        self.principal = principal
        self.thumbprint = thumbprint
        self.hasRequiredScopes = hasRequiredScopes
        self.believedUntil = believedUntil
        denials = Atomic(denialsSeen)
        let claims = principal.claims?.bytes.readableBytes ?? 0
        // Claims are there once as JSON and partly again as properties.
        cost = 512 + 2 * claims
    }

    /// The `TokenDenials.generation` up to which the token is known not to be denied.
    var denialsSeen: UInt64 { denials.load(ordering: .relaxed) }

    func markNotDenied(asOf generation: UInt64) { denials.max(generation, ordering: .relaxed) }
}
