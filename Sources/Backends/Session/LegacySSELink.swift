// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Logging
import MCPTypes
import NIOCore
import Synchronization

/// A session over HTTP with SSE (2024-11-05): answers arrive on one GET stream, messages leave as POSTs to the place
/// that the stream's first event names.
final class LegacySSELink: SessionLink {
    private let backend: Backend
    private let session: BackendSession
    private let tasks = TaskSupervisor()
    private let state: Mutex<State>

    private struct State {
        var endpoint: HTTPEndpoint?
        var waiting: CheckedContinuation<Result<HTTPEndpoint, BackendError>, Never>?
        var ended: BackendError?
    }

    private init(backend: Backend, session: BackendSession) {
        self.backend = backend
        self.session = session
        self.state = Mutex(State())
    }

    static func open(
        _ endpoint: HTTPEndpoint, session: BackendSession, on shard: Shard
    ) async throws(BackendError) -> LegacySSELink {
        let headers = ForwardedHeaders(fields: try await session.credentialFields())
        let link = LegacySSELink(backend: session.backend, session: session)
        link.tasks.run(on: shard.executor) { await link.read(endpoint, headers, on: shard) }
        link.tasks.run {
            try? await Task.sleep(for: .nanoseconds(session.backend.settings.requestTimeout.nanoseconds))
            link.settle(.failure(.timeout))
        }
        let place: Result<HTTPEndpoint, BackendError> = await withCheckedContinuation { continuation in
            let known: Result<HTTPEndpoint, BackendError>? = link.state.withLock { state in
                if let endpoint = state.endpoint { return .success(endpoint) }
                if let ended = state.ended { return .failure(ended) }
                state.waiting = continuation
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
        if case .failure(let error) = place {
            link.tasks.cancelAll()
            throw error
        }
        return link
    }

    private func settle(_ result: Result<HTTPEndpoint, BackendError>) {
        let waiting = state.withLock { state in
            let waiting = state.waiting
            state.waiting = nil
            if waiting == nil && state.endpoint != nil { return waiting }
            switch result {
            case .success(let endpoint): state.endpoint = endpoint
            case .failure(let error): state.ended = error
            }
            return waiting
        }
        waiting?.resume(returning: result)
    }

    private func read(_ endpoint: HTTPEndpoint, _ headers: ForwardedHeaders, on shard: Shard) async {
        let request = RequestHead.bodyless(
            "GET", endpoint, fields: [], static: backend.settings.headers, forwarded: headers)
        let reply = await backend.exchange(
            request, on: shard, timeout: nil,
            onEvent: { [self] event in
                guard let data = event.data, data.readableBytes > 0 else { return }
                switch event.event {
                case "endpoint":
                    if let place = endpoint.resolving(String(buffer: data)) {
                        settle(.success(place))
                    } else {
                        settle(.failure(.invalidResponse("the endpoint event leaves the server's own origin")))
                    }
                case nil: session.receive(data, during: nil, from: self)
                default: break
                }
            })
        let error: BackendError
        switch reply {
        case .answer(let status, _, _):
            error = status == 401 || status == 403 ? .unauthorized(status: status) : .rejected(status: status)
        case .failed(.unreachable(let reason)): error = .unavailable(reason)
        case .failed(.invalidResponse(let reason)): error = .invalidResponse(reason)
        case .streamEnded, .failed: error = .outcomeUnknown("its stream ended")
        }
        settle(.failure(error))
        session.lose(self, failing: .outcomeUnknown("its stream ended"))
    }

    private func post(_ message: ByteBuffer, headers: ForwardedHeaders) -> ByteBuffer? {
        guard let endpoint = state.withLock({ $0.endpoint }) else { return nil }
        let prefix = RequestHead.prefix("POST", endpoint, fields: [], static: backend.settings.headers)
        return RequestHead.post(prefix: prefix, body: message, forwarded: headers)
    }

    func send(_ message: RequestMessage, for call: PendingCall, headers: ForwardedHeaders) {
        guard let request = post(message.bytes, headers: headers) else {
            call.deliver(.failed(.unavailable("the stream is not open")))
            return
        }
        let exchange = HTTPExchange(request: request, limits: backend.settings.limits) { reply in
            switch reply {
            case .answer(let status, _, _) where (200..<300).contains(status): break
            case .answer(404, _, _): call.deliver(.failed(.sessionLost))
            case .answer(let status, _, _) where status == 401 || status == 403:
                call.deliver(.failed(.unauthorized(status: status)))
            case .answer(let status, _, _): call.deliver(.failed(.rejected(status: status)))
            case .failed(.unreachable(let reason)): call.deliver(.failed(.unavailable(reason)))
            // The answer, if any, comes on the stream.
            case .streamEnded, .failed: break
            }
        }
        call.transport = LegacyPost(link: self, exchange: exchange)
        backend.pool(on: call.shard).run(exchange)
    }

    func send(_ message: ByteBuffer, on shard: Shard) async throws(BackendError) {
        let headers = ForwardedHeaders(fields: try await session.credentialFields())
        guard let request = post(message, headers: headers) else { throw .unavailable("the stream is not open") }
        let reply = await backend.exchange(request, on: shard, timeout: backend.settings.requestTimeout)
        switch reply {
        case .answer(let status, _, _) where (200..<300).contains(status): return
        case .answer(404, _, _): throw .sessionLost
        case .answer(let status, _, _): throw .rejected(status: status)
        case .failed(.unreachable(let reason)): throw .unavailable(reason)
        case .failed(.aborted): throw .timeout
        case .streamEnded, .failed: throw .outcomeUnknown("the connection was lost")
        }
    }

    func adopt(_ revision: ProtocolRevision) {}

    var hasSingleChannel: Bool { true }

    /// Everything comes on the one stream.
    func listen(on shard: Shard) {}
    func stopListening() {}

    /// Closing the stream is what ends the session.
    func close() async { tasks.cancelAll() }

    func discard() { tasks.cancelAll() }

    fileprivate func withdraw(_ call: PendingCall) { session.withdraw(call, over: self) }
}

/// The POST that carries one call.
private final class LegacyPost: CallTransport {
    private let link: LegacySSELink
    private let exchange: HTTPExchange

    init(link: LegacySSELink, exchange: HTTPExchange) {
        self.link = link
        self.exchange = exchange
    }

    func release(_ call: PendingCall) { exchange.abort() }
    func withdraw(_ call: PendingCall) { link.withdraw(call) }
}
