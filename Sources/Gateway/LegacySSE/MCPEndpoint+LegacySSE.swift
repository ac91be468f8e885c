// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Backends
import JSONTypes
import MCPTypes
import NIOCore

/// The HTTP+SSE transport for clients of 2024-11-05: GET opens the stream, POST says something on it.
extension MCPEndpoint {
    static let ssePath = "/sse"
    static let messagesPath = "/messages"

    /// Serves the request if it is one of this transport.
    func serveLegacySSE(
        _ headers: RequestHeaders, _ body: ByteBuffer, _ principal: Principal, _ exchange: ServerExchange
    ) -> Bool {
        guard let table = legacySSE else { return false }
        switch (requestPath(of: headers.target), headers.method) {
        case (Self.ssePath, .get): openSSE(headers, principal, exchange, table)
        case (Self.messagesPath, .post): postSSE(headers, body, principal, exchange, table)
        // Newer clients try a POST at the address of the stream first; 405 sends them to GET
        // (2025-11-25, Transports, Backwards Compatibility).
        case (Self.ssePath, _): exchange.respond(Self.only("GET"))
        case (Self.messagesPath, _): exchange.respond(Self.only("POST"))
        default: return false
        }
        return true
    }

    private static func only(_ method: String) -> HTTPAnswer {
        var answer = HTTPAnswer.text(405, "Method Not Allowed")
        answer.fields.append(("Allow", method))
        return answer
    }

    private func openSSE(
        _ headers: RequestHeaders, _ principal: Principal, _ exchange: ServerExchange, _ table: LegacySSETable
    ) {
        guard headers.acceptsEventStream else {
            exchange.respond(.text(406, "Not Acceptable: the answer is text/event-stream"))
            return
        }
        let connection = LegacySSEConnection(
            token: SessionTable.newID(), principal: principal, limits: settings.limits, dispatcher: dispatcher,
            sessions: sessions)
        guard table.insert(connection) else {
            exchange.respond(.text(503, "Too many streams"))
            return
        }
        connection.begin(
            on: exchange, endpoint: "\(settings.pathPrefix)\(Self.messagesPath)?sessionId=\(connection.token)")
        let detach = exchange.onDisconnect
        let tasks = self.tasks
        let end: @Sendable () -> Void = {
            table.remove(connection)
            tasks.run { await connection.end() }
        }
        exchange.onDisconnect = {
            detach?()
            end()
        }
        exchange.onShutdown = {
            connection.endStream()
            end()
        }
    }

    /// Ends the streams of which `isOver` is true, and their sessions.
    func endSSE(where isOver: (LegacySSEConnection) -> Bool) {
        guard let table = legacySSE else { return }
        for connection in table.all where isOver(connection) {
            table.remove(connection)
            connection.endStream()
            tasks.run { await connection.end() }
        }
    }

    private func postSSE(
        _ headers: RequestHeaders, _ body: ByteBuffer, _ principal: Principal, _ exchange: ServerExchange,
        _ table: LegacySSETable
    ) {
        guard headers.hasJSONBody else {
            exchange.respond(.text(415, "Content-Type must be 'application/json'"))
            return
        }
        guard let token = Self.sessionToken(in: headers.target) else {
            exchange.respond(.text(400, "Bad Request: sessionId is required"))
            return
        }
        guard let connection = table.connection(token, for: principal) else {
            exchange.respond(.text(404, "Session not found"))
            return
        }
        let message: MCPMessage
        do throws(MCPMessageError) {
            message = try MCPMessage(parsing: body, limits: settings.limits.json)
        } catch {
            if case .batch = error {
                exchange.respond(connection.receive(batch: body, principal, exchange.shard, forwarded(headers)))
            } else {
                exchange.respond(.error(error.requestError, id: error.id))
            }
            return
        }
        if case .modern(let requested) = EraSwitch.decide(header: nil, params: message.params, hasSession: true) {
            // This transport ended with the Legacy era.
            exchange.respond(
                .error(
                    .unsupportedVersion(requested, supported: ProtocolRevision.legacy), id: message.requestID))
            return
        }
        exchange.respond(connection.receive(message, principal, exchange.shard, forwarded(headers)))
    }

    /// The value of `sessionId` in the request target.
    private static func sessionToken(in target: String) -> String? {
        guard let mark = target.firstIndex(of: "?") else { return nil }
        for pair in target[target.index(after: mark)...].split(separator: "&") where pair.hasPrefix("sessionId=") {
            let token = pair.dropFirst("sessionId=".count)
            return token.isEmpty || token.utf8.count > 128 ? nil : String(token)
        }
        return nil
    }
}
