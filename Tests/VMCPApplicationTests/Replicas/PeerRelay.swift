// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// The network between two replicas: its address is known before either of them listens, it can fail, and it remembers
/// what went through.
final class PeerRelay: Sendable {
    private struct State {
        var target = 0
        var listener: (any Channel)?
        var sent: [ByteBuffer] = []
        var open: [any Channel] = []
    }

    let port: Int
    private let state: Mutex<State>

    private init(_ listener: any Channel) throws {
        port = try (listener.localAddress?.port).orThrow("a port")
        state = Mutex(State(listener: listener))
    }

    static func start() async throws -> PeerRelay {
        let held = Mutex<PeerRelay?>(nil)
        let listener = try await bind(port: 0) { held.withLock { $0 } }
        let relay = try PeerRelay(listener)
        held.withLock { $0 = relay }
        return relay
    }

    /// Where whoever comes is led.
    func lead(to port: Int) { state.withLock { $0.target = port } }

    /// What each connection brought, in their order.
    var sent: [ByteBuffer] { state.withLock { $0.sent } }
    var connections: Int { sent.count }

    /// From now on nobody listens.
    func fail() async throws {
        let listener = state.withLock { state in
            defer { state.listener = nil }
            return state.listener
        }
        try await listener?.close().get()
    }

    /// From now on nobody listens, and whoever had come is thrown out.
    func cut() async throws {
        try await fail()
        for channel in state.withLock({ $0.open }) { try? await channel.close().get() }
    }

    /// From now on somebody does again.
    func recover() async throws {
        let listener = try await Self.bind(port: port) { self }
        state.withLock { $0.listener = listener }
    }

    private static func bind(
        port: Int, _ relay: @escaping @Sendable () -> PeerRelay?
    ) async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                guard let relay = relay() else { return channel.close() }
                return relay.accept(channel)
            }
            .bind(host: "127.0.0.1", port: port).get()
    }

    /// A connection for which nobody is found is closed; nothing is read from any before its other end is there.
    private func accept(_ channel: any Channel) -> EventLoopFuture<Void> {
        let (number, target) = state.withLock { state in
            state.sent.append(ByteBuffer())
            state.open.append(channel)
            return (state.sent.count - 1, state.target)
        }
        return ClientBootstrap(group: channel.eventLoop)
            .connect(host: "127.0.0.1", port: target)
            .flatMap { peer in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Pass(to: peer) { bytes in
                            self.state.withLock { _ = $0.sent[number].writeImmutableBuffer(bytes) }
                        })
                    try peer.pipeline.syncOperations.addHandler(Pass(to: channel) { _ in })
                }
            }
    }

    /// `@unchecked Sendable`: confined to the loop that both channels share.
    private final class Pass: ChannelInboundHandler, @unchecked Sendable {
        typealias InboundIn = ByteBuffer

        private let other: any Channel
        private let saw: (ByteBuffer) -> Void

        init(to other: any Channel, saw: @escaping (ByteBuffer) -> Void) {
            self.other = other
            self.saw = saw
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            saw(bytes)
            other.writeAndFlush(bytes, promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
