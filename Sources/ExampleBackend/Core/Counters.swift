// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
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
        case modernRequests
        case discovers
        case listens
        case inputRounds
        case tasks
        case tasksCancelled

        var name: String { String(describing: self) }
    }

    private struct State {
        var counts = [Int](repeating: 0, count: Counter.allCases.count)
        var lastProgressToken: JSONSlice?
        var lastModernMeta: JSONSlice?
    }

    /// Calls are counted apart, without a lock, because every request of a benchmark passes here.
    private let calls = Atomic<Int>(0)
    /// Modern requests that run now.
    private let atWork = Atomic<Int>(0)
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

    var running: Int { atWork.load(ordering: .relaxed) }
    func begin() { atWork.add(1, ordering: .relaxed) }
    func finish() { atWork.subtract(1, ordering: .relaxed) }

    func note(modernMeta: JSONSlice) {
        state.withLock { $0.lastModernMeta = modernMeta }
    }

    func note(progressToken: JSONSlice) {
        state.withLock { $0.lastProgressToken = progressToken }
    }

    /// Every counter by name, and the last progress token and the last Modern `_meta` as they were spelled.
    package var value: JSONObject {
        var object: JSONObject = [:]
        for counter in Counter.allCases { object[counter.name] = .number(JSONNumber(self[counter])) }
        object["lastProgressToken"] = state.withLock { $0.lastProgressToken }.map { .slice($0) } ?? .null
        object["lastModernMeta"] = state.withLock { $0.lastModernMeta }.map { .slice($0) } ?? .null
        return object
    }
}

/// How often one tool was called.
final class Executions: Sendable {
    private let calls = Atomic<Int>(0)

    var count: Int { calls.load(ordering: .relaxed) }
    func add() { calls.add(1, ordering: .relaxed) }
}
