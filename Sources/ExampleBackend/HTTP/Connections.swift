// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Synchronization

/// The open connections, and what to do when one of them ends in the middle of an answer.
final class Connections: Sendable {
    private struct Connection {
        let channel: any Channel
        var onEnd: (@Sendable () -> Void)?
    }

    private let open = Mutex<[ObjectIdentifier: Connection]>([:])

    func add(_ channel: any Channel) {
        open.withLock { $0[ObjectIdentifier(channel)] = Connection(channel: channel) }
    }

    func remove(_ channel: any Channel) {
        open.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }?.onEnd?()
    }

    /// Sets what happens when the connection ends; at once when it has ended. Nil clears it.
    func whenEnded(_ channel: any Channel, _ onEnd: (@Sendable () -> Void)?) {
        let isOpen = open.withLock { open in
            let key = ObjectIdentifier(channel)
            guard open[key] != nil else { return false }
            open[key]?.onEnd = onEnd
            return true
        }
        if !isOpen { onEnd?() }
    }

    func closeAll() {
        for connection in open.withLock({ Array($0.values) }) { connection.channel.close(promise: nil) }
    }
}

/// Tells `Connections` about its channel, and closes the channel as soon as the client has closed its half.
///
/// A client that hangs up is otherwise noticed only when a write to it fails, and a quiet stream writes nothing.
final class ConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let connections: Connections

    init(_ connections: Connections) {
        self.connections = connections
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { connections.add(context.channel) }
    }

    func channelActive(context: ChannelHandlerContext) {
        connections.add(context.channel)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        connections.remove(context.channel)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        if let event = event as? ChannelEvent, event == .inputClosed { context.close(promise: nil) }
    }
}
