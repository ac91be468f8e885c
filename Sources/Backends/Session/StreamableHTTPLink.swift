// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Logging
import MCPTypes
import NIOCore
import OutgoingAuth
import Synchronization

/// A Legacy session over Streamable HTTP: one exchange per message, plus a GET stream when someone listens.
final class StreamableHTTPLink: SessionLink {
    private struct Mutable {
        var sessionID: String?
        var revision: ProtocolRevision?
        /// Request line and headers that never change within the session.
        var postPrefix: ByteBuffer
        var listening: TaskSupervisor?
        /// Whether it has been found out what a stream that is refused with 404 means here.
        var hasAskedAfterSession = false
        var isClosed = false
    }

    let backend: Backend
    let session: BackendSession
    private let state: Mutex<Mutable>

    init(backend: Backend, session: BackendSession, endpoint: HTTPEndpoint) {
        self.backend = backend
        self.session = session
        self.endpoint = endpoint
        self.state = Mutex(
            Mutable(postPrefix: RequestHead.prefix("POST", endpoint, fields: [], static: backend.settings.headers)))
    }

    private let endpoint: HTTPEndpoint

    var sessionID: String? { state.withLock { $0.sessionID } }
    private var hasSession: Bool { state.withLock { $0.sessionID != nil && $0.revision != nil } }

    func adopt(_ revision: ProtocolRevision) {
        state.withLock { state in
            state.revision = revision
            state.postPrefix = RequestHead.prefix(
                "POST", endpoint, fields: Self.sessionFields(state), static: backend.settings.headers)
        }
    }

    private static func sessionFields(_ state: borrowing Mutable) -> [(String, String)] {
        var fields: [(String, String)] = []
        if let sessionID = state.sessionID { fields.append(("Mcp-Session-Id", sessionID)) }
        if let revision = state.revision, revision.hasVersionHeader {
            fields.append(("MCP-Protocol-Version", revision.rawValue))
        }
        return fields
    }

    // MARK: Requests

    func send(_ message: RequestMessage, for call: PendingCall, headers: ForwardedHeaders) {
        let (prefix, isHandshake) = state.withLock { ($0.postPrefix, $0.revision == nil) }
        let request = RequestHead.post(prefix: prefix, message: message, forwarded: headers)
        let stream = AnswerStream(link: self, call: call, headers: headers, isHandshake: isHandshake)
        call.transport = stream
        run(request, for: stream)
    }

    private func run(_ request: ByteBuffer, for stream: AnswerStream) {
        let exchange = HTTPExchange(request: request, limits: backend.settings.limits, receiver: stream)
        stream.exchange = exchange
        backend.pool(on: stream.call.shard).run(exchange)
    }

    func withdraw(_ call: PendingCall) { session.withdraw(call, over: self) }

