// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import Synchronization

/// A request of a client that is being worked on, as its cancellation sees it.
final class InFlightRequest: Sendable {
    /// What works on it, and ends when it is told to.
    private enum Work {
        case task(Task<Void, Never>)
        case call(StartedCall)

        func cancel() {
            switch self {
            case .task(let task): task.cancel()
            case .call(let call): call.cancel()
            }
        }
    }

    private struct State {
        var work: Work?
        var isStopped = false
        var isUnwanted = false
        var isOver = false
    }

    private let state = Mutex(State())
    /// Where it stands among those that run at the same time; theirs, and read and written under their lock.
    let place = Atomic(InFlightRequest.nowhere)
    /// Where its principal's requests are counted; `nowhere` for those of a session.
    let tally: Int
    static let nowhere = -1

    init(tally: Int = InFlightRequest.nowhere) { self.tally = tally }

    /// The request's task, once it exists; it may have ended before it is known here.
    func adopt(_ task: Task<Void, Never>) { adopt(.task(task)) }

    /// The call that is all of the request as long as it has no task.
    func adopt(_ call: StartedCall) { adopt(.call(call)) }

    private func adopt(_ work: Work) {
        let isStopped = state.withLock { state in
            if !state.isOver { state.work = work }
            return state.isStopped
        }
        if isStopped { work.cancel() }
    }

    /// - Parameter isUnwanted: whether the client itself wants no answer any more.
    func cancel(isUnwanted: Bool = true) {
        let work = state.withLock { state in
            state.isStopped = true
            state.isUnwanted = state.isUnwanted || isUnwanted
            return state.work
        }
        work?.cancel()
    }

    /// - Returns: whether the client asked for no answer.
    @discardableResult
    func end() -> Bool {
        state.withLock { state in
            state.isOver = true
            state.work = nil
            return state.isUnwanted
        }
    }

    /// Whether the client asked for no answer (2025-11-25, Cancellation).
    var isCancelled: Bool { state.withLock { $0.isUnwanted } }

    /// Whether the request was stopped although its client wants an answer.
    var isCutShort: Bool { state.withLock { $0.isStopped && !$0.isUnwanted } }
}
