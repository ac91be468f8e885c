// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Logging
import MCPTypes
import NIOCore
import OutgoingAuth

/// The Modern era over Streamable HTTP: one POST for each request, and nothing in between
/// (2026-07-28, Transports).
final class ModernHTTPLink: ModernLink {
    private let backend: Backend
    private let session: BackendSession
    /// Request line and headers that are the same for every request.
    private let prefix: ByteBuffer
    private let declaration: ModernMeta.Declaration
    private let declarationWithTasks: ModernMeta.Declaration
    let listener: ModernListener

    init(session: BackendSession, endpoint: HTTPEndpoint) {
        self.session = session
        backend = session.backend
        prefix = RequestHead.prefix(
            "POST", endpoint, fields: [("MCP-Protocol-Version", ProtocolRevision.latestModern.rawValue)],
            static: session.backend.settings.headers)
        let capabilities = session.capabilities
        declaration = ModernMeta.Declaration(
            capabilities: capabilities.modernDeclaration(withTasks: capabilities.hasTasks))
        declarationWithTasks = ModernMeta.Declaration(capabilities: capabilities.modernDeclaration(withTasks: true))
        listener = ModernListener(session: session)
    }

    var modern: (any ModernLink)? { self }
    var mayChangeEra: Bool { true }

    func send(_ request: ModernRequest, for call: PendingCall) {
        let params = ModernMeta.request(
            request.params, request.declaresTasks ? declarationWithTasks : declaration, logLevel: request.logLevel,
            progressToken: request.progressToken)
        let message = RequestMessage(id: call.id, method: request.method, params: params)
        let answer = ModernAnswer(call: call, link: self)
        let exchange = HTTPExchange(
            request: RequestHead.post(
                prefix: prefix, message: message, forwarded: request.headers.withoutProtocolFields, fieldBytes: 128,
                fields: request.writeFields),
            limits: backend.settings.limits, receiver: answer)
        answer.exchange = exchange
        call.transport = answer
        backend.pool(on: call.shard).run(exchange)
    }

    func receive(_ message: ByteBuffer, during call: PendingCall) { session.receive(message, during: call, from: self) }

    /// What a whole answer says. JSON-RPC counts at any status, with `id` null too, because servers answer so what they
    /// refuse before they have read it.
    func interpret(status: Int, mediaType: String, body: ByteBuffer, call: PendingCall) -> CallOutcome {
        // The credential's own matter, whatever else the body says.
        if status == 401 || status == 407 { return .failed(.unauthorized(status: status)) }
        let isSuccess = (200..<300).contains(status)
        if body.readableBytes > 0 {
            do throws(MCPMessageError) {
                if case .response(let id, let outcome)? = try response(in: body, mediaType) {
                    switch outcome {
                    case .error where id == nil || id?.number == call.id: return CallOutcome(outcome, status: status)
                    case .result where id?.number == call.id: return CallOutcome(outcome, status: status)
                    case .error, .result:
                        if isSuccess { return .failed(.invalidResponse("the answer carries another request's id")) }
                    }
                } else if isSuccess {
                    return .failed(.invalidResponse("the answer is no JSON-RPC response"))
                }
            } catch {
                if isSuccess { return .failed(.invalidResponse("\(error.requestError.message)")) }
            }
        }
        switch status {
        case 202: return .failed(.invalidResponse("a request was accepted without an answer"))
        case 200..<300: return .failed(.invalidResponse("the answer is neither JSON nor an event stream"))
        case 403: return .failed(.unauthorized(status: status))
        default: return .failed(.rejected(status: status))
        }
    }

    /// The JSON-RPC message in a body that came as a whole; event streams do so with an error status.
    private func response(in body: ByteBuffer, _ mediaType: String) throws(MCPMessageError) -> MCPMessage? {
        let limits = backend.settings.jsonLimits
        if mediaType == "application/json" || mediaType.hasSuffix("+json") {
            return try MCPMessage(parsing: body, limits: limits)
        }
        guard mediaType == "text/event-stream" else { return nil }
        var parser = SSEParser(limits: SSELimits(maxEventBytes: body.readableBytes, maxLineBytes: body.readableBytes))
        parser.append(body)
        while let event = try? parser.next() {
            guard event.event == nil, let data = event.data, data.readableBytes > 0 else { continue }
            let message = try MCPMessage(parsing: data, limits: limits)
            if case .response = message { return message }
        }
        return nil
    }

