// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Which era a session speaks to a backend that knows both (2026-07-28, Versioning).
package enum EraPreference: Sendable, Hashable {
    /// `initialize` first: for Legacy clients, and for whoever needs what only a session brings.
    case legacyFirst
    /// `server/discover` first: for Modern clients.
    case modernFirst
}

/// What the operator says about a backend's era.
package enum EraSetting: String, Sendable, Hashable, CaseIterable {
    /// The backend is asked, and spoken to in its caller's era where it knows both.
    case auto
    case legacy
    case modern
}
