// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A protocol revision, oldest first.
///
/// All but the last belong to the Legacy era: a session has one of those. 2026-07-28 has no sessions, each of its
/// requests names the revision itself.
package enum Revision: String, Sendable, CaseIterable, Comparable {
    case november2024 = "2024-11-05"
    case march2025 = "2025-03-26"
    case june2025 = "2025-06-18"
    case november2025 = "2025-11-25"
    case july2026 = "2026-07-28"

    /// The newest revision that `initialize` can agree on.
    package static let latestLegacy = Revision.november2025
    /// The revisions with an `initialize` handshake.
    package static let legacy = allCases.filter { !$0.isModern }
    package static let modern = allCases.filter(\.isModern)

    package static func < (left: Revision, right: Revision) -> Bool {
        left.rawValue < right.rawValue
    }

    /// Without a handshake: every request says for itself what it needs.
    package var isModern: Bool { self >= .july2026 }

    /// Tool annotations exist since 2025-03-26.
    var hasAnnotations: Bool { self >= .march2025 }

    /// JSON-RPC batches are part of this revision alone.
    var hasBatches: Bool { self == .march2025 }

    /// `title`, `outputSchema`, `structuredContent` and elicitation exist since 2025-06-18.
    var hasStructuredOutput: Bool { self >= .june2025 }

    /// Priming events, `retry` and a server that hangs up early exist in 2025-11-25 alone.
    var hasPolling: Bool { self == .november2025 }

    /// Tasks as a part of the core protocol exist in 2025-11-25 alone; later they are an extension.
    var hasCoreTasks: Bool { self == .november2025 }
}