    /// The id is taken from a successful `initialize` only; some servers put one on every answer, errors included.
    func adoptSessionID(_ head: HTTP1ResponseHead) {
        guard (200..<300).contains(head.status), let id = head.headers.first("mcp-session-id") else { return }
        guard !id.isEmpty, id.utf8.count <= 1024, id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return }
        state.withLock { $0.sessionID = id }
    }

    func receive(_ event: SSEEvent, _ stream: AnswerStream) {
        if let id = event.id { stream.lastEventID = id }
        if let retry = event.retry { stream.retry = retry }
        guard let data = event.data, data.readableBytes > 0, event.event == nil else { return }
        session.receive(data, during: stream.call, from: self)
        if stream.call.isFinished { stream.linger() }
    }

    func finished(_ reply: HTTPReply, _ stream: AnswerStream) {
        let call = stream.call
        stream.stopLingering()
        guard !call.isFinished else { return }
        switch reply {
        case .answer(let status, let mediaType, let body):
            call.deliver(
                interpret(status: status, mediaType: mediaType, body: body, call: call, stream.demandedScopes))
        case .streamEnded(_, let failure):
            resume(stream, after: failure)
        case .failed(.unreachable(let reason)):
            if stream.isResuming {
                call.deliver(.failed(.outcomeUnknown("the connection was lost")))
            } else {
                call.deliver(.failed(.unavailable(reason)))
            }
        case .failed(.connectionLost):
            if stream.isResuming {
                resume(stream, after: .connectionLost)
            } else {
                call.deliver(.failed(.outcomeUnknown("the connection was lost")))
            }
        case .failed(.invalidResponse(let reason)):
            call.deliver(.failed(.invalidResponse(reason)))
        case .failed(.noRoom):
            call.deliver(.failed(.noRoom))
        case .failed(.aborted):
            call.deliver(.failed(.cancelled))
        }
    }

    /// An id-bearing stream that ends without the answer is a poll point: it goes on where it stopped, after the time
    /// that the server asked for (2025-11-25, Transports, Resumability). Without ids the answer is lost.
    private func resume(_ stream: AnswerStream, after failure: TransportFailure?) {
        guard let lastEventID = stream.lastEventID, stream.attempts < AnswerStream.maximumAttempts else {
            let reason = failure == nil ? "the stream ended without an answer" : "the connection was lost"
            stream.call.deliver(.failed(.outcomeUnknown(reason)))
            return
        }
        stream.attempts += 1
        stream.isResuming = true
        let delay = TimeAmount.milliseconds(Int64(stream.retry ?? 1000))
        let loop = stream.call.shard.eventLoop
        loop.assumeIsolated().scheduleTask(in: delay) { [self] in
            guard !stream.call.isFinished else { return }
            run(get(lastEventID: lastEventID, headers: stream.headers), for: stream)
        }
    }

    func finishedResuming(_ reply: HTTPReply, _ stream: AnswerStream) {
        if case .answer(let status, _, _) = reply {
            // The server cannot, or will not, continue the stream.
            let error: BackendError = .outcomeUnknown("the stream could not be resumed (HTTP status \(status))")
            stream.call.deliver(.failed(error))
        } else {
            finished(reply, stream)
        }
    }

    private func interpret(status: Int, mediaType: String, body: ByteBuffer, call: PendingCall, _ scopes: [String]?)
        -> CallOutcome
    {
        if scopes != nil { return .failed(.unauthorized(status: status, scopes: scopes)) }
        if status == 404, hasSession, !body.saysMethodNotFound { return .failed(.sessionLost) }
        if body.readableBytes > 0, mediaType == "application/json" || mediaType.hasSuffix("+json") {
            do {
                if case .response(let id, let outcome) = try MCPMessage(
                    parsing: body, limits: backend.settings.jsonLimits)
                {
                    if let id, id.number == call.id { return CallOutcome(outcome, status: status) }
                    if (200..<300).contains(status) {
                        return .failed(.invalidResponse("the answer carries another request's id"))
                    }
                } else if (200..<300).contains(status) {
                    return .failed(.invalidResponse("the answer is no JSON-RPC response"))
                }
            } catch {
                if (200..<300).contains(status) { return .failed(.invalidResponse("\(error.requestError.message)")) }
            }
        }
        switch status {
        case 202: return .failed(.invalidResponse("a request was accepted without an answer"))
        case 200..<300: return .failed(.invalidResponse("the answer is neither JSON nor an event stream"))
        case 400 where hasSession: return .failed(.sessionLost)
        case 401, 403: return .failed(.unauthorized(status: status))
        default: return .failed(.rejected(status: status))
        }
    }

    // MARK: Notifications and answers

    func send(_ message: ByteBuffer, on shard: Shard) async throws(BackendError) {
        let credential = try await session.credentialFields()
        let prefix = state.withLock { $0.postPrefix }
        let request = RequestHead.post(
            prefix: prefix, body: message, forwarded: ForwardedHeaders(fields: credential))
        let reply = await backend.exchange(request, on: shard, timeout: backend.settings.requestTimeout)
        switch reply {
        case .answer(let status, _, _) where (200..<300).contains(status): return
        case .answer(404, _, _): throw .sessionLost
        case .answer(let status, _, _): throw .rejected(status: status)
        case .streamEnded: return
        case .failed(.unreachable(let reason)): throw .unavailable(reason)
        case .failed(.aborted): throw .timeout
        case .failed: throw .outcomeUnknown("the connection was lost")
        }
    }

    // MARK: Listening

    func listen(on shard: Shard) {
        let supervisor = TaskSupervisor()
        let shouldStart = state.withLock { state in
            guard state.listening == nil, !state.isClosed else { return false }
            state.listening = supervisor
            return true
        }
        guard shouldStart else { return }
        session.note(.asked, over: self)
        supervisor.run(on: shard.executor) { [weak self] in await self?.listenLoop(on: shard) }
    }

    func stopListening() {
        guard state.withLock({ $0.listening }) != nil else { return }
        // Before somebody else can begin anew.
        session.note(.unasked, over: self)
        let supervisor = state.withLock { state in
            defer { state.listening = nil }
            return state.listening
        }
        supervisor?.cancelAll()
    }

    /// Whether this is the first time that it is to be found out what a stream that is refused with 404 means here.
    func beginAskingAfterSession() -> Bool {
        state.withLock { state in
            defer { state.hasAskedAfterSession = true }
            return !state.hasAskedAfterSession
        }
    }

    func get(lastEventID: String?, headers: ForwardedHeaders) -> ByteBuffer {
        state.withLock { state in
            var fields = Self.sessionFields(state)
            if let lastEventID { fields.append(("Last-Event-ID", lastEventID)) }
            return RequestHead.bodyless(
                "GET", endpoint, fields: fields, static: backend.settings.headers, forwarded: headers)
        }
    }

    // MARK: End

    func close() async {
        stopListening()
        let fields: [(String, String)]? = state.withLock { state in
            guard !state.isClosed else { return nil }
            state.isClosed = true
            return state.sessionID == nil ? nil : Self.sessionFields(state)
        }
        guard let fields else { return }
        // In a task of its own, because closing is often part of being cancelled. 405 is a fine answer, and so is none:
        // the backend will forget the session by itself.
        await Task { [backend, session, endpoint] in
            let credential = (try? await session.credentialFields()) ?? []
            let request = RequestHead.bodyless(
                "DELETE", endpoint, fields: fields, static: backend.settings.headers,
                forwarded: ForwardedHeaders(fields: credential))
            _ = await backend.exchange(request, on: backend.anyShard, timeout: .seconds(2))
        }.value
    }

    func discard() {
        state.withLock { $0.isClosed = true }
        stopListening()
    }
}

extension CallOutcome {
    /// - Parameter status: the HTTP status, which an error keeps while it is looked at here.
    init(_ outcome: MCPMessage.Outcome, status: Int = 200) {
        switch outcome {
        case .result(let result): self = .result(result)
        case .error(let error):
            var relayed = RequestError(relaying: error)
            relayed.httpStatus = status
            self = .failed(.answered(relayed))
        }
    }
}

extension ByteBuffer {
    /// Whether this is a JSON-RPC error that speaks about the request itself: then its 404 does not end the session.
    fileprivate var saysMethodNotFound: Bool {
        guard case .response(_, .error(let error)) = try? MCPMessage(parsing: self), let code = error["code"]?.int
        else {
            return false
        }
        return code == ErrorCode.methodNotFound.rawValue || code == ErrorCode.invalidParams.rawValue
    }
}
