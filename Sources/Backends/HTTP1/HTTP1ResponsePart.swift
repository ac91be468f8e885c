// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// What an `HTTP1ResponseParser` hands out: any number of interim responses, a head, body parts, an end.
package enum HTTP1ResponsePart: Sendable, Hashable {
    /// An interim (1xx) response, whose header fields are checked and dropped.
    case informational(status: Int)
    case head(HTTP1ResponseHead)
    /// A non-empty piece of the body, as a slice of the bytes that arrived.
    case body(ByteBuffer)
    /// The response is complete; `keepAlive` tells whether the connection may carry another one.
    case end(keepAlive: Bool)
}
