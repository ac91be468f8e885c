// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import HummingbirdCore
import JSONTypes
import NIOCore

extension HTTPEdge {
    private static let modernEncoder = EventEncoder(retryMilliseconds: nil, hasIDs: false)

    /// Serves a message of the Modern era; nil when it belongs to the other one.
    ///
    /// Sessions and resumption do not exist here: `Mcp-Session-Id` and `Last-Event-ID` are ignored.
    func modern(
        _ message: Message, _ era: Era, _ headers: HTTPFields, _ context: Context
    ) async throws(Refusal) -> Response? {
        let declared: JSONSlice? =
            switch message {
            case .request(let request): request.meta?.declaredVersion
            case .notification(_, let params): params?["_meta"]?.declaredVersion
            case .answer: nil
            }
        if era == .modern {
            if case .request(let request) = message, request.method == "initialize", declared == nil {
                let requested = request.params?["protocolVersion"]?.string ?? ""
                return .json(RPCError.unsupportedVersion(requested).message(id: request.id), status: .badRequest)
            }
        } else {
            let hasSession = headers[.mcpSessionID].flatMap { server.sessions.find($0) } != nil
            switch EraSignal.of(header: headers[.mcpProtocolVersion], declared: declared, hasSession: hasSession) {
            case .legacy:
                return nil
            case .modern:
                break
            case .refused(let requested):
                guard case .request(let request) = message else { break }
                return .json(RPCError.unsupportedVersion(requested).message(id: request.id), status: .badRequest)
            }
        }
        switch message {
        case .request(let request):
            return try await modern(request, headers, context)
        case .notification:
            server.counters.count(.notifications)
            return Response(status: .accepted)
        case .answer:
            throw Refusal(.badRequest, "A client sends no responses: the server asks nothing")
        }
    }

    private func modern(
        _ request: ClientRequest, _ headers: HTTPFields, _ context: Context
    ) async throws(Refusal) -> Response {
        switch server.modern(request, fields: RoutingFields(headers), origin: HeaderOrigin(fields: headers)) {
        case .ready(let reply):
            return try render(
                reply, to: request.id, StreamStore(Self.modernEncoder), context, status: reply.status)
        case .running(let operation):
            let streams = StreamStore(Self.modernEncoder)
            let exchange = PostExchange(streams, expecting: 1)
            let id = request.id
            let task = Task { await exchange.deliver(await operation(exchange), to: id) }
            // Closing the connection is the way to cancel a request (2026-07-28, streamable HTTP).
            connections.whenEnded(context.channel) {
                task.cancel()
                exchange.abandon()
            }
            switch await exchange.opening() {
            case .stream(let stream):
                let beat = Task { [interval = server.options.keepAlive] in
                    while true {
                        do { try await Task.sleep(for: interval) } catch { return }
                        stream.comment()
                    }
                }
                return try events(stream, context) {
                    task.cancel()
                    beat.cancel()
                }
            case .answers(let answers):
                connections.whenEnded(context.channel, nil)
                let reply = answers.first?.reply ?? .silence
                return try render(reply, to: id, streams, context, status: reply.status)
            case .nobody:
                return Response(status: .accepted)
            }
        }
    }
}

extension Reply {
    /// The status of a Modern answer in JSON.
    fileprivate var status: HTTPResponse.Status {
        guard case .failure(let error) = payload else { return .ok }
        return HTTPResponse.Status(code: error.status)
    }
}

extension RoutingFields {
    /// The fields of an HTTP request.
    init(_ fields: HTTPFields) {
        self.init { name in
            let known: HTTPField.Name? =
                switch name {
                case "mcp-protocol-version": .mcpProtocolVersion
                case "mcp-method": .mcpMethod
                case "mcp-name": .mcpName
                default: HTTPField.Name(name)
                }
            return known.map { fields[values: $0] } ?? []
        }
    }
}
