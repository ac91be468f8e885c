// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import Authentication
import JSONTypes
import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import Synchronization
import TestSupport
import Testing
import VirtualServer

@testable import Backends
@testable import Gateway

/// A client on standard input and output that does not read what it is told.
@Suite struct StdioBackPressureTests {
    /// The pipe to the client: what is written stays until it is read.
    private final class Pipe: ChannelDuplexHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundIn = ByteBuffer
        private(set) var lines: [String] = []
        private(set) var reads = 0
        private var unread: [EventLoopPromise<Void>] = []

        func read(context: ChannelHandlerContext) {
            reads += 1
            context.read()
        }

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            lines.append(String(buffer: unwrapOutboundIn(data)))
            if let promise { unread.append(promise) }
        }

        func takeAll() {
            let all = unread
            unread = []
            for promise in all { promise.succeed() }
        }
    }

    @Test("ST-01: it is not read from until it has read, no answer is lost, and only notifications are")
    func heldBack() throws {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let shards = Shards(group: MultiThreadedEventLoopGroup.singleton)
        let capabilities = Capabilities(
            settings: AggregationSettings(), mode: .withhold, backends: [], logger: logger, tasks: TaskSupervisor())
        let server = VirtualServer(name: "gateway", backends: [], capabilities: capabilities, logger: logger)
        var settings = GatewaySettings()
        settings.limits.queuedBytesPerStream = 100
        let connection = StdioConnection(
            settings: settings, dispatcher: LegacyDispatcher(server: server),
            modern: ModernService(server: server, shared: nil, shards: shards, limits: settings.limits),
            principal: .anonymous, shard: shards.all[0], logger: logger)
        let pipe = Pipe()
        let channel = EmbeddedChannel(handlers: [pipe, connection])
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/stdio")).wait()
        let reads = pipe.reads
        channel.read()
        #expect(pipe.reads == reads + 1)
        let pings = (0..<50).map { MCPTestClient.request(.number(JSONNumber($0)), "ping") + "\n" }.joined()
        try channel.writeInbound(ByteBuffer(string: pings))
        #expect(pipe.lines.count == 50)
        #expect(!connection.write(ByteBuffer(string: "{}")))
        channel.read()
        #expect(pipe.reads == reads + 1)
        pipe.takeAll()
        #expect(pipe.reads == reads + 2)
        #expect(connection.write(ByteBuffer(string: "{}")))
        channel.read()
        #expect(pipe.reads == reads + 3)
        pipe.takeAll()
        #expect(pipe.reads == reads + 3)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }
}
