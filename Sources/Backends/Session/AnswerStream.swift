// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore
import OutgoingAuth

/// The way that one call's answer takes, over as many streams as the server makes of it.
///
/// `@unchecked Sendable`: confined to its call's loop.
final class AnswerStream: Sweepable, @unchecked Sendable {
    static let maximumAttempts = 10

    let link: StreamableHTTPLink
    let call: PendingCall
    /// What the request carried; so does its continuation.
    let headers: ForwardedHeaders
    /// Whether the answer's head tells the id of a new session.
    let isHandshake: Bool
    var exchange: HTTPExchange?
    var lastEventID: String?
    var retry: Int?
    var attempts = 0
    var isResuming = false
    /// Of a 403: what its challenge demands.
    private(set) var demandedScopes: [String]?
    private var lingering = Linger()

    init(link: StreamableHTTPLink, call: PendingCall, headers: ForwardedHeaders, isHandshake: Bool) {
        self.link = link
        self.call = call
        self.headers = headers
        self.isHandshake = isHandshake
    }

    /// The answer has come.
    func linger() { lingering.begin(self, on: call.shard) }
    func stopLingering() { lingering.end(self, on: call.shard) }

    func sweep(now: NIODeadline) {
        if lingering.isOver(now) { exchange?.abort() }
    }
}

extension AnswerStream: HTTPExchangeReceiver {
    var takesEvents: Bool { true }

    func exchangeBegan(_ head: HTTP1ResponseHead) {
        if isHandshake && !isResuming { link.adoptSessionID(head) }
        if head.status == 403 { demandedScopes = DemandedScopes.of(head.headers.values("www-authenticate")) }
    }

    func exchangeReceived(_ event: SSEEvent) {
        attempts = 0
        link.receive(event, self)
    }

    func exchangeEnded(_ reply: HTTPReply) {
        if isResuming {
            link.finishedResuming(reply, self)
        } else {
            link.finished(reply, self)
        }
    }
}

extension AnswerStream: CallTransport {
    func release(_ call: PendingCall) { exchange?.abort() }

    /// Closing the connection alone is not a cancellation (2025-11-25, Transports).
    func withdraw(_ call: PendingCall) { link.withdraw(call) }
}
