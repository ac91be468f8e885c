// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import NIOSSL
import OutboundHTTP

/// The connections of one shard to one backend.
///
/// How many there are follows from the backend's concurrency limit, which is taken before an exchange starts.
/// `@unchecked Sendable`: confined to `eventLoop`; `run` asserts it.
final class HTTPConnectionPool: @unchecked Sendable {
    let eventLoop: any EventLoop
    let executor: LoopExecutor
    let answers: AnswerBudget
    private let endpoint: HTTPEndpoint
    private let tls: NIOSSLContext?
    private let connectTimeout: TimeAmount
    private let probes: QuietPeerProbes
    private var idle: [HTTPConnection] = []
    private var open: [ObjectIdentifier: HTTPConnection] = [:]
    private var isClosed = false

    /// Common servers close an idle connection after 5 s; one that we reuse just then would lose its request.
    private static let maximumIdleTime = TimeAmount.milliseconds(4000)

    init(
        shard: Shard, endpoint: HTTPEndpoint, tls: NIOSSLContext?, connectTimeout: TimeAmount,
        probes: QuietPeerProbes
    ) {
        eventLoop = shard.eventLoop
        executor = shard.executor
        answers = shard.answers
        self.endpoint = endpoint
        self.tls = tls
        self.connectTimeout = connectTimeout
        self.probes = probes
    }

    /// Starts `exchange` on an idle connection or a new one.
    func run(_ exchange: HTTPExchange) {
        eventLoop.assertInEventLoop()
        guard !isClosed else {
            exchange.connectionEnded(.unreachable("shutting down"))
            return
        }
        let now = NIODeadline.now()
        while let connection = idle.popLast() {
            if now - connection.idleSince < Self.maximumIdleTime, connection.isOpen {
                connection.start(exchange)
                return
            }
            connection.close()
        }
        connect(exchange)
    }

    private func connect(_ exchange: HTTPExchange) {
        let connection = HTTPConnection(pool: self, usesTLS: tls != nil)
        let endpoint = self.endpoint
        let tls = self.tls
        let probes = self.probes
        ClientBootstrap(group: eventLoop)
            .connectTimeout(connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try probes.apply(to: channel)
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: endpoint.serverName))
                    }
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
            .connect(host: endpoint.host, port: endpoint.port)
            .hop(to: eventLoop)
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let channel):
                    if exchange.isFinished || self.isClosed {
                        channel.close(promise: nil)
                        exchange.connectionEnded(.unreachable("shutting down"))
                    } else {
                        self.open[ObjectIdentifier(connection)] = connection
                        connection.start(exchange)
                        if tls != nil {
                            self.eventLoop.assumeIsolated().scheduleTask(in: self.connectTimeout) {
                                connection.handshakeTimedOut()
                            }
                        }
                    }
                case .failure(let error):
                    exchange.connectionEnded(.unreachable(Self.describe(error)))
                }
            }
    }

    private static func describe(_ error: any Error) -> String {
        switch error {
        case let error as IOError: "connection failed (errno \(error.errnoCode))"
        case let error as NIOConnectionError:
            error.dnsAError != nil && error.connectionErrors.isEmpty
                ? "the host name cannot be resolved" : "connection refused"
        case ChannelError.connectTimeout: "connection timed out"
        default: "connection failed"
        }
    }

    func release(_ connection: HTTPConnection) {
        if isClosed {
            connection.close()
        } else {
            idle.append(connection)
        }
    }

    func remove(_ connection: HTTPConnection) {
        open[ObjectIdentifier(connection)] = nil
        idle.removeAll { $0 === connection }
    }

    func close() {
        eventLoop.assertInEventLoop()
        isClosed = true
        for connection in open.values { connection.close() }
        idle.removeAll()
    }
}

extension HTTPEndpoint {
    /// The name for SNI and certificate checks; address literals have none (RFC 6066 §3).
    fileprivate var serverName: String? {
        (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
    }
}
