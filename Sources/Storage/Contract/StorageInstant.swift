// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// A moment as every store keeps it: whole milliseconds since 1970.
///
/// Rounded to the nearest, so that a moment that was read and is written again stays the same.
package struct StorageInstant: Hashable, Comparable, Sendable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// A date beyond the range is taken for its end; one that is not a number for the distant past, which is expired.
    package init(_ date: Date) {
        let bound = 9_007_199_254_740_992.0  // 2^53: each whole number up to it is a Double.
        let value = (date.timeIntervalSince1970 * 1000).rounded()
        milliseconds = value.isNaN ? -Int64(bound) : Int64(min(max(value, -bound), bound))
    }

    package var date: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }

    package static func < (left: StorageInstant, right: StorageInstant) -> Bool {
        left.milliseconds < right.milliseconds
    }
}
