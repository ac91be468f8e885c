// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore
import OutboundHTTP

/// A peer's answer on its way to the client: the same status, content type and bytes, none held back and none added.
///
/// `@unchecked Sendable`: confined to the exchange's loop, which the request's task runs on.
final class ForwardedAnswer: @unchecked Sendable {
    private enum Form {
        /// As it comes.
        case same
        /// JSON that goes out as the one event of a stream, because one had to be begun before it was there.
        case event
    }

    private let exchange: ServerExchange
    private let id: RequestID
    private let acceptsJSON: Bool
    /// Whether the peer can show on a stream that it is still there (`ServerExchange.sweep`).
    let acceptsStream: Bool
    private var form = Form.same
    /// Whether an event of the peer's has just ended, so that a word of ours does no harm.
    private var isBetweenEvents = false
    private var isStreamCopied = false
    private var waiter: CheckedContinuation<Void, Never>?

    init(_ exchange: ServerExchange, id: RequestID, headers: RequestHeaders) {
        self.exchange = exchange
        self.id = id
        acceptsJSON = headers.acceptsJSON
        acceptsStream = headers.acceptsEventStream
        let isGone = exchange.onDisconnect
        exchange.onDisconnect = { [weak self] in
            isGone?()
            self?.wake()
        }
        exchange.onSlow = nil
        // A client that has closed its side without half-closing finds out by what is written now, and so do we.
        exchange.onInputClosed = { [weak self] in self?.probe() }
    }

    private func probe() {
        if !exchange.isCopy {
            if acceptsStream { exchange.beginStream() }
        } else if isBetweenEvents {
            exchange.write(ByteBuffer(staticString: ": keep-alive\n\n"))
        }
    }

    /// What the client takes, for the peer.
    var accept: String {
        switch (acceptsJSON, acceptsStream) {
        case (true, true): "application/json, text/event-stream"
        case (false, true): "text/event-stream"
        default: "application/json"
        }
    }

    /// - Returns: whether this is an answer that can be passed on.
    func begin(_ response: StreamingResponse) -> Bool {
        let media = response.header("content-type")?.prefix { $0 != ";" }
        let isStream: Bool
        switch media {
        case "application/json": isStream = false
        case "text/event-stream" where response.status == 200: isStream = true
        default: return false
        }
        if exchange.isStreaming {
            exchange.isCopy = true
            form = isStream ? .same : .event
            if !isStream { exchange.write(ByteBuffer(staticString: "data: ")) }
        } else {
            exchange.beginCopy(status: response.status, isStream: isStream)
        }
        isStreamCopied = isStream
        isBetweenEvents = isStream
        return true
    }

    /// Takes no more until the client has taken this.
    func write(_ bytes: ByteBuffer) async {
        guard exchange.isStreaming, bytes.readableBytes > 0 else { return }
        switch form {
        case .same:
            isBetweenEvents = isStreamCopied && bytes.readableBytesView.suffix(2).elementsEqual([10, 10])
            exchange.write(bytes)
        case .event:
            // Between the tokens of JSON a line break is white space like any other, and nowhere else can there be one.
            exchange.write(ByteBuffer(bytes: bytes.readableBytesView.map { $0 == 10 || $0 == 13 ? 32 : $0 }))
        }
        while exchange.isStreaming, !exchange.isWritable {
            exchange.onWritable = { [weak self] in self?.wake() }
            await withCheckedContinuation { waiter = $0 }
        }
    }

    func end() {
        guard exchange.isStreaming else { return }
        if form == .event { exchange.write(ByteBuffer(staticString: "\n\n")) }
        exchange.end()
    }

    /// The peer has not come to the end: the client must not take what it has for the whole.
    func breakOff() { exchange.abandon() }

    /// Answers in the peer's place. Nothing of its answer has been passed on.
    func fail(_ error: RequestError, retryAfter seconds: Int? = nil) {
        if exchange.isStreaming {
            var event = ByteBuffer()
            SSEEncoder.event(data: OutgoingMessage(id: id, error: error).contiguous, into: &event)
            exchange.write(event)
            exchange.end()
            return
        }
        if let seconds { exchange.extraFields.append(("Retry-After", "\(seconds)")) }
        exchange.respond(.error(error, id: id))
    }

    private func wake() {
        let waiter = self.waiter
        self.waiter = nil
        waiter?.resume()
    }
}
