// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Steps through the members of an object that was validated before; allocates nothing.
struct JSONMemberCursor {
    private var position: Int

    /// Nil when the text is not an object.
    @inline(__always)
    init?(_ text: UnsafeRawBufferPointer) {
        guard let first = text.first, first == .openBrace else { return nil }
        position = 1
    }

    /// Continues where an earlier cursor over the same text stopped.
    init(resumingAt position: Int) {
        self.position = position
    }

    @inline(__always)
    mutating func next(in text: UnsafeRawBufferPointer) -> JSONMemberRange? {
        var cursor = text.endOfItemSeparator(from: position)
        guard cursor < text.count, text[cursor] == .quote else { return nil }
        let keyStart = cursor &+ 1
        guard let key = JSONSkip.endOfString(in: text, from: keyStart) else { return nil }
        cursor = text.endOfWhiteSpace(from: key.end &+ 1)
        guard cursor < text.count, text[cursor] == .colon else { return nil }
        let valueStart = text.endOfWhiteSpace(from: cursor &+ 1)
        guard let valueEnd = JSONSkip.endOfValue(in: text, from: valueStart) else { return nil }
        position = valueEnd
        return JSONMemberRange(
            keyStart: keyStart, keyEnd: key.end, valueStart: valueStart, valueEnd: valueEnd,
            keyIsEscaped: key.isEscaped)
    }
}

/// Steps through the elements of an array that was validated before; allocates nothing.
struct JSONElementCursor {
    private var position: Int

    /// Nil when the text is not an array.
    init?(_ text: UnsafeRawBufferPointer) {
        guard let first = text.first, first == .openBracket else { return nil }
        position = 1
    }

    init(resumingAt position: Int) {
        self.position = position
    }

    mutating func next(in text: UnsafeRawBufferPointer) -> (start: Int, end: Int)? {
        let start = text.endOfItemSeparator(from: position)
        guard let end = JSONSkip.endOfValue(in: text, from: start) else { return nil }
        position = end
        return (start, end)
    }
}

extension UnsafeRawBufferPointer {
    /// The offset after white space and at most one comma.
    @inline(__always)
    fileprivate func endOfItemSeparator(from start: Int) -> Int {
        let offset = endOfWhiteSpace(from: start)
        guard offset < count, self[offset] == .comma else { return offset }
        return endOfWhiteSpace(from: offset &+ 1)
    }
}
