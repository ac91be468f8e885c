// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// Requests whose head has been read and checked before the decoder.
extension ConnectionHandler {
    /// Whether the next byte can only be the first one of a request.
    var isBetweenRequests: Bool {
        guard case .idle = phase else { return false }
        return queue.isEmpty && !closesAfterAnswer && !isInputClosed && brokenBy == nil
    }

    /// A whole request.
    func serve(_ headers: RequestHeaders, body: ByteBuffer) {
        origin = nil
        answer(headers, body)
    }

    /// The head of a request whose body is on its way.
    func collect(_ headers: RequestHeaders) {
        origin = nil
        requestDeadline = .now() + limits.requestReadTimeout
        phase = .collecting(CollectedRequest(headers))
    }

    func collect(_ body: ByteBuffer) {
        if let context { take(.body(body), context) }
    }

    func collectedAll() {
        if let context { take(.end(nil), context) }
    }

    /// The rest of the body will not come.
    func collectingFailed() {
        if case .collecting = phase, let context { reject(.text(400, "Bad Request"), context) }
    }
}
