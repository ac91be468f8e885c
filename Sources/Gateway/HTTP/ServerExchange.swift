// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import JSONTypes
import MCPTypes
import NIOCore

/// Whoever can tell a client something while its answer is not there. Called on the exchange's loop.
protocol SlowAnswer: AnyObject {
    func answerIsSlow()
}

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
    /// Of the connection.
    let knownMeta: KnownMeta
    let knownCall: KnownCall
    /// Let go when the answer has ended; until then the connection and its exchange hold each other. Not `weak`, because
    /// weakly referenced objects pay for it with every retain.
    private var connection: ConnectionHandler?
    private let keepAlive: Bool
    /// An answer to `HEAD` has no body (RFC 9110 §9.3.2).
    private let omitsBody: Bool
    private var state = State.waiting
    /// When the request was complete or, of a stream, when something was written last.
    private var lastWrite = NIODeadline.now()

    /// Called once, when the connection is gone before the answer ended.
    var onDisconnect: (() -> Void)?
    /// Called when the peer has stopped sending, or when the process shuts down, while a stream is open.
    var onShutdown: (() -> Void)?
    /// Called when the peer has stopped sending and nothing has been answered yet, or not by us.
    var onInputClosed: (() -> Void)?
    /// Called when nothing has been answered for so long that proxies and people wonder.
    var onSlow: (any SlowAnswer)?
    /// What is written is somebody else's, into which nothing may be put.
    var isCopy = false
    /// Header fields that the answer gets whatever it is.
    var extraFields: [(StaticString, String)] = []

    init(connection: ConnectionHandler, keepAlive: Bool, omitsBody: Bool = false) {
        self.connection = connection
        shard = connection.shard
        knownMeta = connection.knownMeta
        knownCall = connection.knownCall
        self.keepAlive = keepAlive
        self.omitsBody = omitsBody
    }

    var isEnded: Bool { if case .ended = state { true } else { false } }
    var isStreaming: Bool { if case .streaming = state { true } else { false } }

    /// Answers whole. Does nothing when the connection is gone.
    func respond(_ answer: HTTPAnswer) {
        shard.eventLoop.assertInEventLoop()
        guard case .waiting = state, let connection else { return }
        let staysOpen = keepAlive && !answer.closesConnection
        state = .ended
        var head = ByteBufferAllocator().buffer(capacity: 256 + (answer.body?.writtenBytes ?? 0))
        writeHead(
            &head, status: answer.status, contentType: answer.contentType, fields: answer.fields, staysOpen: staysOpen)
        head.writeStaticString("Content-Length: ")
        send(head, length: answer.body?.count ?? 0, omitsBody ? nil : answer.body, to: connection)
        finish(staysOpen: staysOpen)
    }

    /// Answers a request that went well: the bytes of `respond(.json(result))`, with a head that is made once a second.
    func respond(result: OutgoingMessage) {
        shard.eventLoop.assertInEventLoop()
        guard case .waiting = state, let connection else { return }
        guard keepAlive, !omitsBody, extraFields.isEmpty else {
            respond(.json(result))
            return
        }
        state = .ended
        let start = connection.clock.resultHead
        var head = ByteBufferAllocator().buffer(
            capacity: start.readableBytes + Self.lengthBytes + result.writtenBytes)
        head.writeImmutableBuffer(start)
        send(head, length: result.count, result, to: connection)
        finish(staysOpen: true)
    }

    /// The body's length, the end of the head, and the body.
    private func send(
        _ head: consuming ByteBuffer, length: Int, _ body: OutgoingMessage?, to connection: ConnectionHandler
    ) {
        var beside: (payload: ByteBuffer, end: ByteBuffer)?
        head.writePieces(capacity: Self.lengthBytes + (body?.writtenBytes ?? 0)) { writer in
            writer.write(length)
            writer.write("\r\n\r\n" as StaticString)
            beside = body?.write(to: &writer)
        }
        if let beside {
            connection.write(head)
            connection.write(beside.payload)
            connection.writeAndFlush(beside.end)
        } else {
            connection.writeAndFlush(head)
        }
    }

    /// At most, with the end of the head.
    private static let lengthBytes = 24

    /// Answers with an event stream that `write` and `end` continue.
    func beginStream() { begin(status: 200, isStream: true) }

    /// Answers with what somebody else answers; `write` and `end` continue it.
    func beginCopy(status: Int, isStream: Bool) {
        guard case .waiting = state, connection != nil else { return }
        isCopy = true
        begin(status: status, isStream: isStream)
    }

    private func begin(status: Int, isStream: Bool) {
        shard.eventLoop.assertInEventLoop()
        guard case .waiting = state, let connection else { return }
        state = .streaming
        var head = ByteBuffer()
        writeHead(
            &head, status: status, contentType: isStream ? "text/event-stream" : "application/json",
            fields: isStream ? [("Cache-Control", "no-cache, no-transform"), ("X-Accel-Buffering", "no")] : [],
            staysOpen: keepAlive)
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

    /// Drops the connection: the client does not read, or it is not worth a word. What hangs on it ends as when the
    /// client itself had gone.
    func abandon() {
        shard.eventLoop.assertInEventLoop()
        guard !isEnded else { return }
        state = .ended
        let onDisconnect = self.onDisconnect
        letGo()?.close()
        onDisconnect?()
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
        onInputClosed = nil
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
        head.writeString(connection?.clock.text ?? "")
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
        if isStreaming && !isCopy { write(Self.keepAliveComment) } else { onInputClosed?() }
    }

    func quiesce() { onShutdown?() }

    func sweep(now: NIODeadline) {
        guard let interval = connection?.environment.limits.keepAliveInterval else { return }
        switch state {
        case .streaming:
            if !isCopy, now - lastWrite > interval { write(Self.keepAliveComment) }
        case .waiting:
            if now - lastWrite > .nanoseconds(interval.nanoseconds / 2), let onSlow {
                self.onSlow = nil
                onSlow.answerIsSlow()
            }
        case .ended: break
        }
    }

    private static let keepAliveComment = ByteBuffer(staticString: ": keep-alive\n\n")
}
