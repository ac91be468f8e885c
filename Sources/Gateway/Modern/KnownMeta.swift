// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore

/// The last `_meta` of a connection that was found good. Every Modern request repeats who its client is and what it can
/// do (2026-07-28, Base Protocol, `_meta`), so most say the same byte for byte.
///
/// Confined to its connection's event loop.
final class KnownMeta {
    private var last: (text: JSONSlice, meta: ModernMeta)?

    /// What is kept with a connection; few say more.
    private static let maximumBytes = 4 << 10

    /// What `slice` says.
    ///
    /// - Throws: what `ModernMeta` throws.
    func meta(_ slice: JSONSlice?) throws(RequestError) -> ModernMeta {
        guard let slice else { return try ModernMeta(nil) }
        if let last, slice == last.text { return last.meta }
        let size = slice.bytes.readableBytes
        guard size <= Self.maximumBytes else { return try ModernMeta(slice) }
        // In memory of its own: the slice is a part of the request.
        var bytes = ByteBuffer()
        bytes.reserveCapacity(size)
        bytes.writeImmutableBuffer(slice.bytes)
        let copy = JSONSlice(trusted: bytes)
        let meta = try ModernMeta(copy)
        last = (copy, meta)
        return meta
    }
}
