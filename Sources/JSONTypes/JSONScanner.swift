// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Validates one JSON text in one pass, without recursion and without allocating.
///
/// Reads stay inside `text`: each read of a byte is preceded by a comparison with its end, and a word is only read
/// where eight bytes are left.
struct JSONScanner {
    let text: UnsafeRawBufferPointer
    let limits: JSONLimits
    var position = 0

    init(_ text: UnsafeRawBufferPointer, limits: JSONLimits) {
        self.text = text
        self.limits = limits
    }

    /// Scans the whole text and calls `member` for each member of a top-level object, in order.
    ///
    /// - Returns: where the value starts and ends inside the white space around it.
    @inline(__always)
    mutating func scan(member: (JSONMemberRange) -> Void) throws(JSONError) -> (start: Int, end: Int) {
        skipWhiteSpace()
        let start = position
        try scanValue(member: member)
        let end = position
        skipWhiteSpace()
        guard position == text.count else { throw failure(.trailingBytes, at: position) }
        return (start, end)
    }

    /// Scans the one value that begins at `position`, and stops behind it, whatever follows.
    @inline(__always)
    mutating func scanValue(member: (JSONMemberRange) -> Void) throws(JSONError) {
        var nesting = JSONNesting()
        var values = 0
        var topLevel = JSONMemberRange()

        value: while true {
            values &+= 1
            if values > limits.values { throw failure(.tooManyValues(limit: limits.values), at: position) }
            guard position < text.count else { throw failure(.unexpectedEnd, at: position) }
            let byte = text[position]
            switch byte {
            case .quote:
                position &+= 1
                _ = try scanString()
            case .openBrace:
                try open(&nesting, isObject: true)
                if try !closes(with: .closeBrace) {
                    try scanKey(into: &topLevel, isTopLevel: nesting.depth == 1)
                    continue value
                }
                nesting.pop()
            case .openBracket:
                try open(&nesting, isObject: false)
                if try !closes(with: .closeBracket) { continue value }
                nesting.pop()
            case .minus, .zero ... .nine:
                try scanNumber()
            default:
                try scanLiteral(first: byte)
            }

            while nesting.depth > 0 {
                let isObject = nesting.isObject
                if isObject, nesting.depth == 1 {
                    topLevel.valueEnd = position
                    member(topLevel)
                }
                skipWhiteSpace()
                guard position < text.count else { throw failure(.unexpectedEnd, at: position) }
                let separator = text[position]
                if separator == .comma {
                    position &+= 1
                    skipWhiteSpace()
                    if isObject { try scanKey(into: &topLevel, isTopLevel: nesting.depth == 1) }
                    continue value
                }
                guard separator == (isObject ? .closeBrace : .closeBracket) else {
                    throw failure(.unexpectedByte(separator), at: position)
                }
                position &+= 1
                nesting.pop()
            }
            break
        }
    }

    @inline(__always)
    func failure(_ reason: JSONError.Reason, at offset: Int) -> JSONError {
        JSONError(reason: reason, offset: offset)
    }

    @inline(__always)
    private mutating func skipWhiteSpace() {
        position = text.endOfWhiteSpace(from: position)
    }

    @inline(__always)
    private mutating func open(_ nesting: inout JSONNesting, isObject: Bool) throws(JSONError) {
        guard nesting.depth < limits.depth else { throw failure(.tooDeep(limit: limits.depth), at: position) }
        nesting.push(isObject: isObject)
        position &+= 1
    }

    /// Whether the container that was just opened is empty; consumes its end if so.
    @inline(__always)
    private mutating func closes(with byte: UInt8) throws(JSONError) -> Bool {
        skipWhiteSpace()
        guard position < text.count else { throw failure(.unexpectedEnd, at: position) }
        guard text[position] == byte else { return false }
        position &+= 1
        return true
    }

    @inline(__always)
    private mutating func scanKey(into range: inout JSONMemberRange, isTopLevel: Bool) throws(JSONError) {
        guard position < text.count else { throw failure(.unexpectedEnd, at: position) }
        guard text[position] == .quote else { throw failure(.unexpectedByte(text[position]), at: position) }
        position &+= 1
        let keyStart = position
        let isEscaped = try scanString()
        let keyEnd = position &- 1
        skipWhiteSpace()
        guard position < text.count else { throw failure(.unexpectedEnd, at: position) }
        guard text[position] == .colon else { throw failure(.unexpectedByte(text[position]), at: position) }
        position &+= 1
        skipWhiteSpace()
        guard isTopLevel else { return }
        range = JSONMemberRange(
            keyStart: keyStart, keyEnd: keyEnd, valueStart: position, valueEnd: position, keyIsEscaped: isEscaped)
    }
}
