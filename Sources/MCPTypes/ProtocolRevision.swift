// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A dated revision of the Model Context Protocol.
///
/// Revisions order by date. The *era* decides which rules apply: Legacy revisions open with an `initialize`
/// handshake, Modern ones (2026-07-28 and later) carry everything on each request.
package enum ProtocolRevision: String, Sendable, Hashable, CaseIterable, Comparable {
    case v2024_11_05 = "2024-11-05"
    case v2025_03_26 = "2025-03-26"
    case v2025_06_18 = "2025-06-18"
    case v2025_11_25 = "2025-11-25"
    case v2026_07_28 = "2026-07-28"

    /// Nearly every request names a revision; what the compiler would write here takes ten times as long to find it.
    package init?(rawValue: String) {
        guard let known = Self.bySpelling.first(where: { $0.spelling == rawValue }) else { return nil }
        self = known.revision
    }

    /// The newest first.
    private static let bySpelling = allCases.reversed().map { (spelling: $0.rawValue, revision: $0) }

    /// Which rules a revision follows.
    package enum Era: Sendable, Hashable {
        case legacy
        case modern
    }

    package var era: Era { self < .v2026_07_28 ? .legacy : .modern }

    /// The revision that we propose to backends and offer to clients that ask for one we do not know
    /// (2025-11-25, Lifecycle, Version Negotiation).
    package static let latestLegacy = ProtocolRevision.v2025_11_25

    /// The Legacy revisions, newest first.
    package static let legacy: [ProtocolRevision] = allCases.filter { $0.era == .legacy }.reversed()

    /// The revision that we speak to Modern backends.
    package static let latestModern = ProtocolRevision.v2026_07_28

    /// The Modern revisions, newest first.
    package static let modern: [ProtocolRevision] = allCases.filter { $0.era == .modern }.reversed()

    package static func < (lhs: ProtocolRevision, rhs: ProtocolRevision) -> Bool { lhs.ordinal < rhs.ordinal }

    /// Every request asks for an era or compares revisions; spellings would be compared letter by letter.
    private var ordinal: Int {
        switch self {
        case .v2024_11_05: 0
        case .v2025_03_26: 1
        case .v2025_06_18: 2
        case .v2025_11_25: 3
        case .v2026_07_28: 4
        }
    }

    /// Whether a client may send a JSON-RPC batch (only 2025-03-26 describes batches).
    package var allowsBatches: Bool { self == .v2025_03_26 }

    /// Whether an HTTP client must repeat the negotiated revision in `MCP-Protocol-Version`.
    package var hasVersionHeader: Bool { self >= .v2025_06_18 }

    /// Whether a resumable stream starts with an event of empty data (2025-11-25, Transports).
    package var hasPrimingEvent: Bool { self == .v2025_11_25 }
}
