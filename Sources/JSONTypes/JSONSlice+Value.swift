// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

extension JSONSlice {
    /// The decoded tree; key order, repeated keys and the spelling of numbers are kept.
    package var value: JSONValue {
        bytes.withUnsafeReadableBytes { text in
            var decoder = JSONTreeDecoder(text: text)
            return decoder.decode()
        }
    }
}

/// Decodes text that was validated before, without recursion.
private struct JSONTreeDecoder {
    let text: UnsafeRawBufferPointer
    private var position = 0
    private var open: [Container] = []

    private struct Container {
        let isObject: Bool
        var key = ""
        var object = JSONObject()
        var array: [JSONValue] = []

        var value: JSONValue { isObject ? .object(object) : .array(array) }

        mutating func add(_ value: JSONValue) {
            if isObject {
                object.append(key, value)
            } else {
                array.append(value)
            }
        }
    }

    init(text: UnsafeRawBufferPointer) {
        self.text = text
    }

    mutating func decode() -> JSONValue {
        while true {
            var finished = openOrScalar()
            while true {
                if let value = finished {
                    guard !open.isEmpty else { return value }
                    open[open.count - 1].add(value)
                }
                if advanceToItem() { break }
                guard let container = open.popLast() else { return .null }
                finished = container.value
            }
        }
    }

    /// Opens the container at the position and returns nil, or consumes the scalar there.
    private mutating func openOrScalar() -> JSONValue? {
        let start = position
        guard start < text.count, let end = JSONSkip.endOfScalarOrOpening(in: text, from: start) else {
            position = text.count
            return .null
        }
        position = end
        switch JSONSlice.Kind(first: text[start]) {
        case .object:
            open.append(Container(isObject: true))
            return nil
        case .array:
            open.append(Container(isObject: false))
            return nil
        case .string:
            let content = text.slice(start + 1, end - 1)
            return .string(JSONEscapes.string(content, isEscaped: content.contains(.backslash)))
        case .number:
            return .number(JSONNumber(trusted: String(decoding: text.slice(start, end), as: UTF8.self)))
        case .boolean:
            return .bool(text[start] == 0x74)
        case .null:
            return .null
        }
    }

    /// Moves to the next value of the innermost container, past its key; false, and past the end of it, without one.
    private mutating func advanceToItem() -> Bool {
        guard let container = open.last else { return false }
        position = text.endOfWhiteSpace(from: position)
        if position < text.count, text[position] == .comma {
            position = text.endOfWhiteSpace(from: position + 1)
        }
        guard position < text.count, text[position] != .closeBrace, text[position] != .closeBracket else {
            position = min(position + 1, text.count)
            return false
        }
        guard container.isObject else { return true }
        guard text[position] == .quote, let key = JSONSkip.endOfString(in: text, from: position + 1) else {
            position = text.count
            return false
        }
        open[open.count - 1].key = JSONEscapes.string(text.slice(position + 1, key.end), isEscaped: key.isEscaped)
        position = text.endOfWhiteSpace(from: key.end + 1)
        if position < text.count, text[position] == .colon {
            position = text.endOfWhiteSpace(from: position + 1)
        }
        return true
    }
}

extension JSONSkip {
    /// The offset after the scalar at `start`, or after the bracket that opens a container there.
    fileprivate static func endOfScalarOrOpening(in text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        switch text[start] {
        case .openBrace, .openBracket: start + 1
        default: endOfValue(in: text, from: start)
        }
    }
}
