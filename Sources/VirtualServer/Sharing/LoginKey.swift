// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication

/// Who asks, as far as backends can tell: the tokens for them belong to one login, and one person may have several, with
/// another account or more permissions in each.
struct LoginKey: Hashable, Sendable {
    let principal: Principal

    init(_ principal: Principal) { self.principal = principal }

    static func == (one: LoginKey, other: LoginKey) -> Bool {
        one.principal == other.principal && one.principal.tsid == other.principal.tsid
    }

    func hash(into hasher: inout Hasher) { hasher.combine(principal) }
}
