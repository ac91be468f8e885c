// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Where a value lies, kept small for those that wait with it.
package struct JSONPlace: Sendable, Hashable {
    // Buffers count their bytes so, too.
    private let start: UInt32
    private let end: UInt32

    package init(_ range: Range<Int>) {
        start = UInt32(range.lowerBound)
        end = UInt32(range.upperBound)
    }

    package init(valueOf member: JSONMemberRange) { self.init(member.valueStart..<member.valueEnd) }

    /// Offsets from the first readable byte of the text.
    package var range: Range<Int> { Int(start)..<Int(end) }
}
