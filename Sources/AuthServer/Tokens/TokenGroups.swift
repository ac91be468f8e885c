// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The groups that rows of tokens are in, so that all of a login or a person can be found and removed at once.
package enum TokenGroups {
    /// Everything of a login, which has one family: its code and its refresh tokens, spent ones included.
    package static func login(_ tsid: String) -> String { "login-tokens:\(tsid)" }
    /// The codes and live refresh tokens of a person; hashed, because identifiers of upstreams have no bound.
    package static func user(_ id: String) -> String { "user-tokens:\(RecordStore.id(ofHandle: id))" }
}
