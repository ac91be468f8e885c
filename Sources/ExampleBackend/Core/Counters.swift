// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Synchronization

/// What happened since the start, for tests that must know what reached the server.
package final class Counters: Sendable {
    enum Counter: Int, CaseIterable {
        case calls
        case cancellations
        case initializes
        case sessionsOpened
        case sessionsClosed
        case notifications
        case rootsChanges
        case questions
        case answers
        case strayAnswers
        case missingVersionHeaders
        case otherVersionHeaders
        case resumptions

        var name: String { String(describing: self) }
    }

    private struct State {
        var counts = [Int](repeating: 0, count: Counter.allCases.count)
        var lastProgressToken: JSONSlice?
    }

    /// Calls are counted apart, without a lock, because every request of a benchmark passes here.
    private let calls = Atomic<Int>(0)
    private let state = Mutex(State())

    func count(_ counter: Counter) {
        if counter == .calls {
            calls.add(1, ordering: .relaxed)
        } else {
            state.withLock { $0.counts[counter.rawValue] += 1 }
        }
    }

    subscript(counter: Counter) -> Int {
        counter == .calls ? calls.load(ordering: .relaxed) : state.withLock { $0.counts[counter.rawValue] }
    }

    func note(progressToken: JSONSlice) {
        state.withLock { $0.lastProgressToken = progressToken }
    }

    /// Every counter by name, and the last progress token as it was spelled.
    var value: JSONObject {
        var object: JSONObject = [:]
        for counter in Counter.allCases { object[counter.name] = .number(JSONNumber(self[counter])) }
        object["lastProgressToken"] = state.withLock { $0.lastProgressToken }.map { .slice($0) } ?? .null
        return object
    }
}
