// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// A request whose body is on its way. A reference, so that appending to the body never copies what it has.
final class CollectedRequest {
    let headers: RequestHeaders
    private(set) var body = ByteBuffer()

    init(_ headers: RequestHeaders) { self.headers = headers }

    func append(_ bytes: ByteBuffer) {
        if body.readableBytes == 0 {
            body = bytes
        } else {
            body.writeImmutableBuffer(bytes)
        }
    }
}
