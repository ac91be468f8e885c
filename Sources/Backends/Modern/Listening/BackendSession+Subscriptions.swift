// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization

/// A listening request that is open, and who waits for what comes of it.
struct OpenListening: Sendable {
    let call: PendingCall
    let number: Int
    let listener: ModernListener
}

/// Being told of changes by a Modern backend: one request with the union of what is wanted
/// (2026-07-28, Subscriptions).
extension BackendSession {
    /// The lists whose changes the backend tells this session of. Legacy backends announce as they like.
    var pushedKinds: Set<CapabilityKind> {
        guard let connection = readyConnection() else { return [] }
        guard let modern = connection.link.modern else { return Set(CapabilityKind.allCases) }
        return modern.listener.pushedKinds
    }

    /// What should be listened for on a connection with this handshake.
    func listenFilter(_ handshake: Handshake) -> ListenFilter {
        // Not `listChanged`: real servers declare it and do not honour it, and the other way round. The
        // acknowledgement tells.
        let capabilities = handshake.capabilities
        let kinds = Set(CapabilityKind.allCases.filter(capabilities.has))
        return state.withLock { state in
            ListenFilter(
                kinds: state.wantsListening ? kinds : [], uris: state.subscriptions,
                taskIDs: capabilities.tasks ? state.listenedTasks : [])
        }
    }

    /// Brings a Modern connection's listening in line with what is wanted.
    func adjustListening(on shard: Shard) {
        guard let connection = readyConnection(), let modern = connection.link.modern else { return }
        var filter = listenFilter(connection.handshake)
        while true {
            modern.listener.want(filter, over: modern, on: shard)
            // Another loop may have wanted something newer in between.
            let current = listenFilter(connection.handshake)
            if current == filter { return }
            filter = current
        }
    }

    func subscribeModern(to uri: String, over link: any ModernLink, options: CallOptions) async throws(BackendError) {
        let isNew = state.withLock { $0.subscriptions.insert(uri).inserted }
        do throws(BackendError) {
            try await join(.resource(uri), over: link, options: options)
        } catch {
            if isNew {
                state.withLock { _ = $0.subscriptions.remove(uri) }
                adjustListening(on: options.shard)
            }
            throw error
        }
    }

    /// Waits until the backend tells of something that is in the filter by now.
    func join(
        _ subject: ListenFilter.Subject, over link: any ModernLink, options: CallOptions
    ) async throws(BackendError) {
        adjustListening(on: options.shard)
        let waiter = PendingCall(
            id: 0, shard: options.shard, timeout: .zero,
            deadline: .now() + (options.timeout ?? backend.settings.requestTimeout))
        options.shard.watch(waiter)
        link.listener.join(subject, waiter)
        let outcome = await waiter.wait()
        options.shard.unwatch(waiter)
        link.listener.forget(waiter)
        if case .failed(let error) = outcome { throw error }
    }

    // MARK: Requests that stay open

    /// They are no calls: nobody waits for their answer, and nothing that a backend asks belongs to them.
    func registerListening(_ number: Int, by listener: ModernListener, on shard: Shard) -> PendingCall {
        state.withLock { state in
            let call = PendingCall(id: state.nextID, shard: shard, timeout: .zero, deadline: .distantFuture)
            state.nextID += 1
            state.listening[call.id] = OpenListening(call: call, number: number, listener: listener)
            return call
        }
    }

    func unregisterListening(_ call: PendingCall) {
        state.withLock { _ = $0.listening.removeValue(forKey: call.id) }
    }

    /// The request that a message belongs to, by the stream that it came on or the id that it carries.
    func listening(during call: PendingCall?, _ params: JSONSlice?) -> OpenListening? {
        let id = call?.id ?? params?["_meta"]?[ModernMeta.subscriptionIDKey]?.int
        return id.flatMap { id in state.withLock { $0.listening[id] } }
    }
}
