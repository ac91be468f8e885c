// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Bounds of one HTTP/1.1 response.
package struct HTTP1ResponseLimits: Sendable, Hashable {
    /// Bytes of one head: status line, field lines and the empty line.
    package var headBytes: Int

    /// Field lines of one head, and of one trailer section.
    package var fields: Int

    /// Bytes of a chunk-size line with its extensions.
    package var chunkLineBytes: Int

    /// Bytes of a trailer section.
    package var trailerBytes: Int

    /// Interim (1xx) responses before the final one.
    package var informationalResponses: Int

    /// Bytes of body content, chunk framing not counted.
    package var bodyBytes: Int

    package init(
        bodyBytes: Int, headBytes: Int = 64 << 10, fields: Int = 200, chunkLineBytes: Int = 4 << 10,
        trailerBytes: Int = 16 << 10, informationalResponses: Int = 16
    ) {
        self.headBytes = headBytes
        self.fields = fields
        self.chunkLineBytes = chunkLineBytes
        self.trailerBytes = trailerBytes
        self.informationalResponses = informationalResponses
        self.bodyBytes = bodyBytes
    }
}
