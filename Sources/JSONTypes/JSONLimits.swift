// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Bounds of one JSON text.
///
/// RFC 8259 section 9 lets an implementation limit the depth, the size of texts and the length of strings. The size of
/// the whole text is bounded by whoever reads it from the peer, so it is not repeated here.
package struct JSONLimits: Sendable, Hashable {
    /// How many containers may be open at once; `[[1]]` needs 2.
    package var depth: Int
    /// How many bytes one string or key may take between its quotes, as spelled (escapes count as written).
    package var stringBytes: Int
    /// How many values, scalars and containers together, the text may hold; keys do not count.
    package var values: Int

    package static let standard = JSONLimits()

    package init(depth: Int = 128, stringBytes: Int = 16 * 1024 * 1024, values: Int = 2_000_000) {
        self.depth = depth
        self.stringBytes = stringBytes
        self.values = values
    }
}
