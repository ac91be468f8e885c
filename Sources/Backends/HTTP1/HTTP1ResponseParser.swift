// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import MCPTypes
package import NIOCore

/// An incremental parser of HTTP/1.0 and HTTP/1.1 responses for one backend connection (RFC 9112).
///
/// Append what arrives, then call `next()` until it returns nil. After `.end(keepAlive: true)` the parser stands ready
/// for the next response on the connection. It refuses what RFC 9112 lets a recipient repair, because a response that
/// two parties read differently is how responses get smuggled: bare line feeds, folded lines, white space before a
/// colon, conflicting or doubled framing. After an error, every later call throws the same one.
package struct HTTP1ResponseParser: Sendable {
    package let limits: HTTP1ResponseLimits

    /// Set before the response to a HEAD request arrives: it has the framing fields of a body and no body.
    ///
    /// It holds for one response.
    package var expectNoBody = false

    var input = UnparsedBytes()
    var state = State.head
    var searched = 0
    var received = 0
    var extensionBytes = 0
    var trailerBytes = 0
    var trailerFields = 0
    private var head = HTTP1HeadReader()
    private var persists = false
    private var informationalResponses = 0
    private var inputClosed = false
    private var failure: HTTP1ParseError?

    package init(limits: HTTP1ResponseLimits) {
        self.limits = limits
    }

    /// - Parameter maxBodyBytes: the bound of one body; every other bound has its default.
    package init(maxBodyBytes: Int) {
        self.init(limits: HTTP1ResponseLimits(bodyBytes: maxBodyBytes))
    }

    /// Whether the parser stands between two responses and holds no bytes.
    ///
    /// Bytes that are there after `.end`, while no further request is under way, are some that nobody asked for: do not
    /// use the connection again.
    package var isIdle: Bool { state == .head && informationalResponses == 0 && input.count == 0 }

    package mutating func append(_ bytes: ByteBuffer) {
        guard failure == nil, state != .finished else { return }
        input.append(bytes)
    }

    /// The next part, or nil when more bytes are needed.
    package mutating func next() throws(HTTP1ParseError) -> HTTP1ResponsePart? {
        if let failure { throw failure }
        do throws(HTTP1ParseError) {
            while true {
                if let part = try step() { return part }
                if state == .finished { return nil }
                if input.refill() { continue }
                return inputClosed ? try endOfInput() : nil
            }
        } catch {
            failure = error
            input.removeAll()
            throw error
        }
    }

    /// Tells that the connection has ended, and returns the next part like `next()`: call either until it returns nil.
    ///
    /// The end of the connection ends a body that has no other end. Between two responses it means nothing, and
    /// anywhere else the response is truncated.
    package mutating func connectionClosed() throws(HTTP1ParseError) -> HTTP1ResponsePart? {
        inputClosed = true
        return try next()
    }
}

extension HTTP1ResponseParser {
    enum State: Equatable {
        case head
        case fixedBody(remaining: Int)
        case chunkLine
        case chunk(remaining: Int)
        case chunkEnd
        case trailers
        case bodyUntilClose
        case end
        case finished
    }

    /// Takes one step: returns a part, or nil when the bytes in `input.current` are used up.
    private mutating func step() throws(HTTP1ParseError) -> HTTP1ResponsePart? {
        while true {
            switch state {
            case .head: return try readHead()
            case .fixedBody(let remaining): return try readFixedBody(remaining)
            case .bodyUntilClose: return try readBodyUntilClose()
            case .chunk(let remaining): return readChunk(remaining)
            case .chunkLine: guard try readChunkLine() else { return nil }
            case .chunkEnd: guard try readChunkEnd() else { return nil }
            case .trailers: guard try readTrailers() else { return nil }
            case .end: return endResponse(keepAlive: persists)
            case .finished: return nil
            }
        }
    }

    private mutating func endOfInput() throws(HTTP1ParseError) -> HTTP1ResponsePart? {
        if state == .bodyUntilClose { return endResponse(keepAlive: false) }
        guard isIdle else { throw .truncated }
        return nil
    }

    private mutating func endResponse(keepAlive: Bool) -> HTTP1ResponsePart {
        state = keepAlive ? .head : .finished
        if !keepAlive { input.removeAll() }
        expectNoBody = false
        informationalResponses = 0
        received = 0
        extensionBytes = 0
        trailerBytes = 0
        trailerFields = 0
        return .end(keepAlive: keepAlive)
    }

    private mutating func readHead() throws(HTTP1ParseError) -> HTTP1ResponsePart? {
        let available = input.current
        let length = try available.withUnsafeReadableBytes { (bytes) throws(HTTP1ParseError) in
            try head.read(bytes, limits: limits)
        }
        guard let length, let bytes = input.current.readSlice(length: length) else { return nil }
        guard head.status >= 200 else {
            guard head.status != 101 else { throw .switchingProtocols }
            informationalResponses += 1
            guard informationalResponses <= limits.informationalResponses else {
                throw .tooManyInformationalResponses(limit: limits.informationalResponses)
            }
            return .informational(status: head.status)
        }
        startBody()
        return .head(head.head(bytes))
    }

    /// RFC 9112, section 6.3, and section 9.3 for persistence.
    private mutating func startBody() {
        let framing = head.framing
        persists = !framing.closes && (head.minorVersion == 1 || framing.keepsAlive)
        if expectNoBody || head.status == 204 || head.status == 304 {
            // A 204 that announces a body may be followed by one: whatever comes next cannot be trusted.
            if head.status == 204, framing.isChunked || (framing.contentLength ?? 0) > 0 { persists = false }
            state = .end
        } else if framing.isChunked {
            state = .chunkLine
        } else if let length = framing.contentLength {
            state = length == 0 ? .end : .fixedBody(remaining: length)
        } else {
            state = .bodyUntilClose
        }
    }

    private mutating func readFixedBody(_ remaining: Int) throws(HTTP1ParseError) -> HTTP1ResponsePart? {
        guard remaining <= limits.bodyBytes - received else { throw .bodyTooLarge(limit: limits.bodyBytes) }
        guard let part = takeBody(atMost: remaining) else { return nil }
        let rest = remaining - part.readableBytes
        state = rest == 0 ? .end : .fixedBody(remaining: rest)
        return .body(part)
    }

    private mutating func readBodyUntilClose() throws(HTTP1ParseError) -> HTTP1ResponsePart? {
        guard input.current.readableBytes > 0 else { return nil }
        guard let part = takeBody(atMost: limits.bodyBytes - received) else {
            throw .bodyTooLarge(limit: limits.bodyBytes)
        }
        return .body(part)
    }

    /// Hands out up to `count` bytes, or nil when there are none.
    mutating func takeBody(atMost count: Int) -> ByteBuffer? {
        let length = min(count, input.current.readableBytes)
        guard length > 0 else { return nil }
        received += length
        return input.current.readSlice(length: length)
    }
}
