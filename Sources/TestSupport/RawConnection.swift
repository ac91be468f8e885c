// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import NIOPosix

/// One TCP connection to a server under test, which sends exactly the bytes it is told to and reads answers as they
/// come.
///
/// Every wait ends: what does not come in time is an error of the test.
package actor RawConnection {
    /// Only a broken gateway or an overloaded machine takes that long.
    package static let patience = TimeAmount.seconds(20)

    private enum Body {
        case none
        case length(Int)
        case chunked
        case untilEnd
    }

    private let channel: any Channel
    private let inbox: ByteInbox
    private var unread = ByteBuffer()
    private var isEnded = false
    private var body = Body.none
    private var events = StreamEventReader()
    /// Whether the body of the last answer was read to its end.
    package private(set) var isBodyComplete = true

    private init(channel: any Channel, inbox: ByteInbox) {
        self.channel = channel
        self.inbox = inbox
    }

    /// - Parameter receiveBuffer: bytes that the kernel takes for us while we do not read.
    package static func open(port: Int, receiveBuffer: Int? = nil) async throws -> RawConnection {
        let inbox = ByteInbox()
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(inbox) }
            }
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receiveBuffer))
        }
        let channel = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
        return RawConnection(channel: channel, inbox: inbox)
    }

    // MARK: Sending

    package func send(_ text: String) async throws { try await send(ByteBuffer(string: text)) }

    package func send(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes).get() }

    /// Sends as much as the peer takes; a peer that ends the connection meanwhile is no failure.
    package func sendIgnoringEnd(_ bytes: ByteBuffer) async { try? await channel.writeAndFlush(bytes).get() }

    /// Says that nothing more will be sent, and goes on reading.
    package func finishSending() async throws { try await channel.close(mode: .output).get() }

    package func close() async { try? await channel.close().get() }

    /// Stops or goes on to take bytes from the socket.
    package func setReading(_ isReading: Bool) async throws {
        try await channel.setOption(.autoRead, value: isReading).get()
    }

    // MARK: Reading

    /// Gets more bytes; false at the end of the connection.
    private func fill(_ what: String, within limit: TimeAmount? = nil) async throws -> Bool {
        if isEnded { return false }
        guard await inbox.waitForMore(on: channel.eventLoop, within: limit ?? Self.patience) else {
            throw TimedOut("\(what); unread: \(String(buffer: unread).prefix(500))")
        }
        let (bytes, isEnded) = inbox.take()
        unread.writeImmutableBuffer(bytes)
        self.isEnded = isEnded
        return bytes.readableBytes > 0 || !isEnded
    }

    private func line(_ what: String) async throws -> String? {
        while true {
            let view = unread.readableBytesView
            if let end = view.firstIndex(of: UInt8(ascii: "\n")) {
                var line = unread.readString(length: view.distance(from: view.startIndex, to: end)) ?? ""
                unread.moveReaderIndex(forwardBy: 1)
                guard line.last == "\r" else { throw Missing("CRLF after \(line)") }
                line.removeLast()
                return line
            }
            guard try await fill(what) else { return nil }
        }
    }

    /// The head of the next answer.
    ///
    /// - Parameter isForHEAD: whether it answers a HEAD request, and so has no body whatever its fields say.
    package func head(isForHEAD: Bool = false) async throws -> RawReplyHead {
        let statusLine = try await line("the head of an answer").orThrow("an answer, but the connection ended")
        let parts = statusLine.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "HTTP/1.1", let status = Int(parts[1]) else {
            throw Missing("a status line in \(statusLine)")
        }
        var fields: [(name: String, value: String)] = []
        while true {
            let line = try await line("a field of the head").orThrow("the end of the head")
            if line.isEmpty { break }
            let name = line.prefix { $0 != ":" }
            fields.append((String(name), String(line.dropFirst(name.count + 1).drop { $0 == " " })))
        }
        let head = RawReplyHead(status: status, reason: String(parts[2]), fields: fields)
        events = StreamEventReader()
        if isForHEAD || (100..<200).contains(status) || status == 204 || status == 304 {
            body = .none
        } else if head["transfer-encoding"] == "chunked" {
            body = .chunked
        } else if let length = head["content-length"].flatMap({ Int($0) }) {
            body = .length(length)
        } else {
            body = .untilEnd
        }
        isBodyComplete = false
        if case .none = body { isBodyComplete = true }
        return head
    }

    /// The next bytes of the body; nil at its end, or at that of the connection.
    package func bodyBytes(within limit: TimeAmount? = nil) async throws -> ByteBuffer? {
        switch body {
        case .none: return nil
        case .length(let left):
            if left == 0 {
                endBody()
                return nil
            }
            while unread.readableBytes == 0 { guard try await fill("a body", within: limit) else { return nil } }
            let bytes = unread.readSlice(length: min(left, unread.readableBytes)) ?? ByteBuffer()
            body = .length(left - bytes.readableBytes)
            return bytes
        case .chunked:
            return try await chunk(within: limit)
        case .untilEnd:
            while unread.readableBytes == 0 {
                guard try await fill("a body", within: limit) else {
                    endBody()
                    return nil
                }
            }
            return unread.readSlice(length: unread.readableBytes)
        }
    }

    private func endBody() {
        body = .none
        isBodyComplete = true
    }

    private func chunk(within limit: TimeAmount?) async throws -> ByteBuffer? {
        // A whole chunk at a time, so that a wait that fails loses nothing.
        while true {
            var copy = unread
            if let end = copy.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                let text = copy.readString(length: end - copy.readerIndex) ?? ""
                copy.moveReaderIndex(forwardBy: 1)
                let size = try Int(text.prefix { $0 != "\r" && $0 != ";" }, radix: 16).orThrow(
                    "a chunk size in \(text)")
                if copy.readableBytes >= size + 2 {
                    let bytes = copy.readSlice(length: size) ?? ByteBuffer()
                    guard copy.readString(length: 2) == "\r\n" else { throw Missing("CRLF after a chunk") }
                    unread = copy
                    if size == 0 {
                        endBody()
                        return nil
                    }
                    return bytes
                }
            }
            guard try await fill("a chunk", within: limit) else { return nil }
        }
    }

    /// The next whole answer.
    package func reply(isForHEAD: Bool = false) async throws -> RawReply {
        let head = try await head(isForHEAD: isForHEAD)
        var whole = ByteBuffer()
        while let bytes = try await bodyBytes() { whole.writeImmutableBuffer(bytes) }
        return RawReply(head: head, body: whole, isComplete: isBodyComplete)
    }

    /// The next block of the event stream that is the body, comments too; nil at its end.
    package func block(within limit: TimeAmount? = nil) async throws -> StreamEvent? {
        while true {
            if let event = events.next() { return event }
            guard let bytes = try await bodyBytes(within: limit) else { return nil }
            events.append(bytes)
        }
    }

    /// The next event, which may be a priming one.
    package func event(within limit: TimeAmount? = nil) async throws -> StreamEvent? {
        while let block = try await block(within: limit) {
            if !block.isComment { return block }
        }
        return nil
    }

    /// The next event that carries a message.
    package func messageEvent() async throws -> StreamEvent {
        while let event = try await event() {
            if try event.message != nil { return event }
        }
        throw Missing("a message, but the stream ended")
    }

    /// Everything up to the end of the connection, which must come.
    package func rest() async throws -> String {
        while try await fill("the end of the connection") {}
        defer { unread = ByteBuffer() }
        return String(buffer: unread)
    }
}