    /// Requests are all that a Modern backend takes over HTTP.
    func send(_ message: ByteBuffer, on shard: Shard) async throws(BackendError) {
        backend.logger.debug("Nothing but requests is sent to a Modern backend")
    }

    func send(_ message: RequestMessage, for call: PendingCall, headers: ForwardedHeaders) {
        call.deliver(.failed(.unavailable("a request for a Legacy session")))
    }

    func adopt(_ revision: ProtocolRevision) {}
    func listen(on shard: Shard) { session.adjustListening(on: shard) }
    func stopListening() { session.adjustListening(on: backend.anyShard) }
    func discard() { listener.close() }
    func close() async { listener.close() }
}

/// The way that one request's answer takes: a whole body, or the events of one stream that no other continues.
///
/// `@unchecked Sendable`: confined to its call's loop.
final class ModernAnswer: Sweepable, @unchecked Sendable {
    private let call: PendingCall
    private let link: ModernHTTPLink
    var exchange: HTTPExchange?
    private var demandedScopes: [String]?
    private var linger = Linger()

    init(call: PendingCall, link: ModernHTTPLink) {
        self.call = call
        self.link = link
    }

    fileprivate func receive(_ event: SSEEvent) {
        guard let data = event.data, data.readableBytes > 0, event.event == nil, !call.isFinished else { return }
        link.receive(data, during: call)
        if call.isFinished { linger.begin(self, on: call.shard) }
    }

    func sweep(now: NIODeadline) {
        if linger.isOver(now) { exchange?.abort() }
    }

    fileprivate func finish(_ reply: HTTPReply) {
        linger.end(self, on: call.shard)
        exchange = nil
        guard !call.isFinished else { return }
        switch reply {
        case .answer(let status, _, _) where demandedScopes != nil:
            call.deliver(.failed(.unauthorized(status: status, scopes: demandedScopes)))
        case .answer(let status, let mediaType, let body):
            call.deliver(link.interpret(status: status, mediaType: mediaType, body: body, call: call))
        // Nothing continues a Modern stream: what became of the request is unknown.
        case .streamEnded(_, nil): call.deliver(.failed(.outcomeUnknown("the stream ended without an answer")))
        case .streamEnded, .failed(.connectionLost):
            call.deliver(.failed(.outcomeUnknown("the connection was lost")))
        case .failed(.unreachable(let reason)): call.deliver(.failed(.unavailable(reason)))
        case .failed(.invalidResponse(let reason)): call.deliver(.failed(.invalidResponse(reason)))
        case .failed(.noRoom): call.deliver(.failed(.noRoom))
        case .failed(.aborted): call.deliver(.failed(.cancelled))
        }
    }
}

extension ModernAnswer: HTTPExchangeReceiver {
    var takesEvents: Bool { true }
    func exchangeBegan(_ head: HTTP1ResponseHead) {
        if head.status == 403 { demandedScopes = DemandedScopes.of(head.headers.values("www-authenticate")) }
    }
    func exchangeReceived(_ event: SSEEvent) { receive(event) }
    func exchangeEnded(_ reply: HTTPReply) { finish(reply) }
}

extension ModernAnswer: CallTransport {
    /// Closing the stream is what cancels a request (2026-07-28, Transports, Cancellation).
    func release(_ call: PendingCall) { exchange?.abort() }

    func withdraw(_ call: PendingCall) {}
}

extension ForwardedHeaders {
    /// Without fields that only the protocol writes.
    fileprivate var withoutProtocolFields: ForwardedHeaders {
        guard fields.contains(where: { $0.name.lowercased().hasPrefix("mcp-") }) else { return self }
        return ForwardedHeaders(fields: fields.filter { !$0.name.lowercased().hasPrefix("mcp-") })
    }
}
