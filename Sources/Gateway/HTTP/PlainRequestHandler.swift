// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Takes plain requests to the MCP endpoint off the wire itself, which costs a fraction of what decoding costs, and
/// leaves the connection to the decoder behind it as soon as anything else arrives.
///
/// Only between requests, and only as long as the decoder has seen nothing, is it clear where a request begins; so
/// whatever the decoder has begun, it goes on with until the connection ends.
final class PlainRequestHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private enum State {
        case betweenRequests
        /// The head was plain; so many bytes of the body have not arrived.
        case body(remaining: Int)
        case decoding
    }

    private let connection: ConnectionHandler
    private let maximumHeadBytes: Int
    private let maximumLines: Int
    private let maximumBodyBytes: Int
    private var state = State.betweenRequests
    private var known = KnownHead()
    /// A target that leads to the MCP endpoint and a host that is allowed: clients repeat theirs.
    private var knownTarget = KnownText()
    private var knownHost = KnownText()

    init(connection: ConnectionHandler) {
        self.connection = connection
        let limits = connection.environment.limits
        maximumHeadBytes = min(limits.headerBytes, 16 << 10)
        maximumLines = min(limits.headerCount, 64)
        // Longer ones concern the rules about bodies of strangers.
        maximumBodyBytes = min(limits.requestBodyBytes, ConnectionHandler.maximumStrangerBytes)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .betweenRequests: begin(unwrapInboundIn(data), context)
        case .body(let remaining): goOn(unwrapInboundIn(data), remaining, context)
        case .decoding: context.fireChannelRead(data)
        }
    }

    /// Asking for more here spares the question the way through handlers that nothing was read for.
    func channelReadComplete(context: ChannelHandlerContext) {
        if case .decoding = state {
            context.fireChannelReadComplete()
        } else {
            context.read()
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .body = state, case ChannelEvent.inputClosed = event {
            state = .decoding
            connection.collectingFailed()
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func begin(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard connection.isBetweenRequests, let request = read(bytes) else {
            decode(bytes, context)
            return
        }
        var rest = bytes
        rest.moveReaderIndex(forwardBy: request.headBytes)
        if rest.readableBytes == request.bodyBytes {
            connection.serve(request.headers, body: rest)
        } else if rest.readableBytes < request.bodyBytes {
            connection.collect(request.headers)
            goOn(rest, request.bodyBytes, context)
        } else if let body = rest.readSlice(length: request.bodyBytes) {
            connection.serve(request.headers, body: body)
            // It keeps the order of pipelined requests.
            decode(rest, context)
        }
    }

    private func goOn(_ bytes: ByteBuffer, _ remaining: Int, _ context: ChannelHandlerContext) {
        var rest = bytes
        guard let part = rest.readSlice(length: min(remaining, rest.readableBytes)) else { return }
        if part.readableBytes > 0 { connection.collect(part) }
        if part.readableBytes < remaining {
            state = .body(remaining: remaining - part.readableBytes)
            return
        }
        state = .betweenRequests
        connection.collectedAll()
        if rest.readableBytes > 0 { decode(rest, context) }
    }

    private func decode(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        state = .decoding
        context.fireChannelRead(wrapInboundOut(bytes))
    }

    /// The head of a plain request to the MCP endpoint for an allowed host, if `bytes` begin with one.
    private func read(_ bytes: ByteBuffer) -> PlainRequest? {
        bytes.withUnsafeReadableBytes { text in
            let request = known.request(text, maximumBytes: maximumHeadBytes) ?? readAnew(text)
            return request.flatMap { $0.bodyBytes <= maximumBodyBytes ? $0 : nil }
        }
    }

    /// Not inlined: what reading takes would otherwise be room that requests with a known head set aside too.
    @inline(never)
    private func readAnew(_ text: UnsafeRawBufferPointer) -> PlainRequest? {
        guard
            let head = PlainRequestHead(text, maximumBytes: maximumHeadBytes, maximumLines: maximumLines),
            let target = knownTarget.text(
                text, head.target, isGood: { connection.environment.isMCPEndpoint(requestPath(of: $0)) }),
            knownHost.text(text, head.host, isGood: { connection.environment.origins.allows(host: $0) }) != nil
        else { return nil }
        let headers = RequestHeaders(head, in: text, target: target)
        known.remember(head, headers, in: text)
        return PlainRequest(headers: headers, headBytes: head.length, bodyBytes: head.contentLength)
    }
}

/// What a plain head says, and how long it and its body are.
struct PlainRequest {
    let headers: RequestHeaders
    let headBytes: Int
    let bodyBytes: Int
}

/// The last text that was found good, so that its repetition costs a comparison.
private struct KnownText {
    private var text = ""
    private var bytes: [UInt8] = []

    mutating func text(_ source: UnsafeRawBufferPointer, _ range: Range<Int>, isGood: (String) -> Bool) -> String? {
        if range.count == bytes.count, !bytes.isEmpty {
            var isSame = true
            for offset in 0..<bytes.count where source[range.lowerBound + offset] != bytes[offset] { isSame = false }
            if isSame { return text }
        }
        let text = String(decoding: source[range], as: UTF8.self)
        guard isGood(text) else { return nil }
        self.text = text
        bytes = Array(source[range])
        return text
    }
}
