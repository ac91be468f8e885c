// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// An incremental parser of `text/event-stream` (WHATWG HTML, section 9.2), fed with chunks of any size.
///
/// Append what arrives, then call `next()` until it returns nil. An event is handed out with the line end that
/// completes it; one that the stream's end cuts off is never handed out, as the format demands.
///
/// It differs from a browser in one point: an event without data but with an id is handed out too, because MCP servers
/// prime a resumable stream that way.
package struct SSEParser: Sendable {
    package let limits: SSELimits

    /// The id to resume after, or nil when the stream has set none or has reset it to the empty string.
    package private(set) var lastEventID: String?

    /// The reconnection time in milliseconds that the stream asked for last, whether or not an event came with it.
    ///
    /// At most 2³¹−1, whatever the stream says, so that arithmetic on it cannot overflow.
    package private(set) var retry: Int?

    private var input = UnparsedBytes()
    private var searched = 0
    private var mayStartWithByteOrderMark = true
    private var skipsLineFeed = false
    private var pending = PendingEvent()
    private var failure: SSEError?

    /// - Parameter lastEventID: the id that the request resumed after, when it did.
    package init(limits: SSELimits = .standard, lastEventID: String? = nil) {
        self.limits = limits
        self.lastEventID = lastEventID
    }

    /// What is kept of an event that is not complete.
    package var unfinishedBytes: Int { input.count + pending.size }

    package mutating func append(_ bytes: ByteBuffer) {
        guard failure == nil else { return }
        input.append(bytes)
    }

    /// The next complete event, or nil when more bytes are needed.
    ///
    /// An exceeded bound is the end of the stream: every later call throws the same error.
    package mutating func next() throws(SSEError) -> SSEEvent? {
        if let failure { throw failure }
        do throws(SSEError) {
            while let line = try nextLine() {
                if case .blank = line.field {
                    input.current.moveReaderIndex(forwardBy: line.totalLength)
                    if let event = dispatch() { return event }
                } else {
                    try interpret(line)
                }
            }
            return nil
        } catch {
            failure = error
            input.removeAll()
            pending = PendingEvent()
            throw error
        }
    }
}

extension SSEParser {
    private mutating func nextLine() throws(SSEError) -> SSELine? {
        while true {
            if mayStartWithByteOrderMark || skipsLineFeed { skipLeadingBytes() }
            if !mayStartWithByteOrderMark {
                let line = input.current.withUnsafeReadableBytes { SSELine(in: $0, searched: searched) }
                let length = line?.length ?? input.current.readableBytes
                guard length <= limits.maxLineBytes else { throw .lineTooLong(limit: limits.maxLineBytes) }
                if let line {
                    searched = 0
                    skipsLineFeed = line.mayContinueWithLineFeed
                    return line
                }
                searched = length
            }
            guard input.refill() else { return nil }
        }
    }

    /// Skips a byte order mark at the very start, and the line feed that completes an earlier carriage return.
    private mutating func skipLeadingBytes() {
        let available = input.current.readableBytesView
        guard let first = available.first else { return }
        if mayStartWithByteOrderMark {
            let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
            guard available.prefix(3).elementsEqual(mark.prefix(available.count)) else {
                mayStartWithByteOrderMark = false
                return
            }
            if available.count >= 3 {
                mayStartWithByteOrderMark = false
                input.current.moveReaderIndex(forwardBy: 3)
            }
        } else {
            skipsLineFeed = false
            if first == 0x0A { input.current.moveReaderIndex(forwardBy: 1) }
        }
    }

    private mutating func interpret(_ line: SSELine) throws(SSEError) {
        var value = ByteBuffer()
        switch line.field {
        case .blank, .comment, .unknown:
            input.current.moveReaderIndex(forwardBy: line.totalLength)
            return
        case .data, .event, .id, .retry:
            input.current.moveReaderIndex(forwardBy: line.valueOffset)
            value = input.current.readSlice(length: line.length - line.valueOffset) ?? value
            input.current.moveReaderIndex(forwardBy: line.totalLength - line.length)
        }
        switch line.field {
        case .data: pending.appendData(value)
        case .event: pending.setEvent(value)
        case .id: pending.setID(value)
        case .retry:
            guard let milliseconds = Self.milliseconds(value) else { return }
            retry = milliseconds
            pending.retry = milliseconds
        case .blank, .comment, .unknown: break
        }
        guard pending.size <= limits.maxEventBytes else { throw .eventTooLarge(limit: limits.maxEventBytes) }
    }

    private mutating func dispatch() -> SSEEvent? {
        guard !pending.isEmpty else { return nil }
        let event = SSEEvent(event: pending.event, data: pending.data, id: pending.id, retry: pending.retry)
        pending = PendingEvent()
        if let id = event.id { lastEventID = id.isEmpty ? nil : id }
        return event.data == nil && event.id == nil ? nil : event
    }

    private static func milliseconds(_ value: ByteBuffer) -> Int? {
        guard value.readableBytes > 0 else { return nil }
        var result = 0
        for byte in value.readableBytesView {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            result = min(result * 10 + Int(byte - 0x30), Int(Int32.max))
        }
        return result
    }
}
