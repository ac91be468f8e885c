// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import MCPTypes
internal import NIOCore

/// The chunked transfer coding (RFC 9112, section 7.1).
extension HTTP1ResponseParser {
    /// Extension bytes that a body may have beyond its content.
    private static var spareExtensionBytes: Int { 16 << 10 }

    /// Reads a chunk-size line, and says whether one was there.
    mutating func readChunkLine() throws(HTTP1ParseError) -> Bool {
        let tooLong = HTTP1ParseError.chunkLineTooLong(limit: limits.chunkLineBytes)
        guard let end = try endOfLine(within: limits.chunkLineBytes, else: tooLong) else { return false }
        let (size, extensionLength) = try input.current.withUnsafeReadableBytes { (bytes) throws(HTTP1ParseError) in
            try Self.chunkSize(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
        }
        input.current.moveReaderIndex(forwardBy: end + 2)
        // Without this, a body of tiny chunks could cost thousands of times its size.
        extensionBytes += extensionLength
        guard extensionBytes <= received + Self.spareExtensionBytes else { throw .tooManyChunkExtensions }
        guard size <= limits.bodyBytes - received else { throw .bodyTooLarge(limit: limits.bodyBytes) }
        state = size == 0 ? .trailers : .chunk(remaining: size)
        return true
    }

    mutating func readChunk(_ remaining: Int) -> HTTP1ResponsePart? {
        guard let part = takeBody(atMost: remaining) else { return nil }
        let rest = remaining - part.readableBytes
        state = rest == 0 ? .chunkEnd : .chunk(remaining: rest)
        return .body(part)
    }

    mutating func readChunkEnd() throws(HTTP1ParseError) -> Bool {
        let end = input.current.readableBytesView.prefix(2)
        guard end.elementsEqual([0x0D, 0x0A].prefix(end.count)) else { throw .missingChunkEnd }
        guard end.count == 2 else { return false }
        input.current.moveReaderIndex(forwardBy: 2)
        state = .chunkLine
        return true
    }

    /// Reads trailer lines up to the empty one: checked like header lines, and dropped.
    mutating func readTrailers() throws(HTTP1ParseError) -> Bool {
        let tooLarge = HTTP1ParseError.trailersTooLarge(limit: limits.trailerBytes)
        while let end = try endOfLine(within: limits.trailerBytes - trailerBytes, else: tooLarge) {
            if end > 0 {
                guard trailerFields < limits.fields else { throw .tooManyFields(limit: limits.fields) }
                trailerFields += 1
                _ = try input.current.withUnsafeReadableBytes { (bytes) throws(HTTP1ParseError) in
                    try HTTP1FieldLine(bytes, from: 0, to: end)
                }
            } else {
                state = .end
            }
            trailerBytes += end + 2
            input.current.moveReaderIndex(forwardBy: end + 2)
            if end == 0 { return true }
        }
        return false
    }

    /// The length of the first line without its CRLF, or nil when its end has not arrived.
    ///
    /// - Parameter limit: the bound of the line with its CRLF.
    private mutating func endOfLine(within limit: Int, else error: HTTP1ParseError) throws(HTTP1ParseError) -> Int? {
        let from = searched
        let lineFeed = input.current.withUnsafeReadableBytes { ByteSearch.firstLineFeed(in: $0, from: from) }
        guard let lineFeed, lineFeed < limit else {
            guard lineFeed == nil, input.current.readableBytes < limit else { throw error }
            searched = input.current.readableBytes
            return nil
        }
        searched = 0
        let start = input.current.readerIndex
        guard lineFeed > 0, input.current.getInteger(at: start + lineFeed - 1, as: UInt8.self) == 0x0D else {
            throw .bareLineFeed
        }
        return lineFeed - 1
    }

    /// The size that a chunk-size line gives, and the length of what follows the digits.
    private static func chunkSize(
        _ line: UnsafeRawBufferPointer
    ) throws(HTTP1ParseError) -> (size: Int, extensionLength: Int) {
        var size = 0
        var offset = 0
        while offset < line.count, let digit = hexadecimalValue(line[offset]) {
            guard size <= Int.max >> 4 else { throw .chunkSizeOverflow }
            size = size << 4 | digit
            offset += 1
        }
        guard offset > 0 else { throw .invalidChunkSize }
        let extensions = UnsafeRawBufferPointer(rebasing: line[offset...])
        guard extensions.isEmpty || HTTP1Bytes.trimmed(extensions).first == UInt8(ascii: ";"),
            extensions.allSatisfy(HTTP1Bytes.isText)
        else { throw .invalidChunkSize }
        return (size, extensions.count)
    }

    private static func hexadecimalValue(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x37
        case 0x61...0x66: Int(byte) - 0x57
        default: nil
        }
    }
}
