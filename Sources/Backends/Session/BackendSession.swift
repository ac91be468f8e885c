// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
import Logging
package import MCPTypes
package import NIOCore
package import OutgoingAuth
import Synchronization

/// One MCP session with one backend: opened when first needed, re-opened when lost, closed with its owner.
///
/// A client session has one per backend that it uses, because servers keep state in them; a backend's monitor has one
/// for lists and health. All calls, from any shard, go through `call`.
package final class BackendSession: Sendable {
    package let backend: Backend
    /// What is declared to the backend: exactly what the owner can relay.
    let capabilities: ClientCapabilities
    /// Notifications that belong to no call in flight.
    let inbound: @Sendable (MCPMethod, JSONSlice?) -> Void
    /// Questions that belong to no call in flight; `nil` when nobody could answer.
    let channel: @Sendable () -> (any ClientChannel)?
    /// `nil` when requests carry nothing but the backend's static headers.
    let credential: (any BackendCredential)?
    /// The era that is tried first.
    let preference: EraPreference
    /// Whether requests of several clients of one principal go through the session at once.
    let isShared: Bool

    /// A reference, because every call is handed it.
    final class Connection: Sendable {
        let link: any SessionLink
        let handshake: Handshake
        let isModern: Bool

        init(link: any SessionLink, handshake: Handshake) {
            self.link = link
            self.handshake = handshake
            isModern = handshake.revision.era == .modern
        }
    }

    enum Phase {
        case idle
        /// With those who wait for it; each has its own deadline and can be cancelled.
        case connecting([PendingCall])
        case ready(Connection)
        case closed
    }

    struct State {
        var phase = Phase.idle
        var nextID = 1
        var calls: [Int: PendingCall] = [:]
        /// The backend's questions that are with the client, by the backend's id.
        var questions: [RequestID: Question.Open] = [:]
        /// Requests that a Modern backend answers at the end of a subscription.
        var listening: [Int: OpenListening] = [:]
        var subscriptions: Set<String> = []
        var taskWatches: [String: TaskWatch] = [:]
        var earlyReports: [(id: String, report: JSONSlice)] = []
        var logLevel: LogLevel?
        var wantsListening = false
        var telling = Telling.unasked
        /// Those who wait until the backend tells.
        var untilTold: [PendingCall] = []
        /// Whether something may have happened that the backend told nobody of.
        var hasGap = false
        var hasConnectedBefore = false
        /// When the connection's era was last looked at anew.
        var reviewed: NIODeadline?
        /// When the backend was last asked whether it knows the session.
        var askedAfter: NIODeadline?
    }

    let state = Mutex(State())
    let tasks = TaskSupervisor()

    /// How many questions of one backend may be with the client at a time.
    static let maximumQuestions = 32
    /// Of a session that several calls share, each of which has a limit of its own.
    static let maximumSharedQuestions = 4096

    package init(
        backend: Backend, capabilities: ClientCapabilities,
        inbound: @escaping @Sendable (MCPMethod, JSONSlice?) -> Void,
        channel: @escaping @Sendable () -> (any ClientChannel)? = { nil },
        credential: (any BackendCredential)? = nil, preference: EraPreference = .legacyFirst, isShared: Bool = false
    ) {
        self.backend = backend
        self.capabilities = capabilities
        self.inbound = inbound
        self.channel = channel
        self.credential = credential
        self.preference = preference
        self.isShared = isShared
    }

    /// How one request is to be made.
    package struct CallOptions: Sendable {
        package var shard: Shard
        package var channel: (any ClientChannel)?
        package var progressToken: JSONSlice?
        package var headers: ForwardedHeaders
        /// Whether the request may be repeated although it may have run: lists, reads, tools marked so.
        package var isRepeatable: Bool
        package var timeout: TimeAmount?
        /// The monitor's own requests: they find out about health, so they are not kept back because of it.
        package var isProbe: Bool
        /// What the caller of a Modern backend wants to hear of; a Legacy session has one level for all its calls.
        package var logLevel: LogLevel?
        /// Which arguments a Modern backend wants in headers as well.
        package var parameterHeaders = ParameterHeaders.none
        /// Whether a Modern backend may answer with a task, or is asked about one (SEP-2663).
        package var declaresTasks = false

        package init(
            shard: Shard, channel: (any ClientChannel)? = nil, progressToken: JSONSlice? = nil,
            headers: ForwardedHeaders = .none, isRepeatable: Bool, timeout: TimeAmount? = nil, isProbe: Bool = false,
            logLevel: LogLevel? = nil, parameterHeaders: ParameterHeaders = .none
        ) {
            self.shard = shard
            self.channel = channel
            self.progressToken = progressToken
            self.headers = headers
            self.isRepeatable = isRepeatable
            self.timeout = timeout
            self.isProbe = isProbe
            self.logLevel = logLevel
            self.parameterHeaders = parameterHeaders
        }
    }

    /// Sends a request and waits for its result. Of `params`, what belongs to the caller's hop ends here.
    ///
    /// A request is repeated only when it provably did not run, or when `options.isRepeatable` says that running twice
    /// is the same as once; otherwise a lost answer is `outcomeUnknown`.
    package func call(
        _ method: MCPMethod, params: RequestParameters, options: CallOptions
    ) async throws(BackendError) -> JSONSlice {
        let timeout = options.timeout ?? backend.settings.requestTimeout
        // One deadline pays for everything: waiting for a place, connecting, and the answer.
        let deadline = NIODeadline.now() + timeout
        let permit = options.isProbe ? nil : backend.health.admit()
        guard options.isProbe || permit != nil else { throw .circuitOpen }
        if !backend.limiter.tryAcquire() { try await waitForPlace(permit, until: deadline) }
        defer { backend.limiter.release() }
        // Nearly every call is made once, over a connection that is there. A call's memory holds what every function that
        // is inlined into it may need while it waits, so what the others need is not inlined.
        var first: Attempt?
        if let connection = readyConnection() {
            let attempt = await attempt(method, params, over: connection, options, timeout, deadline)
            if let result = attempt.plainResult {
                if let permit { backend.observed(nil, permit) }
                return result
            }
            first = attempt
        }
        return try await persist(with: method, params, options, permit, timeout, deadline, after: first)
    }

    /// The same with parameters of which nothing is known.
    package func call(
        _ method: MCPMethod, params: JSONSlice?, options: CallOptions
    ) async throws(BackendError) -> JSONSlice {
        try await call(method, params: RequestParameters(params), options: options)
    }

    @inline(never)
    private func waitForPlace(
        _ permit: CircuitBreaker.Permit?, until deadline: NIODeadline
    ) async throws(BackendError) {
        guard await backend.limiter.acquire(deadline: deadline) else {
            let error: BackendError = Task.isCancelled ? .cancelled : .busy
            if let permit { backend.observed(error, permit) }
            throw error
        }
    }

    /// A request that was made, and what came of it.
    struct Attempt {
        let connection: Connection
        let outcome: CallOutcome
        /// What it carried to prove whose it is.
        let sent: [ForwardedHeaders.Field]

        /// The result, where nothing about it needs a second look.
        var plainResult: JSONSlice? {
            guard case .result(let result) = outcome else { return nil }
            return !connection.isModern || ResultType(declaredIn: result) == .complete ? result : nil
        }
    }

    /// Goes on until there is a result or nothing is left that could be tried.
    ///
    /// - Parameter first: an attempt that has been made.
    @inline(never)
    func persist(
        with method: MCPMethod, _ params: RequestParameters, _ options: CallOptions, _ permit: CircuitBreaker.Permit?,
        _ timeout: TimeAmount, _ deadline: NIODeadline, after first: Attempt?
    ) async throws(BackendError) -> JSONSlice {
        var options = options
        var hasFreshHeaders = false
        var hasFreshCredential = false
        var sent: [ForwardedHeaders.Field] = []
        var made = first
        var attempt = 1
        while true {
            do throws(BackendError) {
                let current: Attempt
                if let last = made {
                    current = last
                } else {
                    current = try await self.attempt(method, params, options, timeout, deadline)
                }
                made = nil
                sent = current.sent
                let result = try await interpret(current, method, params, options, timeout, deadline)
                if let permit { backend.observed(nil, permit) }
                return result
            } catch {
                if let permit { backend.observed(error, permit) }
                if !hasFreshHeaders, method == .toolsCall, error.isHeaderMismatch, !Task.isCancelled,
                    let fresh = await freshHeaders(of: params, options, deadline)
                {
                    hasFreshHeaders = true
                    options.parameterHeaders = fresh
                    continue
                }
                if try await hasRemedy(for: error, method, params, sent: sent, mayRenew: !hasFreshCredential) {
                    hasFreshCredential = true
                    continue
                }
                guard attempt < 3, !Task.isCancelled, mayRepeat(after: error, options) else { throw error }
                if case .unavailable = error {
                    try? await Task.sleep(for: .milliseconds(100 * attempt))
                }
                attempt += 1
            }
        }
    }

    func mayRepeat(after error: BackendError, _ options: CallOptions) -> Bool {
        switch error {
        case .sessionLost, .unavailable: true
        case .outcomeUnknown: options.isRepeatable && options.channel?.mayRepeatCall != false
        case .rejected(let status):
            options.isRepeatable && [502, 503, 504].contains(status) && options.channel?.mayRepeatCall != false
        default: false
        }
    }

    /// One request and its result, without another attempt.
    func callOnce(
        _ method: MCPMethod, _ params: RequestParameters, _ options: CallOptions, _ timeout: TimeAmount,
        _ deadline: NIODeadline
    ) async throws(BackendError) -> JSONSlice {
        let attempt = try await attempt(method, params, options, timeout, deadline)
        return try await interpret(attempt, method, params, options, timeout, deadline)
    }

    /// Makes a request, over a new connection where there is none.
    private func attempt(
        _ method: MCPMethod, _ params: RequestParameters, _ options: CallOptions, _ timeout: TimeAmount,
        _ deadline: NIODeadline
    ) async throws(BackendError) -> Attempt {
        let connection: Connection
        if let ready = readyConnection() {
            connection = ready
        } else {
            do throws(BackendError) {
                connection = try await connect(on: options.shard, headers: options.headers, deadline: deadline)
            } catch {
                throw error.ofHandshake
            }
        }
        return await attempt(method, params, over: connection, options, timeout, deadline)
    }

    private func attempt(
        _ method: MCPMethod, _ params: RequestParameters, over connection: Connection, _ options: CallOptions,
        _ timeout: TimeAmount, _ deadline: NIODeadline
    ) async -> Attempt {
        let (outcome, sent) = await exchange(
            connection.spelled(method), params, over: connection.link, options, timeout, deadline)
        return Attempt(connection: connection, outcome: outcome, sent: sent)
    }

    /// One request from beginning to end, and what it carried to prove whose it is.
    private func exchange(
        _ method: MCPMethod, _ params: RequestParameters, over link: any SessionLink, _ options: CallOptions,
        _ timeout: TimeAmount, _ deadline: NIODeadline
    ) async -> (CallOutcome, sent: [ForwardedHeaders.Field]) {
        var headers = options.headers
        var sent: [ForwardedHeaders.Field] = []
        if credential != nil {
            do throws(BackendError) {
                sent = try await credentialFields()
            } catch {
                return (.failed(error), sent: [])
            }
            headers = headers.adding(credential: sent)
        }
        let call = send(
            method, params, over: link, options, headers: headers, timeout: timeout, deadline: deadline)
        let outcome = await call.wait()
        finish(call, outcome)
        return (outcome, sent: sent)
    }

    private func interpret(
        _ attempt: Attempt, _ method: MCPMethod, _ params: RequestParameters, _ options: CallOptions,
        _ timeout: TimeAmount, _ deadline: NIODeadline
    ) async throws(BackendError) -> JSONSlice {
        let connection = attempt.connection
        if connection.isModern {
            return try await accept(
                attempt.outcome, of: connection.spelled(method), params, over: connection, options, timeout, deadline)
        }
        switch attempt.outcome {
        case .result(let result): return result
        case .failed(let error):
            if case .sessionLost = error { lose(connection.link) }
            if error.contradictsLegacy(method), await !isStillLegacy(connection, on: options.shard),
                mayRepeatAnew(after: error, options)
            {
                throw .sessionLost
            }
            throw error
        }
    }

    /// Sends a request whose outcome can be waited for; then it must be finished. Called on `options.shard`'s loop.
    func send(
        _ method: MCPMethod, _ params: RequestParameters, over link: any SessionLink, _ options: CallOptions,
        headers: ForwardedHeaders, timeout: TimeAmount, deadline: NIODeadline
    ) -> PendingCall {
        let call = state.withLock { state in
            let call = PendingCall(
                id: state.nextID, shard: options.shard, channel: options.channel,
                progressToken: options.progressToken, timeout: timeout, deadline: deadline)
            state.nextID += 1
            state.calls[call.id] = call
            return call
        }
        let progressToken = options.progressToken == nil ? nil : call.id
        options.shard.watch(call)
        if let modern = link.modern {
            let request = ModernRequest(
                method: method, params: params, logLevel: options.logLevel ?? ownLogLevel,
                progressToken: progressToken, parameterHeaders: options.parameterHeaders, headers: headers,
                declaresTasks: options.declaresTasks)
            modern.send(request, for: call)
        } else {
            let ownParams = params.text.map { MetaOwnership.crossing($0, progressToken: progressToken) }
            link.send(RequestMessage(id: call.id, method: method, params: ownParams), for: call, headers: headers)
        }
        return call
    }

    func finish(_ call: PendingCall, _ outcome: CallOutcome) {
        call.shard.unwatch(call)
        let questions = state.withLock { state in
            state.calls.removeValue(forKey: call.id)
            guard case .failed = outcome else { return [Question.Open]() }
            return state.questions.values.filter { $0.call == call.id }
        }
        // Nobody waits for what the client would answer now; it is told so, and the backend gets an error.
        for question in questions { question.task.cancel() }
    }

    /// One request from beginning to end, without another attempt.
    func perform(
        _ method: MCPMethod, params: RequestParameters, over link: any SessionLink, options: CallOptions,
        timeout: TimeAmount, deadline: NIODeadline
    ) async -> CallOutcome {
        await exchange(method, params, over: link, options, timeout, deadline).0
    }

    /// A request that the session itself needs, with a deadline of its own.
    func performOwn(
        _ method: MCPMethod, _ params: JSONSlice?, over link: any SessionLink, on shard: Shard,
        headers: ForwardedHeaders = .none, timeout: TimeAmount? = nil
    ) async -> CallOutcome {
        let timeout = timeout ?? backend.settings.requestTimeout
        return await perform(
            method, params: RequestParameters(params), over: link,
            options: CallOptions(shard: shard, headers: headers, isRepeatable: false), timeout: timeout,
            deadline: .now() + timeout)
    }
}

extension BackendSession.Connection {
    /// `ping` is not part of the Modern era, where this is as cheap.
    func spelled(_ method: MCPMethod) -> MCPMethod { isModern && method == .ping ? .discover : method }
}
