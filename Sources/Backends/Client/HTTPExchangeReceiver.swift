// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes

/// Whoever wants the answer of an exchange. Called on the exchange's loop.
protocol HTTPExchangeReceiver: AnyObject {
    /// Whether an event stream is an answer that can be understood.
    var takesEvents: Bool { get }

    func exchangeBegan(_ head: HTTP1ResponseHead)

    /// One event of an event stream.
    func exchangeReceived(_ event: SSEEvent)

    /// Called exactly once, at the end.
    func exchangeEnded(_ reply: HTTPReply)
}

/// A receiver of closures, for exchanges that are rare enough.
final class ClosureReceiver: HTTPExchangeReceiver {
    private let onHead: ((HTTP1ResponseHead) -> Void)?
    private let onEvent: ((SSEEvent) -> Void)?
    private let completion: (HTTPReply) -> Void

    init(
        onHead: ((HTTP1ResponseHead) -> Void)?, onEvent: ((SSEEvent) -> Void)?,
        completion: @escaping (HTTPReply) -> Void
    ) {
        self.onHead = onHead
        self.onEvent = onEvent
        self.completion = completion
    }

    var takesEvents: Bool { onEvent != nil }
    func exchangeBegan(_ head: HTTP1ResponseHead) { onHead?(head) }
    func exchangeReceived(_ event: SSEEvent) { onEvent?(event) }
    func exchangeEnded(_ reply: HTTPReply) { completion(reply) }
}
