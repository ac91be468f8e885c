// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// One event of a `text/event-stream` (WHATWG HTML, section 9.2).
package struct SSEEvent: Sendable, Hashable {
    /// The event type, or nil for `message`, whether the stream named that type or left it out.
    package var event: String?

    /// The data lines joined with line feeds.
    ///
    /// It is nil when the event had no data line, and empty for an empty one. Neither is a JSON-RPC message: with an
    /// `id` it is a priming event, which only tells where to resume. It usually shares the memory of the chunk that it
    /// came in, so copy what is kept for long.
    package var data: ByteBuffer?

    /// The id that this very event carried. `SSEParser.lastEventID` is the one that persists.
    package var id: String?

    /// The reconnection time in milliseconds that this very event carried.
    package var retry: Int?

    package init(event: String? = nil, data: ByteBuffer? = nil, id: String? = nil, retry: Int? = nil) {
        self.event = event
        self.data = data
        self.id = id
        self.retry = retry
    }
}
