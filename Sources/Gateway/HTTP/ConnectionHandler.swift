// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import DequeModule
import Logging
import MCPTypes
import NIOCore
import NIOHTTP1

/// Sits in front of Hummingbird's codec on every connection: answers requests to the MCP endpoint itself and lets all
/// others flow on, in order even when they are pipelined.
///
/// It also owns what must hold for every request of the connection: `Host` and `Origin`, read and write deadlines, the
/// end of idle connections and the orderly close.
///
/// `@unchecked Sendable`: confined to its channel's event loop.
final class ConnectionHandler: ChannelDuplexHandler, Sweepable, @unchecked Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    enum Phase {
        case idle
        /// Reading a request that we answer.
        case collecting(CollectedRequest)
        /// A request of ours is being worked on; what arrives meanwhile waits in `queue`.
        case answering(ServerExchange)
        /// A request is Hummingbird's.
        case forwarding(isRead: Bool, isAnswered: Bool)
        /// The last answer is out; what still arrives is thrown away so that the peer can read it.
        case draining(until: NIODeadline)
    }

    let shard: Shard
    let environment: ConnectionEnvironment
    let clock: ShardClock
    let knownMeta = KnownMeta()
    let knownCall = KnownCall()
    private(set) var context: ChannelHandlerContext?
    var phase = Phase.idle
    var queue: Deque<HTTPServerRequestPart> = []
    private var isReadHeld = false
    var isInputClosed = false
    var closesAfterAnswer = false
    /// The answer to a malformed request that stands behind others.
    var brokenBy: HTTPAnswer?
    var requestDeadline: NIODeadline
    private(set) var unwritableSince: NIODeadline?
    private var forwardedBytes = 0
    /// Clients repeat their `Host`, so it is judged once.
    private var allowedHost: String?
    /// Of the page that makes the current request, if one does; it is allowed.
    var origin: String?

    /// Parts of pipelined requests that may wait; beyond it the socket is not read.
    private static let maximumQueuedParts = 64
    /// No route beside the MCP endpoint takes a body as long as this.
    private static let maximumForwardedBytes = 256 << 10
    /// A short body of someone without a token is read, so that the connection can be used again.
    static let maximumStrangerBytes = 64 << 10
    private static let drainTime = TimeAmount.seconds(1)

    init(shard: Shard, environment: ConnectionEnvironment) {
        self.shard = shard
        self.environment = environment
        clock = environment.endpoint.clock(of: shard)
        requestDeadline = .now() + environment.limits.requestReadTimeout
    }

    var limits: GatewayLimits { environment.limits }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        shard.watch(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        shard.unwatch(self)
    }

    func channelInactive(context: ChannelHandlerContext) {
        shard.unwatch(self)
        if case .answering(let exchange) = phase { exchange.connectionClosed() }
        phase = .draining(until: .now())
        queue.removeAll()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch phase {
        case .answering, .forwarding(isRead: true, isAnswered: false):
            queue.append(part)
        default:
            if queue.isEmpty {
                take(part, context)
            } else {
                queue.append(part)
            }
        }
    }

    /// What was read for us concerns nobody behind us, and neither does reading on: asking for it here spares both the
    /// way through handlers that sleep.
    func channelReadComplete(context: ChannelHandlerContext) {
        switch phase {
        case .idle, .collecting, .answering:
            if queue.count < Self.maximumQueuedParts { context.read() }
        case .forwarding, .draining:
            context.fireChannelReadComplete()
        }
    }

    func read(context: ChannelHandlerContext) {
        if queue.count >= Self.maximumQueuedParts {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        unwritableSince = context.channel.isWritable ? nil : .now()
        if case .answering(let exchange) = phase { exchange.writabilityChanged(context.channel.isWritable) }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            isInputClosed = true
            inputClosed(context)
        case is ChannelShouldQuiesceEvent:
            quiesce(context)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// The peer has sent its last byte. It may still wait for answers, or it may be gone.
    private func inputClosed(_ context: ChannelHandlerContext) {
        switch phase {
        case .idle, .collecting:
            closeGently(context)
        case .draining(until: ..<NIODeadline.distantFuture):
            context.close(promise: nil)
        case .draining: break
        case .answering(let exchange):
            exchange.inputClosed()
        case .forwarding(isRead: false, _):
            context.close(promise: nil)
        case .forwarding:
            closesAfterAnswer = true
        }
    }

    private func quiesce(_ context: ChannelHandlerContext) {
        closesAfterAnswer = true
        switch phase {
        case .idle: context.close(promise: nil)
        case .answering(let exchange): exchange.quiesce()
        case .collecting, .forwarding, .draining: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let parserError = error as? HTTPParserError else {
            context.close(promise: nil)
            return
        }
        let isOverflow = parserError == .headerOverflow
        switch phase {
        case .idle, .collecting:
            let answer: HTTPAnswer =
                isOverflow ? .text(431, "Request Header Fields Too Large") : .text(400, "Bad Request")
            reject(answer, context)
        case .answering, .forwarding:
            // What came before is answered first.
            brokenBy = isOverflow ? .text(431, "Request Header Fields Too Large") : .text(400, "Bad Request")
        case .draining:
            context.close(promise: nil)
        }
    }

    // MARK: Requests

    func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch (phase, part) {
        case (.idle, .head(let head)):
            begin(head, context)
        case (.collecting(let request), .body(let bytes)):
            guard request.body.readableBytes + bytes.readableBytes <= limits.requestBodyBytes else {
                reject(.text(413, "Request Entity Too Large"), context)
                return
            }
            request.append(bytes)
        case (.collecting(let request), .end):
            answer(request.headers, request.body)
        case (.forwarding(isRead: false, let isAnswered), .end):
            context.fireChannelRead(wrapInboundOut(part))
            context.fireChannelReadComplete()
            phase = .forwarding(isRead: true, isAnswered: isAnswered)
            if isAnswered { next(context) }
        case (.forwarding(isRead: false, _), .body(let bytes)):
            // Every route refuses a longer body; one that goes on after the answer must not be read for ever.
            forwardedBytes += bytes.readableBytes
            if forwardedBytes <= Self.maximumForwardedBytes {
                context.fireChannelRead(wrapInboundOut(part))
            } else if case .forwarding(_, isAnswered: true) = phase {
                closeGently(context)
            }
        case (.forwarding(isRead: false, _), _):
            context.fireChannelRead(wrapInboundOut(part))
        default:
            break
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        requestDeadline = .now() + limits.requestReadTimeout
        let path = requestPath(of: head.uri)
        if let refusal = environment.origins.refusal(of: head, lastAllowedHost: &allowedHost, origin: &origin),
            // Documents and endpoints for everyone say themselves which pages may read them.
            refusal != .foreignOrigin || !environment.isForAllOrigins(path)
        {
            reject(HTTPAnswer(refusal), context)
            return
        }
        guard environment.isMCPEndpoint(path) else {
            forwardedBytes = 0
            phase = .forwarding(isRead: false, isAnswered: false)
            // The router's side keeps an HTTP/1.0 connection open, which such a client does not expect.
            if !head.isKeepAlive { closesAfterAnswer = true }
            context.fireChannelRead(wrapInboundOut(.head(head)))
            return
        }
        let length = head.headers.first(name: "content-length").flatMap { Int($0) }
        if let length, length > limits.requestBodyBytes {
            reject(.text(413, "Request Entity Too Large"), context)
            return
        }
        if environment.peers == nil,
            length ?? .max > Self.maximumStrangerBytes || head.headers.contains(name: "expect"),
            let refusal = environment.endpoint.refusalOfStranger(head)
        {
            // What nobody vouches for is not kept.
            reject(refusal, context)
            return
        }
        phase = .collecting(CollectedRequest(RequestHeaders(head)))
        if let expectation = head.headers.first(name: "expect"), expectation.isHeader("100-continue") {
            writeAndFlush(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"))
        }
    }

    func answer(_ headers: RequestHeaders, _ body: ByteBuffer) {
        let exchange = ServerExchange(
            connection: self,
            keepAlive: headers.keepsAlive && !closesAfterAnswer && !(isInputClosed && queue.isEmpty),
            omitsBody: headers.wantsNoBody)
        phase = .answering(exchange)
        if let origin {
            exchange.extraFields = EndpointCORS.answerFields(origin)
            if headers.isPreflight {
                exchange.respond(
                    EndpointCORS.preflight(requested: headers.all.first(name: "access-control-request-headers")))
                return
            }
        }
        if let peers = environment.peers {
            peers.handle(headers, body: body, exchange: exchange)
            return
        }
        environment.endpoint.handle(headers, body: body, exchange: exchange)
    }

    /// Answers a request whose rest is not wanted, and ends the connection so that the rest cannot pass for a request.
    func reject(_ answer: HTTPAnswer, _ context: ChannelHandlerContext) {
        var answer = answer
        answer.closesConnection = true
        let exchange = ServerExchange(connection: self, keepAlive: false)
        phase = .answering(exchange)
        queue.removeAll()
        exchange.respond(answer)
    }

    /// The exchange has written the last byte of its answer.
    func exchangeEnded(_ exchange: ServerExchange, keepAlive: Bool) {
        guard case .answering(let current) = phase, current === exchange, let context else { return }
        if keepAlive && !closesAfterAnswer {
            next(context)
        } else {
            closeGently(context)
        }
    }

    /// Hummingbird has written the last part of its answer.
    func forwardedAnswerEnded() {
        guard case .forwarding(let isRead, _) = phase, let context else { return }
        phase = .forwarding(isRead: isRead, isAnswered: true)
        if isRead {
            next(context)
        } else if forwardedBytes > Self.maximumForwardedBytes {
            closeGently(context)
        }
    }

    private func next(_ context: ChannelHandlerContext) {
        phase = .idle
        if closesAfterAnswer {
            closeGently(context)
            return
        }
        requestDeadline = .now() + limits.idleConnectionTimeout
        drainQueue(context)
    }

    private func drainQueue(_ context: ChannelHandlerContext) {
        while let part = queue.first {
            switch phase {
            case .answering, .forwarding(isRead: true, isAnswered: false): return
            default: break
            }
            queue.removeFirst()
            take(part, context)
        }
        if isReadHeld && queue.count < Self.maximumQueuedParts {
            isReadHeld = false
            context.read()
        }
        guard case .idle = phase else { return }
        if let brokenBy {
            self.brokenBy = nil
            reject(brokenBy, context)
        } else if isInputClosed {
            closeGently(context)
        }
    }

    /// Closing a socket with unread input would reset it, and the peer could lose the answer that it has not read yet.
    private func closeGently(_ context: ChannelHandlerContext) {
        // However long the last answer takes to leave, as long as it moves; `writeTimeout` ends it otherwise.
        phase = .draining(until: .distantFuture)
        queue.removeAll()
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in
            guard case .draining = self.phase, let context = self.context else { return }
            if self.isInputClosed {
                context.close(promise: nil)
            } else {
                self.phase = .draining(until: .now() + Self.drainTime)
            }
        }
        if isInputClosed {
            // With its input closed, closing the output too would drop what waits; so that goes first.
            context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: promise)
        } else {
            context.close(mode: .output, promise: promise)
        }
        if isReadHeld {
            isReadHeld = false
            context.read()
        }
    }
}
