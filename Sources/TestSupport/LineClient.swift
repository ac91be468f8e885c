// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The client of a server on pipes: a message a line, both ways. A line that is no JSON object or array fails the test.
package actor LineClient {
    private let channel: any Channel
    private let inbox: ByteInbox
    private var unread = ByteBuffer()
    private var isEnded = false
    private var hasFinishedSending = false

    private init(channel: any Channel, inbox: ByteInbox) {
        self.channel = channel
        self.inbox = inbox
    }

    /// A client, and the descriptors of its server, which the server must close.
    package static func make() async throws -> (input: CInt, output: CInt, client: LineClient) {
        let toServer = try pipe(), fromServer = try pipe()
        let inbox = ByteInbox()
        let channel = try await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(inbox) }
            }
            .takingOwnershipOfDescriptors(input: fromServer.read, output: toServer.write).get()
        return (toServer.read, fromServer.write, LineClient(channel: channel, inbox: inbox))
    }

    private static func pipe() throws -> (read: CInt, write: CInt) {
        var descriptors: [CInt] = [-1, -1]
        #if canImport(Glibc)
        let result = Glibc.pipe(&descriptors)
        #elseif canImport(Musl)
        let result = Musl.pipe(&descriptors)
        #else
        let result = Darwin.pipe(&descriptors)
        #endif
        guard result == 0 else { throw Missing("a pipe (errno \(errno))") }
        return (descriptors[0], descriptors[1])
    }

    package func send(_ line: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: line + "\n")).get()
    }

    /// The next message.
    package func next() async throws -> JSONSlice {
        while true {
            let view = unread.readableBytesView
            if let end = view.firstIndex(of: UInt8(ascii: "\n")) {
                let line = unread.readSlice(length: view.distance(from: view.startIndex, to: end)) ?? ByteBuffer()
                unread.moveReaderIndex(forwardBy: 1)
                do {
                    return try JSONSlice(validating: line)
                } catch {
                    throw Missing("a message in the line \(String(buffer: line)) (\(error))")
                }
            }
            guard try await fill() else { throw Missing("a message, but the server ended") }
        }
    }

    private func fill() async throws -> Bool {
        if isEnded { return false }
        guard await inbox.waitForMore(on: channel.eventLoop, within: RawConnection.patience) else {
            throw TimedOut("a line; unread: \(String(buffer: unread).prefix(500))")
        }
        let (bytes, isEnded) = inbox.take()
        unread.writeImmutableBuffer(bytes)
        self.isEnded = isEnded
        return bytes.readableBytes > 0 || !isEnded
    }

    /// The next message that is no request and no notification.
    package func response() async throws -> JSONSlice {
        while true {
            let message = try await next()
            if message["method"] == nil { return message }
        }
    }

    /// The answer to a request; other messages before it are skipped.
    package func answer(to id: String) async throws -> JSONSlice {
        while true {
            let message = try await next()
            if message["id"]?.description == id, message["method"] == nil { return message }
        }
    }

    /// Opens the session.
    package func open(_ revision: String = "2025-11-25", _ capabilities: JSONValue = [:]) async throws {
        try await send(MCPTestClient.initialize(revision, capabilities, id: "open"))
        let result = try await answer(to: #""open""#)["result"].orThrow("a result of initialize")
        guard result["protocolVersion"]?.string == revision else { throw Missing("\(revision) in \(result)") }
        try await send(MCPTestClient.notification("notifications/initialized"))
    }

    /// Ends the server's input, and goes on reading.
    package func finishSending() async throws {
        guard !hasFinishedSending else { return }
        hasFinishedSending = true
        try await channel.close(mode: .output).get()
    }

    /// Ends the server's input, and waits until the server has ended its output. What still comes must be messages.
    package func finish() async throws {
        try await finishSending()
        while true {
            if unread.readableBytesView.contains(UInt8(ascii: "\n")) {
                _ = try await next()
            } else if try await !fill() {
                break
            }
        }
        guard unread.readableBytes == 0 else { throw Missing("a line end after \(String(buffer: unread))") }
    }

    package func close() async { try? await channel.close().get() }
}
