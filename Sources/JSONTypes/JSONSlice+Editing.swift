// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// A change of one member of an object.
package struct JSONEdit: Sendable, Hashable {
    /// The unescaped key.
    package let key: String
    /// The new value; nil removes the member.
    package let value: JSONSlice?

    package init(key: String, value: JSONSlice?) {
        self.key = key
        self.value = value
    }
}

extension JSONSlice {
    /// A copy with members replaced, removed or appended; every other byte, white space included, stays as it was.
    ///
    /// A key that the object repeats is replaced or removed each time, so that no reader can find the old value. If
    /// several edits name one key, the last one counts. Members that are missing are appended in the order
    /// of the edits, unless `appendMissing` is false. A slice that is not an object, or that no edit changes,
    /// is returned as it is.
    package func editing(_ edits: [JSONEdit], appendMissing: Bool = true) -> JSONSlice {
        guard kind == .object, !edits.isEmpty else { return self }
        let edited = bytes.withUnsafeReadableBytes { text in
            withUnsafeTemporaryAllocation(of: Bool.self, capacity: edits.count) { applied in
                applied.initialize(repeating: false)
                var editor = JSONEditor(text: text, edits: edits, applied: applied)
                return editor.edit(appendMissing: appendMissing)
            }
        }
        return edited.map { JSONSlice(trusted: $0) } ?? self
    }
}

/// Copies the ranges of an object around the edits.
private struct JSONEditor {
    let text: UnsafeRawBufferPointer
    let edits: [JSONEdit]
    /// Whether the edit of the same index met a member.
    let applied: UnsafeMutableBufferPointer<Bool>
    private var output = ByteBuffer()
    /// What is to be copied next; grows while ranges are adjacent.
    private var pending = 0..<0

    init(text: UnsafeRawBufferPointer, edits: [JSONEdit], applied: UnsafeMutableBufferPointer<Bool>) {
        self.text = text
        self.edits = edits
        self.applied = applied
    }

    /// The edited object, or nil if nothing changes.
    mutating func edit(appendMissing: Bool) -> ByteBuffer? {
        guard var cursor = JSONMemberCursor(text) else { return nil }
        output.reserveCapacity(
            edits.reduce(text.count) { $0 + $1.key.utf8.count + ($1.value?.bytes.readableBytes ?? 0) + 4 })
        var end = text.endOfWhiteSpace(from: 1)
        var isEmpty = true
        var isChanged = false
        copy(0, end)
        while let range = cursor.next(in: text) {
            let separatorStart = end
            end = range.valueEnd
            let edit = edits.lastIndex { edit in range.hasKey(edit.key, in: text) }
            if let edit {
                isChanged = true
                applied[edit] = true
                if edits[edit].value == nil { continue }
            }
            copy(isEmpty ? range.keyStart - 1 : separatorStart, range.valueStart)
            isEmpty = false
            if let edit, let value = edits[edit].value {
                write(value)
            } else {
                copy(range.valueStart, range.valueEnd)
            }
        }
        if appendMissing {
            for index in edits.indices where !applied[index] && isLast(index) {
                guard let value = edits[index].value else { continue }
                append(edits[index].key, value, isFirst: isEmpty)
                isEmpty = false
                isChanged = true
            }
        }
        guard isChanged else { return nil }
        copy(end, text.count)
        flush()
        return output
    }

    /// Whether no later edit names the same key.
    private func isLast(_ index: Int) -> Bool {
        !edits[(index + 1)...].contains { $0.key.utf8.elementsEqual(edits[index].key.utf8) }
    }

    private mutating func copy(_ start: Int, _ end: Int) {
        if start == pending.upperBound {
            pending = pending.lowerBound..<end
        } else {
            flush()
            pending = start..<end
        }
    }

    private mutating func flush() {
        output.writeBytes(text.slice(pending.lowerBound, pending.upperBound))
        pending = pending.upperBound..<pending.upperBound
    }

    private mutating func write(_ value: JSONSlice) {
        flush()
        output.writeJSON(value)
    }

    private mutating func append(_ key: String, _ value: JSONSlice, isFirst: Bool) {
        flush()
        if !isFirst { output.writeInteger(UInt8.comma) }
        output.writeJSONString(key)
        output.writeInteger(UInt8.colon)
        output.writeJSON(value)
    }
}

extension JSONMemberRange {
    fileprivate func hasKey(_ key: String, in text: UnsafeRawBufferPointer) -> Bool {
        var key = key
        return key.withUTF8 { hasKey(UnsafeRawBufferPointer($0), in: text) }
    }
}
