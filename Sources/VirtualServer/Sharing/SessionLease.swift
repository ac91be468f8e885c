// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Backends
import Synchronization

/// The right to make one call over a backend session.
///
/// On transports with one channel for everything, a question can belong to any call in flight, so a session whose
/// backend may ask carries one call at a time. Elsewhere a lease shares its session and giving it back means nothing.
package final class SessionLease: Sendable {
    package let session: BackendSession
    /// Whether nobody else uses the session meanwhile.
    package var isExclusive: Bool { giveBack != nil }

    private let giveBack: (@Sendable (_ isUsable: Bool) -> Void)?
    private let isReturned = Mutex(false)

    /// - Parameter giveBack: called once, with whether another call may go on with the session.
    init(session: BackendSession, giveBack: (@Sendable (Bool) -> Void)?) {
        self.session = session
        self.giveBack = giveBack
    }

    deinit { returnOnce(isUsable: false) }

    /// - Parameter isSettled: whether the backend has finished the call; a session is ended on which it may still work
    ///   and ask.
    package func end(isSettled: Bool) { returnOnce(isUsable: isSettled) }

    private func returnOnce(isUsable: Bool) {
        let isFirst = isReturned.withLock { isReturned in
            defer { isReturned = true }
            return !isReturned
        }
        if isFirst { giveBack?(isUsable) }
    }
}
