// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization

/// Hearing what the backend sends outside of answers, and knowing what may have been missed of it.
///
/// Who reads something and wants to hear of its changes waits for `untilTold` in between. Whatever happens while nothing
/// is told is made up for when it is told again: the lists are read anew, and what is subscribed to counts as updated.
extension BackendSession {
    /// Whether the backend tells, as far as can be known.
    enum Telling: Sendable, Hashable {
        /// Nobody asked, or everything comes by itself.
        case unasked
        case asked
        /// It has been waited for, and need not be again.
        case silent
        case told
        /// It never will on this connection.
        case refused
    }

    /// Receives what the backend sends outside of answers, from now on.
    package func listen(on shard: Shard) {
        let link = state.withLock { state -> (any SessionLink)? in
            state.wantsListening = true
            if case .ready(let connection) = state.phase { return connection.link }
            return nil
        }
        link?.listen(on: shard)
    }

    package func stopListening() {
        let link = state.withLock { state -> (any SessionLink)? in
            state.wantsListening = false
            guard case .ready(let connection) = state.phase else { return nil }
            // Someone may still wait for what is said of a task.
            return connection.link.modern == nil && state.needsListening ? nil : connection.link
        }
        link?.stopListening()
    }

    /// Waits until the backend, which has been asked to tell, does so or cannot, but not longer than a moment. What it
    /// tells of does not fall between this and what it is asked next.
    func untilTold(on shard: Shard) async {
        let waiter = PendingCall(
            id: 0, shard: shard, timeout: .zero, deadline: .now() + backend.settings.tellingPatience)
        let waits = state.withLock { state in
            guard state.telling == .asked else { return false }
            state.untilTold.append(waiter)
            return true
        }
        guard waits else { return }
        shard.watch(waiter)
        let outcome = await waiter.wait()
        shard.unwatch(waiter)
        guard case .failed = outcome else { return }
        state.withLock { state in
            state.untilTold.removeAll { $0 === waiter }
            guard state.telling == .asked else { return }
            state.telling = .silent
            state.hasGap = true
        }
    }

    /// What a link has learned about being told. One that is not the session's any more has nothing to say.
    ///
    /// - Returns: whether something may have been missed, if it tells from now on.
    @discardableResult
    func note(_ telling: Telling, over link: any SessionLink) -> Bool {
        let (waiting, hadGap) = state.withLock { state -> ([PendingCall], Bool) in
            guard case .ready(let connection) = state.phase, connection.link === link else { return ([], false) }
            let hadGap = state.hasGap
            switch telling {
            // Nobody listens, so nobody misses anything.
            case .told, .unasked: state.hasGap = false
            // Again: the one before has ended, or never came.
            case .asked: state.hasGap = state.hasGap || state.telling != .unasked
            case .silent, .refused: break
            }
            state.telling = telling
            defer { state.untilTold = [] }
            return (state.untilTold, hadGap)
        }
        for waiter in waiting { waiter.deliver(.result(.null)) }
        return hadGap
    }

    var isUnasked: Bool { state.withLock { $0.telling == .unasked } }

    /// Whether something may have happened that was not told.
    var hasGap: Bool { state.withLock { $0.hasGap } }

    /// What happened until now is unknown, so everything may have changed.
    ///
    /// - Parameter uris: of these resources; `nil` means all that are subscribed to.
    func missedNotifications(of uris: Set<String>? = nil) {
        backend.mayHaveChanged()
        let subscribed = state.withLock { $0.subscriptions }
        for uri in (uris.map(subscribed.intersection) ?? subscribed).sorted() {
            inbound(.resourceUpdated, JSONSlice(["uri": .string(uri)]))
        }
    }

    /// A new connection stands where one was lost.
    func reopened(over link: any SessionLink) {
        if link.modern == nil, link.hasSingleChannel {
            missedNotifications()
        } else {
            // The resources' turn comes when the connection is listened to.
            backend.mayHaveChanged()
        }
    }
}
