// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore

/// What became of one request to a backend.
enum HTTPReply: Sendable {
    /// A complete answer: any status, body collected within the limits.
    case answer(status: Int, mediaType: String, body: ByteBuffer)
    /// The answer was an event stream; every event has been handed to the exchange's owner, and the stream has ended.
    case streamEnded(status: Int, failure: TransportFailure?)
    case failed(TransportFailure)
}

/// Why a request got no complete answer, and with that whether it may have run.
enum TransportFailure: Error, Sendable, Hashable {
    /// Nothing was sent: no connection could be made.
    case unreachable(String)
    /// The request was sent and the connection ended without a complete answer.
    case connectionLost
    /// The answer was not valid HTTP, or larger than allowed.
    case invalidResponse(String)
    /// The answer was one too many of those that are large.
    case noRoom
    /// We ended it ourselves.
    case aborted
}

/// One HTTP request to a backend and the way its answer takes.
///
/// `@unchecked Sendable`: confined to the event loop of the pool that runs it, which asserts it.
final class HTTPExchange: @unchecked Sendable {
    enum BodyMode {
        case undecided, collecting, events, discarding
    }

    let request: ByteBuffer
    let limits: HTTPLimits
    /// Until it has been told of the end.
    private var receiver: (any HTTPExchangeReceiver)?

    /// Set while the exchange is on a connection; both let go of each other at its end.
    var connection: HTTPConnection?
    private(set) var isFinished = false
    private(set) var isAborted = false

    private var mode = BodyMode.undecided
    private var status = 0
    private var mediaType = ""
    private var body = ByteBuffer()
    private var events: SSEParser?
    private var share: BudgetShare?

    init(request: ByteBuffer, limits: HTTPLimits, receiver: any HTTPExchangeReceiver) {
        self.request = request
        self.limits = limits
        self.receiver = receiver
    }

    /// - Parameters:
    ///   - onEvent: receives the events of an event stream; without it a stream is an invalid response.
    ///   - completion: called exactly once.
    convenience init(
        request: ByteBuffer, limits: HTTPLimits, onHead: ((HTTP1ResponseHead) -> Void)? = nil,
        onEvent: ((SSEEvent) -> Void)? = nil, completion: @escaping (HTTPReply) -> Void
    ) {
        self.init(
            request: request, limits: limits,
            receiver: ClosureReceiver(onHead: onHead, onEvent: onEvent, completion: completion))
    }

    /// Ends the exchange from our side; its connection is closed, because its answer may still be on the way.
    func abort() {
        guard !isFinished else { return }
        isAborted = true
        let connection = self.connection
        self.connection = nil
        finish(.failed(.aborted))
        connection?.close()
    }

    func receive(_ head: HTTP1ResponseHead) {
        status = head.status
        mediaType = head.headers.contentType ?? ""
        receiver?.exchangeBegan(head)
        if (200..<300).contains(status), mediaType == "text/event-stream" {
            if receiver?.takesEvents != true {
                fail(.invalidResponse("an event stream where none was asked for"))
            } else {
                mode = .events
                events = SSEParser(
                    limits: SSELimits(maxEventBytes: limits.eventBytes, maxLineBytes: limits.eventBytes))
            }
        } else {
            mode = .collecting
        }
    }

    func receive(_ bytes: ByteBuffer) {
        switch mode {
        case .collecting:
            let limit = (200..<300).contains(status) ? limits.responseBytes : HTTPLimits.errorBodyBytes
            if body.readableBytes + bytes.readableBytes > limit {
                if (200..<300).contains(status) {
                    fail(.invalidResponse("the answer is larger than \(limit) bytes"))
                } else {
                    mode = .discarding
                }
            } else if !hasRoom(for: body.readableBytes + bytes.readableBytes) {
                fail(.noRoom)
            } else if body.readableBytes == 0 {
                body = bytes
            } else {
                body.writeImmutableBuffer(bytes)
            }
        case .events:
            events?.append(bytes)
            do {
                while !isFinished, let event = try events?.next() { receiver?.exchangeReceived(event) }
                if !isFinished, !hasRoom(for: events?.unfinishedBytes ?? 0) { fail(.noRoom) }
            } catch {
                fail(.invalidResponse("event stream: \(error)"))
            }
        case .undecided, .discarding:
            break
        }
    }

    private func hasRoom(for size: Int) -> Bool {
        if size <= AnswerBudget.uncountedBytes, share == nil { return true }
        guard var share = share ?? connection.map({ BudgetShare(of: $0.answers) }) else { return true }
        defer { self.share = share }
        return share.cover(size)
    }

    /// The message is complete.
    func receiveEnd() {
        switch mode {
        case .events: finish(.streamEnded(status: status, failure: nil))
        case .undecided, .collecting, .discarding:
            finish(.answer(status: status, mediaType: mediaType, body: body))
        }
    }

    /// The connection broke; a stream that had begun counts as ended, so that its owner can resume it.
    func connectionEnded(_ failure: TransportFailure) {
        connection = nil
        if mode == .events, case .connectionLost = failure {
            finish(.streamEnded(status: status, failure: failure))
        } else {
            finish(.failed(failure))
        }
    }

    private func fail(_ failure: TransportFailure) {
        let connection = self.connection
        self.connection = nil
        finish(.failed(failure))
        connection?.close()
    }

    private func finish(_ reply: HTTPReply) {
        guard !isFinished else { return }
        isFinished = true
        let receiver = self.receiver
        // Whoever waits for the reply may hold this exchange.
        self.receiver = nil
        receiver?.exchangeEnded(reply)
        // By now the answer is on its way to whom it is for.
        share?.giveBack()
        share = nil
    }
}

/// Bounds of what a backend may send.
package struct HTTPLimits: Sendable, Hashable {
    /// One answer's body.
    package var responseBytes: Int
    /// One event of a stream.
    package var eventBytes: Int

    /// Kept of the body of an error status; more says nothing.
    static let errorBodyBytes = 64 * 1024

    package init(responseBytes: Int = 100 << 20, eventBytes: Int = 16 << 20) {
        self.responseBytes = responseBytes
        self.eventBytes = eventBytes
    }
}
