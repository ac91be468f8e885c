// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// The status line and header fields of a final response.
package struct HTTP1ResponseHead: Sendable, Hashable {
    /// The 1 of HTTP/1.1 or the 0 of HTTP/1.0.
    package let minorVersion: Int
    package let status: Int
    package let headers: HTTP1Headers
    let reasonStart: Int
    let reasonEnd: Int

    /// The reason phrase, which is often empty and never means anything (RFC 9112, section 4).
    package var reason: String {
        headers.head.withUnsafeReadableBytes { String(decoding: $0[reasonStart..<reasonEnd], as: UTF8.self) }
    }
}
