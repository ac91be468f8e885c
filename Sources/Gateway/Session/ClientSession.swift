// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Backends
import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import VirtualServer

/// One Legacy session with a client, whatever transport carries it.
///
/// It belongs to a principal: its id, its streams and the questions that wait in it are useless to anyone else.
final class ClientSession: Sendable {
    let id: String
    /// Whose session it is. Their tokens change; `latestPrincipal` has the last one's claims.
    let principal: Principal
    let revision: ProtocolRevision
    let capabilities: ClientCapabilities
    let limits: GatewayLimits
    private let state: Mutex<State>
    /// Where messages go that answer nothing, on a transport that has only one way to the client.
    private let fixedOutput: (@Sendable (ByteBuffer) -> Bool)?
    private let credentials: CredentialSource

    private struct Question {
        let continuation: CheckedContinuation<Result<JSONSlice, RequestError>, Never>
        let deadline: NIODeadline
    }

    private struct State {
        var logLevel: LogLevel?
        var inFlight: [RequestID: InFlightRequest] = [:]
        var questions: [Int: Question] = [:]
        var nextQuestion = 1
        var streams: [Int: EventStream] = [:]
        /// GET streams, newest last.
        var general: [EventStream] = []
        var nextStream = 1
        /// What a client without a stream missed, so that it learns of it with its next one.
        var missed: [MCPMethod] = []
        var missedResources: Set<String> = []
        var subscriptions: Set<String> = []
        var lastUsed = NIODeadline.now()
        var isClosed = false
        var backends: BackendSessions?
        var latestPrincipal: Principal
    }

    private static let maximumMissedResources = 64
    private static let maximumQuestions = 64
    private static let maximumSubscriptions = 1024

    init(
        id: String, principal: Principal, revision: ProtocolRevision, capabilities: ClientCapabilities,
        limits: GatewayLimits, credentials: CredentialSource = .none, output: (@Sendable (ByteBuffer) -> Bool)? = nil
    ) {
        self.id = id
        self.principal = principal
        self.revision = revision
        self.capabilities = capabilities
        self.limits = limits
        self.credentials = credentials
        self.fixedOutput = output
        state = Mutex(State(latestPrincipal: principal))
    }

    /// The principal as the session's last request showed it.
    var latestPrincipal: Principal { state.withLock { $0.latestPrincipal } }

    /// A request of the session's owner came with another token.
    func adopt(_ principal: Principal) { state.withLock { $0.latestPrincipal = principal } }

    /// The backend sessions, made with the first request that needs one: an idle session costs no more than this.
    var backends: BackendSessions { state.withLock { backends(&$0) } }

    private func backends(_ state: inout State) -> BackendSessions {
        if let backends = state.backends { return backends }
        let backends = BackendSessions(
            capabilities: capabilities,
            inbound: { [weak self] _, method, params in self?.receive(method, params) },
            channel: { [weak self] in
                self.map { QuestionDialect.channel(GeneralChannel(session: $0), of: $0.revision) }
            },
            credential: { [weak self, credentials] backend in
                credentials.credential(backend) { [weak self] in self?.latestPrincipal }
            })
        state.backends = backends
        return backends
    }

    // MARK: Use and end

    func touch() { state.withLock { $0.lastUsed = .now() } }

