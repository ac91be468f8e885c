// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import HummingbirdCore
import JSONTypes
import NIOCore

extension HTTPEdge {
    /// Requests of one batch.
    private static let batchLimit = 100

    /// Serves a POST. This is where the era of a message is decided.
    func post(_ request: Request, _ context: Context) async throws(Refusal) -> Response {
        let headers = request.headers
        guard let type = headers[.contentType], MediaType.isJSON(type) else {
            throw Refusal(.unsupportedMediaType, "Content-Type must be application/json")
        }
        guard MediaType.acceptsBoth(headers[.accept]) else {
            throw Refusal(.notAcceptable, "Accept must include application/json and text/event-stream")
        }
        let text = try await body(request)
        let era = server.switches.era
        if text.kind == .array, era != .modern { return try await batch(text, request, context) }
        let message = try message(text)
        if era != .legacy, let response = try await modern(message, era, headers, context) { return response }
        switch message {
        case .request(let message):
            if message.method == "initialize" { return try await initialize(message, headers, context) }
            let session = try session(headers)
            try checkVersion(headers, session)
            return try await answer(message, session, headers, context)
        case .notification(let method, let params):
            let session = try session(headers)
            try checkVersion(headers, session)
            server.receive(method, params, in: session)
        case .answer(let id, let answer):
            let session = try session(headers)
            try checkVersion(headers, session)
            server.receive(answer, id: id, in: session)
        }
        return Response(status: .accepted)
    }

    private func body(_ request: Request) async throws(Refusal) -> JSONSlice {
        let tooLarge = Refusal(.contentTooLarge, "A body has at most \(Self.bodyLimit) bytes", closes: true)
        if let length = request.headers[.contentLength], (Int(length) ?? .max) > Self.bodyLimit { throw tooLarge }
        let bytes: ByteBuffer
        do {
            bytes = try await request.body.collect(upTo: Self.bodyLimit)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        } catch {
            throw Refusal(.badRequest, "The body could not be read", closes: true)
        }
        do {
            return try JSONSlice(validating: bytes)
        } catch {
            throw Refusal(.badRequest, "Parse error: \(error)", code: -32700)
        }
    }

    private func message(_ text: JSONSlice) throws(Refusal) -> Message {
        do {
            return try Message(text)
        } catch {
            throw Refusal(.badRequest, error.message, code: error.code)
        }
    }

    // MARK: initialize

    private func initialize(
        _ request: ClientRequest, _ headers: HTTPFields, _ context: Context
    ) async throws(Refusal) -> Response {
        if headers[.mcpSessionID] != nil {
            _ = try session(headers)
            throw Refusal(.badRequest, "The session is initialized already")
        }
        let opened: (session: Session, result: Reply)
        do {
            opened = try await server.open(id: RandomID.make(), request.params) { StreamStore(encoder($0)) }
        } catch {
            return .json(error.message(id: request.id))
        }
        var response = try render(opened.result, to: request.id, opened.session, context)
        if faults.withoutSessions {
            _ = server.close(opened.session.id)
        } else {
            response.headers[.mcpSessionID] = opened.session.id
        }
        return response
    }

    // MARK: Answers

    private func answer(
        _ request: ClientRequest, _ session: Session, _ headers: HTTPFields, _ context: Context
    ) async throws(Refusal) -> Response {
        switch server.work(for: request, in: session, origin: HeaderOrigin(fields: headers)) {
        case .ready(let reply):
            return try render(reply, to: request.id, session, context)
        case .running(let operation):
            let exchange = PostExchange(try streams(of: session), expecting: 1)
            await start(operation, request.id, session, exchange)
            switch await opening(exchange, context) {
            case .stream(let stream):
                return try events(stream, context)
            case .answers(let answers):
                return try render(answers.first?.reply ?? .silence, to: request.id, session, context)
            case .nobody:
                return Response(status: .accepted)
            }
        }
    }

    private func start(
        _ operation: @escaping @Sendable (Peer) async throws -> Reply, _ id: JSONSlice, _ session: Session,
        _ exchange: PostExchange
    ) async {
        let isTransient = faults.withoutSessions
        do {
            if isTransient { try server.keep(session) }
            try server.run(operation, id: id, in: session, outlet: exchange) { [server] reply in
                await exchange.deliver(reply, to: id)
                if isTransient { _ = server.close(session.id) }
            }
        } catch {
            await exchange.deliver(.failure(error), to: id)
        }
    }

    private func opening(_ exchange: PostExchange, _ context: Context) async -> PostExchange.Opening {
        connections.whenEnded(context.channel) { exchange.abandon() }
        let opening = await exchange.opening()
        connections.whenEnded(context.channel, nil)
        return opening
    }

