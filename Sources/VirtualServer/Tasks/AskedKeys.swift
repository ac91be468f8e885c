// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Synchronization

/// Which questions of a Modern backend's task a Legacy client has been asked, so that nobody is asked twice.
///
/// A question may be shown for a while after it was answered, because `tasks/update` is only eventually consistent; its
/// key never stands for another one (SEP-2663).
final class AskedKeys: Sendable {
    enum Claim: Sendable, Hashable {
        /// Nobody has asked it yet; the caller does, and says what became of it.
        case ask
        /// It is answered, but the backend does not know that for certain.
        case send(JSONSlice)
        /// It is being asked, or the backend has taken the answer.
        case leave
    }

    private enum Mark {
        case asking
        case answered(JSONSlice)
        case delivered
    }

    private struct State {
        var marks: [String: Mark] = [:]
        var delivered: [String] = []
        var undelivered: [String] = []
    }

    /// Beyond these the oldest are forgotten, and may be asked again. Of those that are being asked there are no more
    /// than the requests that wait for the task can have.
    static let maximumDelivered = 256
    static let maximumUndelivered = 32
    /// A longer answer that could not be delivered is asked for again.
    private static let maximumAnswerBytes = 64 << 10
    static let maximumKeyBytes = 1024

    private let state = Mutex(State())

    func claim(_ key: String) -> Claim {
        state.withLock { state in
            switch state.marks[key] {
            case .answered(let answer): return .send(answer)
            case .asking, .delivered: return .leave
            case nil:
                state.marks[key] = .asking
                return .ask
            }
        }
    }

    func answered(_ key: String, _ answer: JSONSlice) { state.withLock { $0.marks[key] = .answered(answer) } }

    /// There is no answer; whoever comes next may ask again.
    func unanswered(_ key: String) { state.withLock { $0.marks[key] = nil } }

    /// The backend does not want these answers; whoever comes next asks anew.
    func refused(_ keys: some Sequence<String>) {
        state.withLock { state in
            for key in keys {
                // Another request's answer may have been taken meanwhile.
                guard case .answered = state.marks[key] else { continue }
                state.marks[key] = nil
                state.undelivered.removeAll { $0 == key }
            }
        }
    }

    func delivered(_ keys: some Sequence<String>) {
        state.withLock { state in
            for key in keys {
                if case .delivered = state.marks[key] { continue }
                state.marks[key] = .delivered
                state.delivered.append(key)
                state.undelivered.removeAll { $0 == key }
            }
            while state.delivered.count > Self.maximumDelivered {
                state.marks[state.delivered.removeFirst()] = nil
            }
        }
    }

    /// The answers may not have reached the backend.
    func undelivered(_ keys: some Sequence<String>) {
        state.withLock { state in
            for key in keys {
                guard case .answered(let answer) = state.marks[key] else { continue }
                if answer.bytes.readableBytes > Self.maximumAnswerBytes {
                    state.marks[key] = nil
                } else if !state.undelivered.contains(key) {
                    state.undelivered.append(key)
                }
            }
            while state.undelivered.count > Self.maximumUndelivered {
                state.marks[state.undelivered.removeFirst()] = nil
            }
        }
    }
}
