// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Cuts a byte stream into lines, as the MCP stdio transport frames its messages.
///
/// A line ends with byte 0x0A and nothing else: U+2028, U+0085 and a lone carriage return are content. One carriage
/// return before the line feed is dropped, and empty lines are skipped. An over-long line raises an error once and the
/// rest of it is discarded as it arrives, so neither memory nor the following messages suffer.
package struct LineFramer: Sendable {
    private let maxLineBytes: Int
    private var input = UnparsedBytes()
    private var searched = 0
    private var discards = false

    /// - Parameter maxLineBytes: the bound of a line without its line end.
    package init(maxLineBytes: Int) {
        self.maxLineBytes = maxLineBytes
    }

    /// What is kept of a line that is not complete.
    package var unfinishedBytes: Int { input.count }

    /// Gives up the line that is not complete: what is there of it, and what is still to come. Call it when `next()` has
    /// returned nil.
    package mutating func skipLine() {
        guard input.count > 0 else { return }
        discards = true
        input.removeAll()
        searched = 0
    }

    package mutating func append(_ bytes: ByteBuffer) {
        input.append(bytes)
    }

    /// The next line, or nil when more bytes are needed. After an error, calling again goes on with the next line.
    package mutating func next() throws(LineFramingError) -> ByteBuffer? {
        switch step() {
        case .line(let line): return line
        case .tooLong: throw .lineTooLong(limit: maxLineBytes)
        case .needsMore: return nil
        }
    }

    /// The last line, when the stream ended without a line feed after it; nil when nothing is left.
    ///
    /// Call it when `next()` has returned nil. Lines that were not taken before come first, one with each call, without
    /// those that are too long.
    package mutating func finish() -> ByteBuffer? {
        while true {
            switch step() {
            case .line(let line): return line
            case .tooLong: continue
            case .needsMore: break
            }
            let last = input.current
            input.removeAll()
            searched = 0
            discards = false
            let content = Self.withoutCarriageReturn(last)
            return content.readableBytes > 0 ? content : nil
        }
    }
}

extension LineFramer {
    private enum Step {
        case line(ByteBuffer)
        case tooLong, needsMore
    }

    private mutating func step() -> Step {
        while true {
            let from = searched
            let end = input.current.withUnsafeReadableBytes { ByteSearch.firstLineFeed(in: $0, from: from) }
            if let end {
                searched = 0
                let line = input.current.readSlice(length: end) ?? ByteBuffer()
                input.current.moveReaderIndex(forwardBy: 1)
                if discards {
                    discards = false
                    continue
                }
                let content = Self.withoutCarriageReturn(line)
                if content.readableBytes > maxLineBytes { return .tooLong }
                if content.readableBytes > 0 { return .line(content) }
                continue
            }
            if discards {
                input.current = ByteBuffer()
            } else if exceedsBound(input.current) {
                discards = true
                input.current = ByteBuffer()
                searched = 0
                return .tooLong
            }
            searched = input.current.readableBytes
            guard input.refill() else { return .needsMore }
        }
    }

    /// Whether a line without its line feed yet is too long, even if its last byte belongs to the line end.
    private func exceedsBound(_ line: ByteBuffer) -> Bool {
        let excess = line.readableBytes - maxLineBytes
        return excess > 1 || excess == 1 && line.readableBytesView.last != 0x0D
    }

    private static func withoutCarriageReturn(_ line: ByteBuffer) -> ByteBuffer {
        guard line.readableBytesView.last == 0x0D else { return line }
        return line.getSlice(at: line.readerIndex, length: line.readableBytes - 1) ?? line
    }
}
