// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import MCPTypes
import NIOCore

/// One request of a client and the way its answer takes: whole, or as an event stream.
///
/// `@unchecked Sendable`: confined to the connection's event loop, which `shard` names; every method asserts it.
final class ServerExchange: @unchecked Sendable {
    private enum State {
        case waiting
        case streaming
        case ended
    }

    let shard: Shard
    /// Let go when the answer has ended; until then the connection and its exchange hold each other. Not `weak`, because
    /// weakly referenced objects pay for it with every retain.
    private var connection: ConnectionHandler?
    private let keepAlive: Bool
    /// An answer to `HEAD` has no body (RFC 9110 §9.3.2).
    private let omitsBody: Bool
    private let limits: GatewayLimits
    private var state = State.waiting
    private var lastWrite = NIODeadline.now()
    private let started = NIODeadline.now()

    /// Called once, when the connection is gone before the answer ended.
    var onDisconnect: (() -> Void)?
    /// Called when the peer has stopped sending, or when the process shuts down, while a stream is open.
    var onShutdown: (() -> Void)?
    /// Called when nothing has been answered for so long that proxies and people wonder.
    var onSlow: (() -> Void)?
    /// Header fields that the answer gets whatever it is.
    var extraFields: [(StaticString, String)] = []

    init(
        connection: ConnectionHandler, shard: Shard, keepAlive: Bool, omitsBody: Bool = false, limits: GatewayLimits
    ) {
        self.connection = connection
        self.shard = shard
        self.keepAlive = keepAlive
        self.omitsBody = omitsBody
        self.limits = limits
    }

    var isEnded: Bool { if case .ended = state { true } else { false } }
    var isStreaming: Bool { if case .streaming = state { true } else { false } }

    /// Answers whole. Does nothing when the connection is gone.
    func respond(_ answer: HTTPAnswer) {
        shard.eventLoop.assertInEventLoop()
        guard case .waiting = state, let connection else { return }
        let staysOpen = keepAlive && !answer.closesConnection
        state = .ended
        var head = ByteBufferAllocator().buffer(capacity: 256 + (answer.body?.head.readableBytes ?? 0))
        writeHead(
            &head, status: answer.status, contentType: answer.contentType, fields: answer.fields, staysOpen: staysOpen)
        head.writeStaticString("Content-Length: ")
        head.writeInteger(asText: answer.body?.count ?? 0)
        head.writeStaticString("\r\n\r\n")
        if let body = answer.body, !omitsBody {
            head.writeImmutableBuffer(body.head)
            if let payload = body.payload, let tail = body.tail {
                connection.write(head)
                connection.write(payload)
                connection.writeAndFlush(tail)
            } else {
                connection.writeAndFlush(head)
            }
        } else {
            connection.writeAndFlush(head)
        }
        finish(staysOpen: staysOpen)
    }

    /// Answers with an event stream that `write` and `end` continue.
    func beginStream() {
        shard.eventLoop.assertInEventLoop()
        guard case .waiting = state, let connection else { return }
        state = .streaming
        var head = ByteBuffer()
        writeHead(
            &head, status: 200, contentType: "text/event-stream",
            fields: [("Cache-Control", "no-cache, no-transform"), ("X-Accel-Buffering", "no")], staysOpen: keepAlive)
        head.writeStaticString("Transfer-Encoding: chunked\r\n\r\n")
        lastWrite = .now()
        connection.writeAndFlush(head)
    }

    func write(_ bytes: ByteBuffer) {
        shard.eventLoop.assertInEventLoop()
        guard case .streaming = state, let connection else { return }
        lastWrite = .now()
        var chunk = ByteBufferAllocator().buffer(capacity: bytes.readableBytes + 20)
        chunk.writeString(String(bytes.readableBytes, radix: 16))
        chunk.writeStaticString("\r\n")
        chunk.writeImmutableBuffer(bytes)
        chunk.writeStaticString("\r\n")
        connection.writeAndFlush(chunk)
    }

    /// Ends the stream; an exchange that has not answered at all is answered with `202`.
    func end() {
        shard.eventLoop.assertInEventLoop()
        switch state {
        case .streaming:
            state = .ended
            connection?.writeAndFlush(ByteBuffer(staticString: "0\r\n\r\n"))
            finish(staysOpen: keepAlive)
        case .waiting:
            respond(.accepted)
        case .ended: break
        }
    }

    /// Drops the connection: the client does not read, or it is not worth a word.
    func abandon() {
        shard.eventLoop.assertInEventLoop()
        state = .ended
        letGo()?.close()
    }

    private func finish(staysOpen: Bool) {
        let connection = letGo()
        connection?.exchangeEnded(self, keepAlive: staysOpen)
    }

    /// Breaks every cycle that this exchange is part of.
    private func letGo() -> ConnectionHandler? {
        defer { connection = nil }
        onDisconnect = nil
        onShutdown = nil
        onSlow = nil
        onWritable = nil
        return connection
    }

    private func writeHead(
        _ head: inout ByteBuffer, status: Int, contentType: StaticString?, fields: [(StaticString, String)],
        staysOpen: Bool
    ) {
        head.writeStaticString("HTTP/1.1 ")
        head.writeStaticString(HTTPAnswer.reason(status))
        head.writeStaticString("\r\nDate: ")
        head.writeString(connection?.environment.endpoint.clock(of: shard).text ?? "")
        if let contentType {
            head.writeStaticString("\r\nContent-Type: ")
            head.writeStaticString(contentType)
        }
        for (name, value) in extraFields.isEmpty ? fields : fields + extraFields {
            head.writeStaticString("\r\n")
            head.writeStaticString(name)
            head.writeStaticString(": ")
            head.writeString(value)
        }
        head.writeStaticString(staysOpen ? "\r\n" : "\r\nConnection: close\r\n")
    }

    // MARK: Events of the connection

    var isWritable: Bool { connection?.isWritable ?? false }
    var onWritable: (() -> Void)?

    func writabilityChanged(_ isWritable: Bool) {
        if isWritable { onWritable?() }
    }

    func connectionClosed() {
        guard !isEnded else { return }
        state = .ended
        let onDisconnect = self.onDisconnect
        _ = letGo()
        onDisconnect?()
    }

    /// A half-closed client may still wait for its answer; writing tells, because a gone one resets the connection.
    func inputClosed() {
        if isStreaming { write(Self.keepAliveComment) }
    }

    func quiesce() { onShutdown?() }

    func sweep(now: NIODeadline) {
        switch state {
        case .streaming:
            if now - lastWrite > limits.keepAliveInterval { write(Self.keepAliveComment) }
        case .waiting:
            if now - started > .nanoseconds(limits.keepAliveInterval.nanoseconds / 2), let onSlow {
                self.onSlow = nil
                onSlow()
            }
        case .ended: break
        }
    }

    private static let keepAliveComment = ByteBuffer(staticString: ": keep-alive\n\n")
}
