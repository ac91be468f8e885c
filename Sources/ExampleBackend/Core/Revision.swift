// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A protocol revision of the Legacy era, oldest first.
///
/// The Modern era (2026-07-28) has no handshake and therefore no value here: a session always has one of these.
package enum Revision: String, Sendable, CaseIterable, Comparable {
    case november2024 = "2024-11-05"
    case march2025 = "2025-03-26"
    case june2025 = "2025-06-18"
    case november2025 = "2025-11-25"

    package static let latest = Revision.november2025

    package static func < (left: Revision, right: Revision) -> Bool {
        left.rawValue < right.rawValue
    }

    /// Tool annotations exist since 2025-03-26.
    var hasAnnotations: Bool { self >= .march2025 }

    /// JSON-RPC batches are part of this revision alone.
    var hasBatches: Bool { self == .march2025 }

    /// `title`, `outputSchema`, `structuredContent` and elicitation exist since 2025-06-18.
    var hasStructuredOutput: Bool { self >= .june2025 }

    /// Priming events, `retry` and a server that hangs up early exist since 2025-11-25.
    var hasPolling: Bool { self >= .november2025 }
}
