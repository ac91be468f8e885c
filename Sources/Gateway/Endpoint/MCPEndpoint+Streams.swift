// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Backends
import MCPTypes
import NIOCore
import VirtualServer

/// GET, which opens or resumes a stream of a session, and DELETE, which ends the session.
extension MCPEndpoint {
    func get(_ headers: RequestHeaders, _ principal: Principal, _ exchange: ServerExchange) {
        guard headers.namesEventStream else {
            exchange.respond(Self.notAcceptable)
            return
        }
        guard let session = streamSession(headers, principal, exchange, "GET") else { return }
        if let lastEventID = headers.lastEventID {
            resume(lastEventID, session, exchange)
            return
        }
        guard let stream = session.openStream(isGeneral: true) else {
            exchange.respond(.text(409, "Conflict: too many streams in this session"))
            return
        }
        attach(stream, session, exchange)
        session.deliverMissed()
    }

    private func attach(
        _ stream: EventStream, _ session: ClientSession, _ exchange: ServerExchange, after event: Int? = nil
    ) {
        exchange.onShutdown = { [weak exchange] in exchange?.end() }
        stream.attach(exchange, after: event)
        let detach = exchange.onDisconnect
        let shard = exchange.shard
        exchange.onDisconnect = { [weak session] in
            detach?()
            guard let session else { return }
            session.touch()
            if !session.hasGeneralStream { session.backends.setListening(false, on: shard) }
        }
        session.touch()
        session.backends.setListening(true, on: shard)
    }

    private func resume(_ lastEventID: String, _ session: ClientSession, _ exchange: ServerExchange) {
        guard let position = EventStream.parse(lastEventID), let stream = session.stream(position.stream) else {
            // What followed is gone; a fresh stream at least carries what comes.
            guard let stream = session.openStream(isGeneral: true) else {
                exchange.respond(.text(409, "Conflict: too many streams in this session"))
                return
            }
            attach(stream, session, exchange)
            session.deliverMissed()
            return
        }
        attach(stream, session, exchange, after: position.event)
    }

    func delete(_ headers: RequestHeaders, _ principal: Principal, _ exchange: ServerExchange) {
        guard let session = streamSession(headers, principal, exchange, "DELETE") else { return }
        guard sessions.remove(session.id, for: principal) != nil else {
            exchange.respond(.text(404, "session not found"))
            return
        }
        tasks.run { await session.close() }
        exchange.respond(HTTPAnswer(status: 200, contentType: nil, body: nil))
    }

    private func streamSession(
        _ headers: RequestHeaders, _ principal: Principal, _ exchange: ServerExchange, _ method: String
    ) -> ClientSession? {
        if let version = headers.protocolVersion, let revision = ProtocolRevision(rawValue: version),
            revision.era == .modern
        {
            var answer = HTTPAnswer.text(405, "Method Not Allowed")
            answer.fields.append(("Allow", "POST"))
            exchange.respond(answer)
            return nil
        }
        if let version = headers.protocolVersion, ProtocolRevision(rawValue: version) == nil {
            exchange.respond(Self.unsupportedVersion)
            return nil
        }
        guard headers.sessionID != nil else {
            exchange.respond(.text(400, "Bad Request: \(method) requires an Mcp-Session-Id header"))
            return nil
        }
        let unknown = method == "DELETE" ? "session not found" : "Session terminated"
        return session(for: headers, principal, exchange, orphan: nil, unknown: unknown)
    }

    private static let notAcceptable = HTTPAnswer(
        status: 406, contentType: "application/json",
        body: OutgoingMessage(
            ByteBuffer(
                string: #"{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"#
                    + #""message":"Not Acceptable: Client must accept text/event-stream"}}"#)))
}
