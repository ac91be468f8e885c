// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

extension JSONSlice {
    /// The first key of this object, unescaped, that repeats an earlier one; nil when all differ or this is no object.
    ///
    /// Two readers of an object with repeated keys may see different values (RFC 8259 section 4), so an object that we
    /// interpret and forward must not have any. Keys are compared unescaped, byte by byte: `"\u006eame"` repeats
    /// `"name"`, while composed and decomposed spellings of an accented letter are two keys.
    package func duplicateKey() -> String? { duplicateKey { _, _ in } }

    /// The same, and `visit` gets the place of each member, in order, in the same pass; the pointer must not leave the
    /// call.
    package func duplicateKey(
        visiting visit: (_ text: UnsafeRawBufferPointer, _ range: JSONMemberRange) -> Void
    ) -> String? {
        bytes.withUnsafeReadableBytes { text in
            switch Self.duplicateAmongFew(in: text, visit) {
            case .undecided: duplicateAmongMany(in: text)
            case .none: nil
            case .found(let range): range.key(in: text)
            }
        }
    }

    private enum Search {
        case undecided, none
        case found(JSONMemberRange)
    }

    /// Compares each key with all before it, on the stack; leaves escaped keys and big objects to the other search.
    private static func duplicateAmongFew(
        in text: UnsafeRawBufferPointer, _ visit: (_ text: UnsafeRawBufferPointer, _ range: JSONMemberRange) -> Void
    ) -> Search {
        guard var cursor = JSONMemberCursor(text) else { return .none }
        return withUnsafeTemporaryAllocation(of: JSONMemberRange.self, capacity: 16) { seen in
            var count = 0
            var search = Search.none
            while let range = cursor.next(in: text) {
                visit(text, range)
                guard case .none = search else { continue }
                guard !range.keyIsEscaped, count < seen.count else {
                    search = .undecided
                    continue
                }
                let key = text.slice(range.keyStart, range.keyEnd)
                if (0..<count).contains(where: { seen[$0].hasKey(key, in: text) }) { search = .found(range) }
                seen.initializeElement(at: count, to: range)
                count += 1
            }
            return search
        }
    }

    /// Collects the unescaped keys in a hash table, whose seed is random, so that no peer can choose colliding keys.
    private func duplicateAmongMany(in text: UnsafeRawBufferPointer) -> String? {
        guard var cursor = JSONMemberCursor(text) else { return nil }
        var seen: Set<ByteBuffer> = []
        while let range = cursor.next(in: text) {
            var key = JSONSlice(bytes, from: range.keyStart, to: range.keyEnd).bytes
            if range.keyIsEscaped {
                key = ByteBuffer(string: range.key(in: text))
            }
            guard seen.insert(key).inserted else { return range.key(in: text) }
        }
        return nil
    }
}