    /// Whether the session has been idle since before `limit`; open streams and running requests keep it.
    func isIdle(since limit: NIODeadline) -> Bool {
        state.withLock { state in
            fixedOutput == nil && state.lastUsed < limit && state.inFlight.isEmpty
                && !state.general.contains { $0.isAttached }
        }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Ends everything that belongs to the session.
    func close() async {
        let (requests, questions, streams, backends) = state.withLock { state in
            state.isClosed = true
            defer {
                state.inFlight = [:]
                state.questions = [:]
                state.streams = [:]
                state.general = []
            }
            // The streams of running requests end with their answers.
            return (Array(state.inFlight.values), Array(state.questions.values), state.general, state.backends)
        }
        for request in requests { request.cancel(isUnwanted: false) }
        let gone = RequestError(.clientDeclined, "The client's session ended")
        for question in questions { question.continuation.resume(returning: .failure(gone)) }
        for stream in streams { stream.finish() }
        await backends?.close()
    }

    // MARK: Requests in flight

    enum Admission { case admitted(InFlightRequest), duplicate, tooMany, closed }

    func begin(_ id: RequestID) -> Admission {
        state.withLock { state in
            guard !state.isClosed else { return .closed }
            guard state.inFlight.count < limits.inFlightRequestsPerSession else {
                return state.inFlight[id] == nil ? .tooMany : .duplicate
            }
            let request = InFlightRequest()
            if let earlier = state.inFlight.updateValue(request, forKey: id) {
                state.inFlight[id] = earlier
                return .duplicate
            }
            state.lastUsed = .now()
            return .admitted(request)
        }
    }

    /// - Returns: whether the client asked for no answer.
    @discardableResult
    func end(_ id: RequestID, _ request: InFlightRequest) -> Bool {
        let isUnwanted = request.end()
        state.withLock { state in
            state.lastUsed = .now()
            // Another request may have come under this id since the session was closed.
            if let current = state.inFlight.removeValue(forKey: id), current !== request {
                state.inFlight[id] = current
            }
        }
        return isUnwanted
    }

    /// The client wants no answer to `id` any more; an unknown or finished id is nothing (2025-11-25, Cancellation).
    func cancel(_ id: RequestID) {
        state.withLock { $0.inFlight[id] }?.cancel()
    }

    // MARK: Log level

    var logLevel: LogLevel? {
        get { state.withLock { $0.logLevel } }
        set { state.withLock { $0.logLevel = newValue } }
    }

    /// Whether the client wants to hear a log message.
    func wants(_ method: MCPMethod, _ params: JSONSlice?) -> Bool {
        guard method == .message, let threshold = logLevel else { return true }
        guard let level = LogLevel(params?["level"]) else { return true }
        return level >= threshold
    }

    // MARK: Streams

    /// A new stream for the answer of one request, or for what answers nothing; `nil` when the session has too many.
    func openStream(isGeneral: Bool) -> EventStream? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            trim(&state)
            if isGeneral && state.general.count(where: { $0.isAttached }) >= limits.streamsPerSession { return nil }
            let stream = EventStream(number: state.nextStream, revision: revision, limits: limits)
            state.nextStream += 1
            state.streams[stream.number] = stream
            if isGeneral {
                state.general.removeAll { !$0.isAttached && $0.keptBytes == 0 }
                state.general.append(stream)
            }
            return stream
        }
    }

    func stream(_ number: Int) -> EventStream? { state.withLock { $0.streams[number] } }

    /// Keeps what is stored for resumption within the session's bound: oldest streams go first.
    private func trim(_ state: inout State) {
        for (number, stream) in state.streams where stream.isSpent { state.streams[number] = nil }
        var kept = state.streams.values.reduce(0) { $0 + $1.keptBytes }
        let finished = state.streams.values.filter { $0.isFinished }.sorted { $0.number < $1.number }
        for stream in finished {
            guard kept > limits.resumableBytesPerSession || state.streams.count > 4 * limits.streamsPerSession else {
                break
            }
            kept -= stream.keptBytes
            stream.forget()
            state.streams[stream.number] = nil
        }
    }

    /// Tells a client with a fresh stream what it missed.
    func deliverMissed() {
        let (methods, resources) = state.withLock { state in
            defer {
                state.missed = []
                state.missedResources = []
            }
            return (state.missed, state.missedResources)
        }
        for method in methods { send(method, nil) }
        for uri in resources.sorted() { send(.resourceUpdated, JSONSlice(["uri": .string(uri)])) }
    }

    /// Sends on the newest open stream that answers nothing. Each message goes to exactly one stream.
    func sendGeneral(_ message: ByteBuffer) -> Bool {
        if let fixedOutput { return fixedOutput(message) }
        guard let stream = state.withLock({ $0.general.last { $0.isAttached } }) else { return false }
        return stream.send(message)
    }

    /// Ends the streams that answer nothing; the client may open others.
    func endGeneralStreams() {
        let streams = state.withLock { state in
            defer { state.general = [] }
            return state.general
        }
        for stream in streams { stream.finish() }
    }

    var hasGeneralStream: Bool {
        fixedOutput != nil || state.withLock { $0.general.contains { $0.isAttached } }
    }

    // MARK: Notifications outside of calls

    private func receive(_ method: MCPMethod, _ params: JSONSlice?) {
        switch method {
        case .message where wants(method, params):
            send(method, params)
        case .resourceUpdated:
            guard let uri = params?["uri"]?.string, isSubscribed(to: uri) else { return }
            send(method, params)
        case .elicitationComplete:
            send(method, params)
        default:
            // Lists are watched once for everybody; other notifications mean nothing to a client outside of a call.
            break
        }
    }

    /// The backends' lists have changed.
    func listsChanged(_ kinds: Set<CapabilityKind>) {
        for kind in CapabilityKind.allCases where kinds.contains(kind) {
            switch kind {
            case .tools: send(.toolsListChanged, nil)
            case .resources: send(.resourcesListChanged, nil)
            case .prompts: send(.promptsListChanged, nil)
            }
        }
    }

    private func send(_ method: MCPMethod, _ params: JSONSlice?) {
        var message = ByteBuffer()
        message.writeNotification(method: method, params: params)
        if sendGeneral(message) { return }
        state.withLock { state in
            switch method {
            case .toolsListChanged, .resourcesListChanged, .promptsListChanged:
                if !state.missed.contains(method) { state.missed.append(method) }
            case .resourceUpdated:
                if let uri = params?["uri"]?.string, state.missedResources.count < Self.maximumMissedResources {
                    state.missedResources.insert(uri)
                }
            default: break
            }
        }
    }

    func subscribed(to uri: String) -> Bool {
        state.withLock { state in
            guard state.subscriptions.count < Self.maximumSubscriptions || state.subscriptions.contains(uri) else {
                return false
            }
            state.subscriptions.insert(uri)
            return true
        }
    }

    func unsubscribed(from uri: String) { state.withLock { _ = $0.subscriptions.remove(uri) } }

    /// A server may announce a sub-resource of what was subscribed to (2025-11-25, Resources, Subscriptions).
    private func isSubscribed(to uri: String) -> Bool {
        state.withLock { state in
            state.subscriptions.contains(uri) || state.subscriptions.contains { uri.hasPrefix($0 + "/") }
        }
    }

    // MARK: Questions

    /// Asks the client something and waits for its answer, which arrives by another request.
    func ask(
        _ method: MCPMethod, _ params: JSONSlice?, through output: @escaping @Sendable (ByteBuffer) -> Bool
    ) async throws(RequestError) -> JSONSlice {
        let number: Int? = state.withLock { state in
            guard !state.isClosed, state.questions.count < Self.maximumQuestions else { return nil }
            defer { state.nextQuestion += 1 }
            return state.nextQuestion
        }
        guard let number else { throw RequestError(.overloaded, "Too many questions wait for the client") }
        let asked = RequestMessage(id: number, method: method, params: params).bytes
        let answer: Result<JSONSlice, RequestError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    guard !state.isClosed, !Task.isCancelled else { return false }
                    state.questions[number] = Question(
                        continuation: continuation, deadline: .now() + limits.questionTimeout)
                    return true
                }
                guard isOpen else {
                    continuation.resume(returning: .failure(RequestError(.cancelled, "The question was withdrawn")))
                    return
                }
                if !output(asked) {
                    settle(
                        number,
                        .failure(RequestError(.clientDeclined, "The client has no stream on which it could be asked")))
                }
            }
        } onCancel: {
            withdraw(number, through: output, RequestError(.cancelled, "The question was withdrawn"))
        }
        return try answer.get()
    }

    private func settle(_ number: Int, _ answer: Result<JSONSlice, RequestError>) {
        state.withLock { $0.questions.removeValue(forKey: number) }?.continuation.resume(returning: answer)
    }

    private func withdraw(_ number: Int, through output: @Sendable (ByteBuffer) -> Bool, _ error: RequestError) {
        guard let question = state.withLock({ $0.questions.removeValue(forKey: number) }) else { return }
        var message = ByteBuffer()
        message.writeNotification(method: .cancelled, params: JSONSlice(["requestId": .number(JSONNumber(number))]))
        _ = output(message)
        question.continuation.resume(returning: .failure(error))
    }

    /// The client's answer. One to a question that is not open is ignored: it came too late, or is a guess.
    func receive(answerTo id: RequestID?, _ outcome: MCPMessage.Outcome) {
        touch()
        guard let number = id?.number else { return }
        switch outcome {
        case .result(let result): settle(number, .success(result))
        case .error(let error): settle(number, .failure(RequestError(relaying: error)))
        }
    }

    /// Gives up on questions that nobody answered in time.
    func sweep(now: NIODeadline) {
        let late = state.withLock { state in state.questions.filter { $0.value.deadline <= now }.map(\.key) }
        for number in late {
            withdraw(
                number, through: { [self] in sendGeneral($0) },
                RequestError(.clientDeclined, "The client did not answer in time"))
        }
    }
}

/// The way to a client for what belongs to no request of its own.
struct GeneralChannel: ClientChannel {
    let session: ClientSession

    var capabilities: ClientCapabilities { session.capabilities }

    func notify(_ method: MCPMethod, params: JSONSlice?) {
        guard session.wants(method, params) else { return }
        var message = ByteBuffer()
        message.writeNotification(method: method, params: params)
        _ = session.sendGeneral(message)
    }

    func ask(_ method: MCPMethod, params: JSONSlice?) async throws(RequestError) -> JSONSlice {
        try await session.ask(method, params) { [session] in session.sendGeneral($0) }
    }
}
