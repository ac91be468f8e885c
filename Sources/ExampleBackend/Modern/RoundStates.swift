// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Synchronization

/// What the `requestState`s that are under way stand for.
///
/// A state is a name that nobody can guess, so one that was changed is unknown. Characters that need care in JSON
/// and in headers are part of it: whoever relays it has to keep every byte.
package final class RoundStates: Sendable {
    /// What a state may be used for.
    struct Subject: Sendable {
        let method: String
        let name: String
        let arguments: JSONSlice?

        /// Equal arguments may be spelled differently.
        func fits(_ other: Subject) -> Bool {
            method == other.method && name == other.name
                && (arguments == other.arguments || arguments?.value == other.arguments?.value)
        }
    }

    struct Saved: Sendable {
        let subject: Subject
        let answers: [String: JSONSlice]
        let step: Int
    }

    /// States at a time; one more makes the oldest one invalid.
    static let limit = 10_000

    private struct State {
        var saved: [String: Saved] = [:]
        var order = CircularBuffer<String>()
    }

    private let state = Mutex(State())

    func save(_ saved: Saved) -> String {
        let name = "\(saved.step):\(RandomID.make()) \"é\"\\/=?"
        state.withLock { state in
            if state.order.count >= Self.limit, let oldest = state.order.popFirst() { state.saved[oldest] = nil }
            state.saved[name] = saved
            state.order.append(name)
        }
        return name
    }

    /// What an echoed state stands for.
    ///
    /// Throws `-32602` for one that this server did not issue, or issued for something else.
    func find(_ echoed: JSONSlice?, for subject: Subject) throws(RPCError) -> Saved? {
        guard let echoed else { return nil }
        guard let name = echoed.string, let saved = state.withLock({ $0.saved[name] }), saved.subject.fits(subject)
        else {
            throw RPCError(
                code: -32602, message: "Invalid or expired requestState", data: ["reason": "invalid_request_state"])
        }
        return saved
    }
}
