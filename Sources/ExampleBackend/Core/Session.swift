// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
import Synchronization

/// One Legacy session: what `initialize` agreed on, and what the client set up since.
///
/// A Modern request gets one of its own that nothing else can reach: its metadata take the place of `initialize`.
package final class Session: Sendable {
    package let id: String
    package let revision: Revision
    /// The client's `capabilities` and `clientInfo` as they were sent.
    package let capabilities: JSONSlice
    package let clientInfo: JSONSlice
    package let transport: any SessionTransport

    private struct State {
        var isClosed = false
        /// No answer can come any more.
        var isDeaf = false
        var logLevel: LogLevel?
        var subscriptions: Set<String> = []
        var memory: [String: String] = [:]
        var questions = Questions()
        var running: [JSONSlice: Task<Void, Never>] = [:]
    }

    /// Bounds of what one client can make a session hold.
    private static let limit = (running: 1_000, subscriptions: 1_000, memory: 1_000)

    private let state = Mutex(State())

    init(
        id: String, revision: Revision, capabilities: JSONSlice, clientInfo: JSONSlice,
        transport: any SessionTransport, logLevel: LogLevel? = .debug
    ) {
        self.id = id
        self.revision = revision
        self.capabilities = capabilities
        self.clientInfo = clientInfo
        self.transport = transport
        state.withLock { $0.logLevel = logLevel }
    }

    // MARK: Settings

    /// The least severe level that the client wants to hear of; nil for no messages at all.
    package var logLevel: LogLevel? {
        get { state.withLock { $0.logLevel } }
        set { state.withLock { $0.logLevel = newValue } }
    }

    /// False when the session has too many subscriptions already.
    func subscribe(_ uri: String) -> Bool {
        state.withLock { state in
            guard state.subscriptions.count < Self.limit.subscriptions else { return false }
            state.subscriptions.insert(uri)
            return true
        }
    }

    func unsubscribe(_ uri: String) { _ = state.withLock { $0.subscriptions.remove(uri) } }
    func isSubscribed(_ uri: String) -> Bool { state.withLock { $0.subscriptions.contains(uri) } }

    /// False when the session remembers too much already.
    func remember(_ value: String, for key: String) -> Bool {
        state.withLock { state in
            guard state.memory[key] != nil || state.memory.count < Self.limit.memory else { return false }
            state.memory[key] = value
            return true
        }
    }

    func recall(_ key: String) -> String? { state.withLock { $0.memory[key] } }

    /// A short stand-in for the id that can be shown without giving the session away.
    var idHash: String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return String(hash, radix: 16)
    }

    // MARK: Running calls

    /// Runs an operation as a task that `cancel` and `close` can reach under the request's id.
    ///
    /// Throws `-32600` when the id is in use already, when too many calls run, or when the session has ended.
    package func start(_ id: JSONSlice, _ operation: @escaping @Sendable () async -> Void) throws(RPCError) {
        try state.withLock { state throws(RPCError) in
            guard !state.isClosed else { throw .invalidRequest("The session has ended") }
            guard state.running[id] == nil else { throw .invalidRequest("The request id is in use") }
            guard state.running.count < Self.limit.running else {
                throw .invalidRequest("Too many requests are running")
            }
            state.running[id] = Task {
                await operation()
                self.state.withLock { _ = $0.running.removeValue(forKey: id) }
            }
        }
    }

    /// False when no such call is running.
    func cancel(_ id: JSONSlice) -> Bool {
        let task = state.withLock { $0.running[id] }
        task?.cancel()
        return task != nil
    }

    /// Waits until no call is running.
    package func idle() async {
        for task in state.withLock({ Array($0.running.values) }) { await task.value }
    }

    package var runningCount: Int { state.withLock { $0.running.count } }

    /// Ends the session: streams end, questions fail, calls are cancelled.
    package func close() {
        let (first, tasks, questions) = state.withLock { state in
            let first = !state.isClosed
            state.isClosed = true
            let tasks = Array(state.running.values)
            return (first, tasks, state.questions.removeAll())
        }
        guard first else { return }
        for question in questions { question.resume(throwing: CancellationError()) }
        for task in tasks { task.cancel() }
        transport.close()
    }

    // MARK: Questions to the client

    /// Fails every open question: the client can no longer answer.
    package func abandonQuestions() {
        let questions = state.withLock { state in
            state.isDeaf = true
            return state.questions.removeAll()
        }
        for question in questions { question.resume(throwing: CancellationError()) }
    }

    func newQuestion() -> Int { state.withLock { $0.questions.open() } }

    /// Waits for the client's answer; throws `CancellationError` when the call is cancelled or the session ends.
    func answer(to question: Int) async throws -> ClientAnswer {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome = state.withLock { state -> Result<ClientAnswer, any Error>? in
                    if Task.isCancelled || state.isClosed || state.isDeaf {
                        _ = state.questions.forget(question)
                        return .failure(CancellationError())
                    }
                    return state.questions.wait(for: question, continuation).map { .success($0) }
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            state.withLock { $0.questions.forget(question) }?.resume(throwing: CancellationError())
        }
    }

    /// Hands an answer to the question that waits for it; false when there is none.
    func receive(_ answer: ClientAnswer, id: JSONSlice) -> Bool {
        guard let question = id.int else { return false }
        let (known, continuation) = state.withLock { $0.questions.answer(question, answer) }
        continuation?.resume(returning: answer)
        return known
    }
}
