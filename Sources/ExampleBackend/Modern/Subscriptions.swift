// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Synchronization

/// The open `subscriptions/listen` streams and what each of them wants to hear.
package final class Subscriptions: Sendable {
    /// What a client opted in to, reduced to what exists.
    struct Filter: Sendable {
        /// `tools`, `prompts` and `resources`.
        var lists: Set<String> = []
        var uris: [String]?
        var taskIDs: [String]?

        /// The `notifications` object of the acknowledgement.
        var value: JSONObject {
            var value: JSONObject = [:]
            for list in ["tools", "prompts", "resources"] where lists.contains(list) {
                value["\(list)ListChanged"] = true
            }
            if let uris { value["resourceSubscriptions"] = .array(uris.map { .string($0) }) }
            if let taskIDs { value["taskIds"] = .array(taskIDs.map { .string($0) }) }
            return value
        }
    }

    enum Event: Sendable {
        case message(ByteBuffer)
        case end(abruptly: Bool)
    }

    private struct Subscription {
        let id: JSONSlice
        let filter: Filter
        let events: AsyncStream<Event>.Continuation
    }

    private struct State {
        var open: [Int: Subscription] = [:]
        var last = 0
        var isClosed = false
    }

    /// Bounds of streams, and of messages that wait for a slow reader: the oldest ones are lost.
    static let limit = (streams: 1_000, waiting: 4_096)

    private let state = Mutex(State())

    package var count: Int { state.withLock { $0.open.count } }

    /// Opens a stream; its events are kept from now on. Throws `-32603` when there are too many.
    func open(_ id: JSONSlice, _ filter: Filter) throws(RPCError) -> (number: Int, events: AsyncStream<Event>) {
        let (events, continuation) = AsyncStream<Event>.makeStream(
            bufferingPolicy: .bufferingNewest(Self.limit.waiting))
        let number = state.withLock { state -> Int? in
            guard !state.isClosed, state.open.count < Self.limit.streams else { return nil }
            state.last += 1
            state.open[state.last] = Subscription(id: id, filter: filter, events: continuation)
            return state.last
        }
        guard let number else { throw RPCError(code: -32603, message: "No more subscriptions can be opened") }
        return (number, events)
    }

    func close(_ number: Int) {
        state.withLock { $0.open.removeValue(forKey: number) }?.events.finish()
    }

    // MARK: What happened

    func changed(list: String) {
        publish("notifications/\(list)/list_changed", [:]) { $0.lists.contains(list) }
    }

    func touched(_ uri: String) {
        publish("notifications/resources/updated", ["uri": .string(uri)]) { $0.uris?.contains(uri) == true }
    }

    func changed(task id: String, _ task: JSONObject) {
        publish("notifications/tasks", task) { $0.taskIDs?.contains(id) == true }
    }

    private func publish(_ method: String, _ params: JSONObject, to wants: (Filter) -> Bool) {
        for subscription in state.withLock({ Array($0.open.values) }) where wants(subscription.filter) {
            subscription.events.yield(.message(Self.notification(method, params, to: subscription.id)))
        }
    }

    /// A notification on a stream: tagged with the id of the request that opened it.
    static func notification(_ method: String, _ params: JSONObject, to id: JSONSlice) -> ByteBuffer {
        var params = params
        params["_meta"] = ["io.modelcontextprotocol/subscriptionId": .slice(id)]
        return Peer.notification(method, params)
    }

    /// Ends every stream: in order with a result, or abruptly without one. With `closing` none can be opened again.
    package func endAll(abruptly: Bool = false, closing: Bool = false) {
        let open = state.withLock { state in
            if closing { state.isClosed = true }
            return Array(state.open.values)
        }
        for subscription in open {
            subscription.events.yield(.end(abruptly: abruptly))
            subscription.events.finish()
        }
    }
}
