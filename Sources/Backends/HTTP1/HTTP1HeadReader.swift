// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import JSONTypes
internal import MCPTypes
internal import NIOCore

/// Reads a response head line by line, as the lines become complete.
///
/// Offsets count from the first byte of the head, which stays unconsumed until the head is complete. The array of field
/// lines is reused for the next head unless someone still holds this one.
struct HTTP1HeadReader: Sendable {
    private var lines: [HTTP1FieldLine] = []
    private(set) var framing = HTTP1Framing()
    private(set) var minorVersion = 1
    private(set) var status = 0
    private var reasonStart = 0
    private var reasonEnd = 0
    private var lineStart = 0
    private var searched = 0
    private var isComplete = false
    private var known: KnownText?
    /// How many more heads may be remembered in vain, because each differs.
    private var patience = Self.fullPatience

    /// The last head: servers repeat all of it but the digits of its Content-Length.
    private struct KnownText {
        let bytes: [UInt8]
        let digits: Range<Int>
    }

    /// What is kept with a connection; few heads are longer.
    private static let maximumKnownBytes = 4 << 10
    private static let fullPatience = 16

    init() {
        lines.reserveCapacity(16)
    }

    /// Reads on, and returns the length of the head once it is complete.
    ///
    /// - Parameter bytes: all bytes from the start of the head.
    mutating func read(
        _ bytes: UnsafeRawBufferPointer, limits: HTTP1ResponseLimits
    ) throws(HTTP1ParseError) -> Int? {
        // Not before there is a next head: until then the last one usually still holds the array.
        if isComplete, !bytes.isEmpty {
            if let length = lengthOfRepeatedHead(bytes) { return length }
            reset()
        }
        if lineStart == 0 { try Self.checkVersionPrefix(bytes) }
        while let lineFeed = ByteSearch.firstLineFeed(in: bytes, from: searched), lineFeed < limits.headBytes {
            guard lineFeed > lineStart, bytes[lineFeed - 1] == 0x0D else { throw .bareLineFeed }
            let end = lineFeed - 1
            if lineStart == 0 {
                try readStatusLine(bytes, end: end)
            } else if lineStart == end {
                if minorVersion == 0, framing.isChunked { throw .transferEncodingInHTTP10 }
                isComplete = true
                remember(UnsafeRawBufferPointer(rebasing: bytes[...lineFeed]))
                return lineFeed + 1
            } else {
                try readFieldLine(bytes, end: end, limit: limits.fields)
            }
            lineStart = lineFeed + 1
            searched = lineStart
        }
        guard bytes.count < limits.headBytes else { throw .headTooLarge(limit: limits.headBytes) }
        searched = bytes.count
        return nil
    }

    func head(_ bytes: ByteBuffer) -> HTTP1ResponseHead {
        HTTP1ResponseHead(
            minorVersion: minorVersion, status: status,
            headers: HTTP1Headers(head: bytes, lines: lines, framing: framing),
            reasonStart: reasonStart, reasonEnd: reasonEnd)
    }

    /// The length of the head in `bytes` if nothing about it is new but the value of Content-Length.
    ///
    /// Its digits must be as many as before: every line then stands where it did, and all that was read holds.
    private mutating func lengthOfRepeatedHead(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard let known, known.bytes.count <= bytes.count else { return nil }
        let (digits, length) = (known.digits, known.bytes.count)
        let isRepeated = known.bytes.withUnsafeBytes { text in
            bytes.matches(UnsafeRawBufferPointer(rebasing: text[..<digits.lowerBound]), at: 0)
                && bytes.matches(UnsafeRawBufferPointer(rebasing: text[digits.upperBound...]), at: digits.upperBound)
        }
        guard isRepeated, framing.replaceContentLength(UnsafeRawBufferPointer(rebasing: bytes[digits])) else {
            return nil
        }
        patience = Self.fullPatience
        return length
    }

    /// How much is kept of the last head.
    var knownBytes: Int { known?.bytes.count ?? 0 }

    private mutating func remember(_ head: UnsafeRawBufferPointer) {
        known = nil
        guard status >= 200, let index = framing.contentLengthLine, patience > 0,
            head.count <= Self.maximumKnownBytes
        else { return }
        patience -= 1
        let start = Int(lines[index].valueStart)
        known = KnownText(bytes: Array(head), digits: start..<start + Int(lines[index].valueLength))
    }

    private mutating func reset() {
        lines.removeAll(keepingCapacity: true)
        framing = HTTP1Framing()
        lineStart = 0
        searched = 0
        isComplete = false
    }
}

extension HTTP1HeadReader {
    /// Refuses what cannot become `HTTP/1.` as soon as it arrives: another protocol may never send a line feed.
    private static func checkVersionPrefix(_ bytes: UnsafeRawBufferPointer) throws(HTTP1ParseError) {
        let prefix: StaticString = "HTTP/1."
        for offset in 0..<min(bytes.count, 7) where bytes[offset] != prefix.utf8Start[offset] {
            throw offset < 5 ? .invalidStatusLine : .unsupportedVersion
        }
    }

    /// RFC 9112, section 4. A missing space after the code is accepted: it leaves nothing ambiguous, and servers that
    /// send no reason phrase leave it out.
    private mutating func readStatusLine(_ bytes: UnsafeRawBufferPointer, end: Int) throws(HTTP1ParseError) {
        guard end >= 12, bytes[8] == 0x20 else { throw .invalidStatusLine }
        switch bytes[7] {
        case UInt8(ascii: "0"): minorVersion = 0
        case UInt8(ascii: "1"): minorVersion = 1
        default: throw .unsupportedVersion
        }
        var code = 0
        for offset in 9..<12 {
            guard bytes[offset] >= 0x30, bytes[offset] <= 0x39 else { throw .invalidStatusLine }
            code = code * 10 + Int(bytes[offset] - 0x30)
        }
        guard end == 12 || bytes[12] == 0x20 else { throw .invalidStatusLine }
        guard 100...599 ~= code else { throw .invalidStatusCode(code) }
        status = code
        reasonStart = min(13, end)
        reasonEnd = end
        for offset in reasonStart..<end where !HTTP1Bytes.isText(bytes[offset]) { throw .invalidStatusLine }
    }

    private mutating func readFieldLine(
        _ bytes: UnsafeRawBufferPointer, end: Int, limit: Int
    ) throws(HTTP1ParseError) {
        guard lines.count < limit else { throw .tooManyFields(limit: limit) }
        let line = try HTTP1FieldLine(bytes, from: lineStart, to: end)
        try framing.note(name: line.name(in: bytes), value: line.value(in: bytes), index: lines.count)
        lines.append(line)
    }
}
