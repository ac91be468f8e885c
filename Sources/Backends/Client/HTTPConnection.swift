// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOSSL
import NIOTLS

/// One keep-alive HTTP/1.1 connection to a backend: one exchange at a time, head and body in one write.
///
/// `@unchecked Sendable`: confined to its channel's event loop.
final class HTTPConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let pool: HTTPConnectionPool
    private var context: ChannelHandlerContext?
    private var parser: HTTP1ResponseParser
    private var exchange: HTTPExchange?
    private(set) var idleSince = NIODeadline.now()
    /// Over TLS nothing is sent before the handshake is done: until then the request waits here.
    private var isSecured: Bool
    private var handshakeFailure: String?

    init(pool: HTTPConnectionPool, usesTLS: Bool) {
        self.pool = pool
        isSecured = !usesTLS
        // The exchange bounds bodies; the parser bounds heads and chunks.
        self.parser = HTTP1ResponseParser(maxBodyBytes: .max)
    }

    var answers: AnswerBudget { pool.answers }
    var isOpen: Bool { context?.channel.isActive ?? false }

    func start(_ exchange: HTTPExchange) {
        guard let context else {
            exchange.connectionEnded(.unreachable("the connection closed"))
            return
        }
        self.exchange = exchange
        exchange.connection = self
        if isSecured { context.writeAndFlush(wrapOutboundOut(exchange.request), promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event {
            isSecured = true
            if let exchange { context.writeAndFlush(wrapOutboundOut(exchange.request), promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// A handshake that does not end would keep its exchange without a word.
    func handshakeTimedOut() {
        guard !isSecured else { return }
        handshakeFailure = "timed out"
        close()
    }

    func close() {
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        pool.executor.resumingAtOnce { read(bytes, context) }
    }

    private func read(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        parser.append(bytes)
        do {
            while let part = try parser.next() {
                guard let exchange else {
                    // Bytes that nobody asked for: this peer and we no longer agree on where messages begin.
                    context.close(promise: nil)
                    return
                }
                switch part {
                case .informational: break
                case .head(let head): exchange.receive(head)
                case .body(let bytes): exchange.receive(bytes)
                case .end(let keepAlive): end(exchange, keepAlive: keepAlive)
                }
                if exchange.isAborted || (exchange.isFinished && self.exchange === exchange) {
                    // Finished before its end was read: what follows belongs to no one.
                    self.exchange = nil
                    context.close(promise: nil)
                    return
                }
            }
            // Not a whole answer yet, but already one that nobody asked for.
            if exchange == nil, !parser.isIdle { context.close(promise: nil) }
        } catch {
            let broken = exchange
            exchange = nil
            broken?.connectionEnded(.invalidResponse("HTTP: \(error)"))
            context.close(promise: nil)
        }
    }

    private func end(_ exchange: HTTPExchange, keepAlive: Bool) {
        self.exchange = nil
        exchange.connection = nil
        // What follows an answer that ended belongs to nobody; the next one must not begin with it.
        if keepAlive, parser.isIdle {
            // Whether it is still open is looked at when it is wanted.
            idleSince = .now()
            pool.release(self)
        } else {
            close()
        }
        exchange.receiveEnd()
    }

    func channelInactive(context: ChannelHandlerContext) {
        pool.remove(self)
        let broken = exchange
        exchange = nil
        if let broken {
            broken.connection = nil
            guard isSecured else {
                broken.connectionEnded(.unreachable("TLS: \(handshakeFailure ?? "the handshake was cut")"))
                context.fireChannelInactive()
                return
            }
            if let part = try? parser.connectionClosed(), case .end = part {
                broken.receiveEnd()
            } else {
                broken.connectionEnded(.connectionLost)
            }
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What the exchange learns follows from the connection's end.
        if !isSecured { handshakeFailure = "\(error)" }
        context.close(promise: nil)
    }
}
