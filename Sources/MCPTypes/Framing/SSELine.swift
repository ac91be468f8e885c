// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// One complete line of an event stream, as offsets into the bytes it was found in.
///
/// WHATWG HTML, section 9.2.6: the name is what stands before the first colon, the value what stands behind it without
/// one leading space; a line that starts with a colon is a comment, and a line without a colon is a name.
struct SSELine {
    enum Field {
        case blank, comment, data, event, id, retry, unknown
    }

    let field: Field
    let valueOffset: Int
    /// Length without the line end.
    let length: Int
    /// Length with the line end.
    let totalLength: Int
    /// Whether the line ends with a carriage return that is the last byte known, so that a line feed may belong to it.
    let mayContinueWithLineFeed: Bool

    /// Finds the first line, or returns nil when no line end has arrived.
    ///
    /// - Parameter searched: how many leading bytes are known to hold no line end.
    init?(in bytes: UnsafeRawBufferPointer, searched: Int) {
        guard let end = ByteSearch.firstLineEnd(in: bytes, from: searched) else { return nil }
        length = end
        if bytes[end] == 0x0A {
            totalLength = end + 1
            mayContinueWithLineFeed = false
        } else if end + 1 < bytes.count {
            totalLength = bytes[end + 1] == 0x0A ? end + 2 : end + 1
            mayContinueWithLineFeed = false
        } else {
            totalLength = end + 1
            mayContinueWithLineFeed = true
        }
        let line = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        field = Self.field(of: line)
        let nameLength =
            switch field {
            case .data: 4
            case .event, .retry: 5
            case .id: 2
            case .blank, .comment, .unknown: line.count
            }
        var offset = nameLength
        if offset < line.count { offset += 1 }
        if offset < line.count, line[offset] == 0x20 { offset += 1 }
        valueOffset = offset
    }

    private static func field(of line: UnsafeRawBufferPointer) -> Field {
        guard let first = line.first else { return .blank }
        switch first {
        case UInt8(ascii: "d"): return isNamed("data", line) ? .data : .unknown
        case UInt8(ascii: "e"): return isNamed("event", line) ? .event : .unknown
        case UInt8(ascii: "i"): return isNamed("id", line) ? .id : .unknown
        case UInt8(ascii: "r"): return isNamed("retry", line) ? .retry : .unknown
        case UInt8(ascii: ":"): return .comment
        default: return .unknown
        }
    }

    private static func isNamed(_ name: StaticString, _ line: UnsafeRawBufferPointer) -> Bool {
        let count = name.utf8CodeUnitCount
        guard line.count >= count else { return false }
        for offset in 0..<count where line[offset] != name.utf8Start[offset] { return false }
        return line.count == count || line[count] == UInt8(ascii: ":")
    }
}