    func events(
        _ stream: EventStream, _ context: Context, onEnd: @escaping @Sendable () -> Void = {}
    ) throws(Refusal) -> Response {
        guard let reader = stream.attach(replacing: true) else {
            throw Refusal(.internalServerError, "The stream cannot be read", code: -32603)
        }
        return .events(stream, reader, on: context.channel, connections, onEnd: onEnd)
    }

    /// Renders one reply that is known in full.
    private func render(
        _ reply: Reply, to id: JSONSlice, _ session: Session, _ context: Context
    ) throws(Refusal) -> Response {
        try render(reply, to: id, try streams(of: session), context)
    }

    /// Renders one reply; `status` is that of a JSON answer, which needs no streams.
    func render(
        _ reply: Reply, to id: JSONSlice, _ streams: @autoclosure () throws(Refusal) -> StreamStore,
        _ context: Context, status: HTTPResponse.Status = .ok
    ) throws(Refusal) -> Response {
        if let message = reply.message(id: id) {
            switch reply.delivery {
            case .plain where !server.options.sseAlways || status != .ok: return .json(message, status: status)
            case .chunked where !server.options.sseAlways: return .chunked(message)
            case .plain, .chunked: return try stream([message], .plain, streams(), context)
            case .stream(let format): return try stream([message], format, streams(), context)
            }
        }
        switch reply.payload {
        case .lie(.halfBody):
            return .truncated(Lie.halfBody.frames(id: id).first ?? ByteBuffer())
        case .lie(let lie):
            let frames = lie.frames(id: id)
            if frames.count == 1, let frame = frames.first, !server.options.sseAlways { return .json(frame) }
            return try stream(frames, .plain, streams(), context)
        case .status(let status, let body):
            return .plain(HTTPResponse.Status(code: status), body)
        case .result, .text, .failure, .silence:
            return try stream([], .plain, streams(), context)
        }
    }

    /// A stream of events that are all known.
    private func stream(
        _ messages: [ByteBuffer], _ format: EventFormat, _ streams: StreamStore, _ context: Context
    ) throws(Refusal) -> Response {
        let stream = streams.make()
        for message in messages { stream.append(message, format: format) }
        stream.finish()
        return try events(stream, context)
    }

    // MARK: Batches

    /// Serves a batch, which exists in 2025-03-26 alone.
    private func batch(_ text: JSONSlice, _ request: Request, _ context: Context) async throws(Refusal) -> Response {
        let session = try session(request.headers)
        try checkVersion(request.headers, session)
        guard session.revision.hasBatches else {
            throw Refusal(.badRequest, "Revision \(session.revision.rawValue) has no batches")
        }
        var messages: [Message] = []
        for element in text.elements {
            guard messages.count < Self.batchLimit else {
                throw Refusal(.badRequest, "A batch has at most \(Self.batchLimit) messages")
            }
            messages.append(try message(element))
        }
        guard !messages.isEmpty else { throw Refusal(.badRequest, "A batch is not empty") }
        let requests = messages.compactMap { if case .request(let request) = $0 { request } else { nil } }
        guard !requests.contains(where: { $0.method == "initialize" }) else {
            throw Refusal(.badRequest, "initialize must not be part of a batch")
        }
        let exchange = PostExchange(try streams(of: session), expecting: requests.count)
        for message in messages {
            switch message {
            case .notification(let method, let params): server.receive(method, params, in: session)
            case .answer(let id, let answer): server.receive(answer, id: id, in: session)
            case .request(let message):
                switch server.work(for: message, in: session, origin: HeaderOrigin(fields: request.headers)) {
                case .ready(let reply): await exchange.deliver(reply, to: message.id)
                case .running(let operation): await start(operation, message.id, session, exchange)
                }
            }
        }
        if requests.isEmpty { return Response(status: .accepted) }
        switch await opening(exchange, context) {
        case .stream(let stream):
            return try events(stream, context)
        case .answers(let answers):
            return .json(Self.array(answers))
        case .nobody:
            return Response(status: .accepted)
        }
    }

    private static func array(_ answers: [PostExchange.Answer]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeStaticString("[")
        var isFirst = true
        for answer in answers {
            for frame in answer.reply.frames(id: answer.id) {
                if !isFirst { buffer.writeStaticString(",") }
                isFirst = false
                buffer.writeImmutableBuffer(frame)
            }
        }
        buffer.writeStaticString("]")
        return buffer
    }
}

/// The header fields of the request that a call came in.
struct HeaderOrigin: RequestOrigin {
    let fields: HTTPFields

    var headers: [(name: String, value: String)]? {
        fields.map { (name: $0.name.canonicalName, value: $0.value) }
    }
}
