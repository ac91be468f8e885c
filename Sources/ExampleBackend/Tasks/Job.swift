// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Synchronization

/// A task in the protocol's sense: the work of one `tools/call` that goes on after the call was answered.
package final class Job: Sendable {
    package enum Status: String, Sendable {
        case working
        case inputRequired = "input_required"
        case completed
        case failed
        case cancelled

        var isTerminal: Bool { self != .working && self != .inputRequired }
    }

    enum Outcome: Sendable {
        case result(JSONSlice)
        case error(RPCError)
    }

    /// What the one who waits for the result hears of.
    enum Event: Sendable {
        /// The client has to be asked; whoever is told has taken the question over.
        case question(Round.Question)
        case finished
    }

    /// Everything that a client may see of the job at one moment.
    struct Snapshot: Sendable {
        var status = Status.working
        var message: String?
        var updatedAt: String
        var outcome: Outcome?
        /// The questions that wait for an answer, in the order in which they were asked.
        var questions: [Round.Question] = []
    }

    private struct Pending {
        let number: Int
        let question: Round.Question
        let continuation: CheckedContinuation<ClientAnswer, any Error>
        var isTaken = false
    }

    private struct State {
        var snapshot: Snapshot
        var pending: [Pending] = []
        /// Every key that was ever used: none is used twice.
        var keys: Set<String> = []
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        /// The last number that a waiter or a question got.
        var last = 0
        var tasks: [Task<Void, Never>] = []

        mutating func update(_ status: Status, _ message: String? = nil) {
            snapshot.status = status
            snapshot.message = message
            snapshot.updatedAt = Timestamp.now()
            snapshot.questions = pending.map(\.question)
        }
    }

    package let id = RandomID.make()
    /// The Legacy session that it belongs to; nil for a Modern job, which belongs to whoever knows its id.
    let owner: String?
    let createdAt: String
    /// How long it is kept after its creation.
    let milliseconds: Int
    let pollMilliseconds: Int
    private let onChange: @Sendable (Job, Snapshot) -> Void
    private let state: Mutex<State>

    /// `onChange` is told of every change of the status, in order.
    init(
        owner: String?, milliseconds: Int, pollMilliseconds: Int,
        onChange: @escaping @Sendable (Job, Snapshot) -> Void
    ) {
        let now = Timestamp.now()
        self.owner = owner
        self.milliseconds = milliseconds
        self.pollMilliseconds = pollMilliseconds
        self.onChange = onChange
        createdAt = now
        state = Mutex(State(snapshot: Snapshot(updatedAt: now)))
    }

    var snapshot: Snapshot { state.withLock { $0.snapshot } }

    /// Keeps a task that ends with the job.
    func keep(_ task: Task<Void, Never>) {
        let isOver = state.withLock { state in
            if !state.snapshot.status.isTerminal { state.tasks.append(task) }
            return state.snapshot.status.isTerminal
        }
        if isOver { task.cancel() }
    }

    // MARK: Questions

    /// Asks the client and waits; throws `CancellationError` when the job, or the part of it that asks, ends first.
    func answer(to question: Round.Question) async throws -> ClientAnswer {
        let number = state.withLock { state in
            state.last += 1
            return state.last
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isAsked = change { state in
                    guard !Task.isCancelled, !state.snapshot.status.isTerminal else { return false }
                    var key = question.key
                    var number = 1
                    while !state.keys.insert(key).inserted {
                        number += 1
                        key = "\(question.key)_\(number)"
                    }
                    let question = Round.Question(key: key, method: question.method, params: question.params)
                    state.pending.append(Pending(number: number, question: question, continuation: continuation))
                    state.update(.inputRequired, "Waiting for an answer")
                    return true
                }
                if !isAsked { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            remove { $0.number == number }?.resume(throwing: CancellationError())
        }
    }

    /// The question that waits under a key.
    func question(_ key: String) -> Round.Question? {
        state.withLock { $0.pending.first { $0.question.key == key }?.question }
    }

    /// Hands an answer over; false when nothing waits for it.
    @discardableResult func deliver(_ answer: ClientAnswer, to key: String) -> Bool {
        let continuation = remove { $0.question.key == key }
        continuation?.resume(returning: answer)
        return continuation != nil
    }

    private func remove(_ matches: (Pending) -> Bool) -> CheckedContinuation<ClientAnswer, any Error>? {
        var continuation: CheckedContinuation<ClientAnswer, any Error>?
        change { state in
            guard let index = state.pending.firstIndex(where: matches) else { return false }
            continuation = state.pending.remove(at: index).continuation
            let isWaiting = !state.pending.isEmpty
            state.update(isWaiting ? .inputRequired : .working, isWaiting ? "Waiting for an answer" : nil)
            return true
        }
        return continuation
    }

    // MARK: The end

    /// False when it had ended already.
    @discardableResult func cancel(_ reason: String) -> Bool {
        end(.cancelled, reason, nil)
    }

    /// `failed` tells whether an outcome counts as a failure, which the two eras see differently.
    func finish(_ outcome: Outcome, failed: Bool) {
        var message: String?
        if case .error(let error) = outcome { message = error.message }
        end(failed ? .failed : .completed, message, outcome)
    }

    @discardableResult
    private func end(_ status: Status, _ message: String?, _ outcome: Outcome?) -> Bool {
        var pending: [Pending] = []
        var tasks: [Task<Void, Never>] = []
        let isFirst = change { state in
            guard !state.snapshot.status.isTerminal else { return false }
            pending = state.pending
            tasks = state.tasks
            state.pending = []
            state.tasks = []
            state.snapshot.outcome = outcome
            state.update(status, message)
            return true
        }
        for pending in pending { pending.continuation.resume(throwing: CancellationError()) }
        for task in tasks { task.cancel() }
        return isFirst
    }

    // MARK: Waiting

    /// Waits for the next question that nobody has taken over, or for the end.
    func next() async throws -> Event {
        while true {
            try Task.checkCancellation()
            let (event, token) = state.withLock { state -> (Event?, Int) in
                if state.snapshot.status.isTerminal { return (.finished, 0) }
                if let index = state.pending.firstIndex(where: { !$0.isTaken }) {
                    state.pending[index].isTaken = true
                    return (.question(state.pending[index].question), 0)
                }
                state.last += 1
                return (nil, state.last)
            }
            if let event { return event }
            await wait(token)
        }
    }

    /// Gives a question back that was taken over and not answered.
    func release(_ key: String) {
        change(isVisible: false) { state in
            guard let index = state.pending.firstIndex(where: { $0.question.key == key }) else { return false }
            state.pending[index].isTaken = false
            return true
        }
    }

    /// Waits for any change; the state is looked at again before, so that none is missed.
    private func wait(_ token: Int) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayWait = state.withLock { state in
                    guard !Task.isCancelled, !state.snapshot.status.isTerminal,
                        !state.pending.contains(where: { !$0.isTaken })
                    else { return false }
                    state.waiters[token] = continuation
                    return true
                }
                if !mayWait { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: token) }?.resume()
        }
    }

    /// Changes the state, tells of it, and wakes whoever waits; a change that returns false did not happen.
    @discardableResult
    private func change(isVisible: Bool = true, _ change: (inout State) -> Bool) -> Bool {
        var waiters: [CheckedContinuation<Void, Never>] = []
        let hasChanged = state.withLock { state in
            guard change(&state) else { return false }
            waiters = Array(state.waiters.values)
            state.waiters = [:]
            // Under the lock, so that the changes are told in their order.
            if isVisible { onChange(self, state.snapshot) }
            return true
        }
        for waiter in waiters { waiter.resume() }
        return hasChanged
    }
}
