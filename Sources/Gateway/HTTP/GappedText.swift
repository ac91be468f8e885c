// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// A text that is known but for some parts, which differ from one time to the next.
struct GappedText<Gap> {
    /// All of the text but its gaps, and where in it they are.
    private let text: [UInt8]
    private let gaps: [(place: Int, gap: Gap)]

    /// - Parameter parts: what becomes a gap; none overlaps another.
    init(_ whole: UnsafeRawBufferPointer, without parts: [(range: Range<Int>, gap: Gap)]) {
        var text: [UInt8] = []
        var gaps: [(place: Int, gap: Gap)] = []
        var position = 0
        for (range, gap) in parts.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            text += whole[position..<range.lowerBound]
            gaps.append((text.count, gap))
            position = range.upperBound
        }
        text += whole[position...]
        self.text = text
        self.gaps = gaps
    }

    var count: Int { text.count }

    /// Whether `other` begins with this text.
    ///
    /// - Parameter fill: returns where that ends which stands in a gap from a position on, and `nil` where it does not
    ///   fit.
    /// - Returns: where the text ends; `nil` when `other` begins with something else.
    @inline(__always)
    func end(
        in other: UnsafeRawBufferPointer, _ fill: (_ gap: Gap, _ start: Int) -> Int?
    ) -> Int? {
        text.withUnsafeBytes { known in
            var position = 0
            var place = 0
            for (end, gap) in gaps {
                guard other.continues(with: known[place..<end], at: &position),
                    let next = fill(gap, position)
                else { return nil }
                place = end
                position = next
            }
            return other.continues(with: known[place...], at: &position) ? position : nil
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether `expected` comes next; `position` is moved behind it then.
    fileprivate func continues(with expected: Slice<UnsafeRawBufferPointer>, at position: inout Int) -> Bool {
        guard expected.count <= count - position,
            matches(UnsafeRawBufferPointer(rebasing: expected), at: position)
        else { return false }
        position += expected.count
        return true
    }
}
