// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import VirtualServer

/// Where a subscription's messages go.
protocol SubscriptionOutput: Sendable {
    /// Sends one message without waiting. It may not call back into the subscription at once.
    func send(_ message: ByteBuffer)

    /// Sends the message that the client waits for before it believes any other; it must not get lost.
    func acknowledge(_ message: ByteBuffer)

    /// The server ends the subscription: its result is the last message, whatever else the transport demands.
    func finish(_ id: RequestID, _ result: JSONSlice)
}

/// One `subscriptions/listen`, acknowledged before anything else is said, each message tagged with its id
/// (2026-07-28, Subscriptions).
final class Subscription: ResourceListener, TaskListener {
    let id: RequestID
    let principal: Principal
    /// What the client asked for; which resources are honoured is known with the acknowledgement.
    let filter: SubscriptionFilter
    private let output: any SubscriptionOutput

    private enum Phase { case preparing, open, ended }

    private struct State {
        var phase = Phase.preparing
        /// What changed before the acknowledgement could be sent.
        var early: [(method: MCPMethod, params: JSONSlice)] = []
        var earlyBytes = 0
        var watches: [ResourceWatches.Watch] = []
        var tasks: [TaskFollowing] = []
        /// Which tasks the acknowledgement has named.
        var taskIDs: Set<String> = []

        /// Whether the client expects to be told (SEP-2663): a listener hears of a task before it is known whether that
        /// is honoured, and perhaps a moment after it was not.
        func isHonoured(_ method: MCPMethod, _ params: JSONSlice) -> Bool {
            guard method == .taskChanged else { return true }
            return params["taskId"]?.string.map { taskIDs.contains($0) } ?? false
        }
    }

    private let state = Mutex(State())

    private static let maximumEarly = 1024
    static let maximumEarlyBytes = 4 << 20

    init(id: RequestID, principal: Principal, filter: SubscriptionFilter, output: any SubscriptionOutput) {
        self.id = id
        self.principal = principal
        self.filter = filter
        self.output = output
    }

    var isEnded: Bool { state.withLock { $0.phase == .ended } }

    /// Says what is honoured, and then what has changed since.
    ///
    /// - Returns: `false` when the client has gone meanwhile; `watches` and `tasks` are of no use then.
    func acknowledge(
        _ honoured: SubscriptionFilter, watches: [ResourceWatches.Watch], tasks: [TaskFollowing] = []
    ) -> Bool {
        state.withLock { state in
            guard state.phase == .preparing else { return false }
            state.phase = .open
            state.watches = watches
            state.tasks = tasks
            state.taskIDs = Set(honoured.taskIDs ?? [])
            output.acknowledge(acknowledgement(honoured))
            for (method, params) in state.early where state.isHonoured(method, params) {
                output.send(tagged(method, params))
            }
            state.early = []
            return true
        }
    }

    func listChanged(_ method: MCPMethod) {
        state.withLock { state in
            // Lists that changed before the acknowledgement are fresh to whoever reads them after it.
            if state.phase == .open { output.send(tagged(method, .emptyObject)) }
        }
    }

    func resourceUpdated(_ params: JSONSlice) { say(.resourceUpdated, params) }

    func taskChanged(_ task: JSONSlice) { say(.taskChanged, task) }

    private func say(_ method: MCPMethod, _ params: JSONSlice) {
        state.withLock { state in
            switch state.phase {
            case .preparing:
                let bytes = state.earlyBytes + params.bytes.readableBytes
                guard state.early.count < Self.maximumEarly, bytes <= Self.maximumEarlyBytes else { return }
                state.early.append((method, params))
                state.earlyBytes = bytes
            case .open where state.isHonoured(method, params): output.send(tagged(method, params))
            case .open, .ended: break
            }
        }
    }

    /// Stops; nothing is said after it.
    ///
    /// - Parameter result: what the server says last when it is the server that ends the subscription.
    func end(_ result: JSONSlice? = nil) {
        let (watches, tasks) = state.withLock { state -> ([ResourceWatches.Watch], [TaskFollowing]) in
            guard state.phase != .ended else { return ([], []) }
            if let result {
                // Whatever ends was acknowledged before, with nothing if need be.
                if state.phase == .preparing { output.send(acknowledgement(SubscriptionFilter())) }
                output.finish(id, result)
            }
            state.phase = .ended
            defer {
                state.watches = []
                state.tasks = []
                state.early = []
            }
            return (state.watches, state.tasks)
        }
        for watch in watches { watch.end() }
        for task in tasks { task.end() }
    }

    private func acknowledgement(_ honoured: SubscriptionFilter) -> ByteBuffer {
        tagged(.listenAcknowledged, JSONSlice(["notifications": .slice(honoured.json)]))
    }

    private func tagged(_ method: MCPMethod, _ params: JSONSlice) -> ByteBuffer {
        let meta = (params["_meta"] ?? .emptyObject).editing([
            JSONEdit(key: "io.modelcontextprotocol/subscriptionId", value: id.slice)
        ])
        var message = ByteBuffer()
        message.writeNotification(method: method, params: params.editing([JSONEdit(key: "_meta", value: meta)]))
        return message
    }
}
