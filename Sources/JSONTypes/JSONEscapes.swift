// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Reading the bytes between the quotes of a JSON string.
enum JSONEscapes {
    /// The text that `content` spells, with U+FFFD for lone surrogates.
    static func string(_ content: UnsafeRawBufferPointer, isEscaped: Bool) -> String {
        guard isEscaped else { return String(decoding: content, as: UTF8.self) }
        return String(unsafeUninitializedCapacity: content.count) { target in
            decode(content, into: UnsafeMutableRawBufferPointer(target))
        }
    }

    /// Writes what `content` spells, which is at most `content.count` bytes, and returns the number of bytes.
    static func decode(_ content: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int {
        var source = 0
        var written = 0
        while source < content.count {
            let run = endOfRun(in: content, from: source)
            if run > source {
                UnsafeMutableRawBufferPointer(rebasing: target[written...])
                    .copyMemory(from: content.slice(source, run))
                written += run - source
                source = run
                continue
            }
            let escape = JSONEscape(in: content, at: source)
            for byte in escape.utf8 {
                target[written] = byte
                written += 1
            }
            source += escape.length
        }
        return written
    }

    /// Whether `content` spells exactly the UTF-8 of `text`; allocates nothing.
    static func spells(_ content: UnsafeRawBufferPointer, _ text: UnsafeRawBufferPointer) -> Bool {
        var source = 0
        var compared = 0
        while source < content.count {
            let byte = content[source]
            if byte != .backslash {
                guard compared < text.count, text[compared] == byte else { return false }
                source += 1
                compared += 1
                continue
            }
            let escape = JSONEscape(in: content, at: source)
            for byte in escape.utf8 {
                guard compared < text.count, text[compared] == byte else { return false }
                compared += 1
            }
            source += escape.length
        }
        return compared == text.count
    }

    /// The offset of the next backslash, or the end.
    private static func endOfRun(in content: UnsafeRawBufferPointer, from start: Int) -> Int {
        var cursor = start
        while cursor < content.count {
            if cursor &+ 8 <= content.count {
                let stops = content.word(at: cursor).quoteStops
                guard stops != 0 else {
                    cursor &+= 8
                    continue
                }
                cursor &+= stops.lowestMarkedByte
            }
            if content[cursor] == .backslash { return cursor }
            cursor &+= 1
        }
        return cursor
    }
}
