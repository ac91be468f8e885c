// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import Authentication
import Backends
import JSONTypes
import Logging
import MCPTypes
import Synchronization

/// The resources that Modern clients listen to, each watched once per backend and credential for all of them, over
/// backend sessions of their own (2026-07-28, Subscriptions).
///
/// Sessions exist as long as something is watched through them. A backend that is lost and comes back is subscribed to
/// again by its session.
package final class ResourceWatches: Sendable {
    /// Who is asking, as far as a backend can tell.
    private struct Context: Hashable {
        /// `nil` where everybody looks the same.
        let login: LoginKey?
        let headers: ForwardedHeaders
    }

    private struct Place: Hashable {
        let backend: String
        let uri: String
    }

    private struct Group {
        let sessions: BackendSessions
        let latestPrincipal: LatestPrincipal
        private(set) var resources: [Place: WatchedResource] = [:]
        /// How many URIs have each length in bytes: others need not be looked for.
        private(set) var lengths: [Int: Int] = [:]

        mutating func add(_ resource: WatchedResource, at place: Place) {
            resources[place] = resource
            lengths[place.uri.utf8.count, default: 0] += 1
        }

        mutating func remove(_ place: Place) {
            guard resources.removeValue(forKey: place) != nil else { return }
            let count = place.uri.utf8.count
            let left = lengths[count, default: 1] - 1
            lengths[count] = left > 0 ? left : nil
        }
    }

    private struct State {
        var groups: [Context: Group] = [:]
        var count = 0
        var isClosed = false
    }

    private let server: VirtualServer
    private let maximum: Int
    private let tasks = TaskSupervisor()
    private let state = Mutex(State())

    /// - Parameter maximum: how many resources may be watched at a time.
    package init(server: VirtualServer, maximum: Int = 100_000) {
        self.server = server
        self.maximum = maximum
    }

    /// How many resources are watched.
    package var count: Int { state.withLock { $0.count } }

    /// A listener's place at one resource.
    package struct Watch: Sendable {
        fileprivate let resource: WatchedResource
        fileprivate let listener: any ResourceListener

        package func end() { resource.remove(listener) }
    }

    /// Tells `listener` of changes of a resource from now on; `nil` when that cannot be had: nobody has the resource, or
    /// its backend does not tell, or is away.
    package func watch(_ uri: String, for caller: Caller, _ listener: any ResourceListener) async -> Watch? {
        guard let name = await server.owner(ofResource: uri, for: caller), let backend = server.backends[name]
        else { return nil }
        while !Task.isCancelled {
            guard let resource = resource(uri, of: backend, for: caller) else { return nil }
            switch await resource.add(listener) {
            case .listening: return Watch(resource: resource, listener: listener)
            case .refused: return nil
            case .retired: await Task.yield()
            }
        }
        return nil
    }

    /// Ends all sessions, and with them everything that is watched.
    package func close() async {
        let groups = state.withLock { state in
            state.isClosed = true
            defer {
                state.groups = [:]
                state.count = 0
            }
            return Array(state.groups.values)
        }
        await withDiscardingTaskGroup { tasks in
            for group in groups { tasks.addTask { await group.sessions.close() } }
        }
    }

    // MARK: Groups

    private func resource(_ uri: String, of backend: Backend, for caller: Caller) -> WatchedResource? {
        let context = Context(
            login: backend.settings.credentials == .ofCaller ? LoginKey(caller.principal) : nil, headers: caller.headers
        )
        let place = Place(backend: backend.name, uri: uri)
        return state.withLock { state in
            guard !state.isClosed else { return nil }
            var group = state.groups[context] ?? makeGroup(context, caller)
            group.latestPrincipal.principal = caller.principal
            if let resource = group.resources[place] { return resource }
            guard state.count < maximum else { return nil }
            let resource = makeResource(place, backend, context, group.sessions, caller.shard)
            group.add(resource, at: place)
            state.groups[context] = group
            state.count += 1
            return resource
        }
    }

    private func makeGroup(_ context: Context, _ caller: Caller) -> Group {
        let latest = LatestPrincipal(caller.principal)
        let sessions = BackendSessions(
            capabilities: .none,
            inbound: { [weak self] backend, method, params in
                guard method == .resourceUpdated, let params else { return }
                self?.updated(params, by: backend, in: context)
            },
            channel: { nil },
            credential: { [credentials = server.credentials] backend in
                credentials.credential(backend) { latest.principal }
            })
        return Group(sessions: sessions, latestPrincipal: latest)
    }

    private func makeResource(
        _ place: Place, _ backend: Backend, _ context: Context, _ sessions: BackendSessions, _ shard: Shard
    ) -> WatchedResource {
        let options = BackendSession.CallOptions(shard: shard, headers: context.headers, isRepeatable: true)
        let params = JSONSlice(["uri": .string(place.uri)])
        return WatchedResource(
            tasks: tasks, on: shard.executor,
            subscribe: {
                guard let session = sessions.session(with: backend, on: shard) else { return false }
                do throws(BackendError) {
                    let handshake = try await session.open(on: shard, headers: context.headers)
                    guard handshake.capabilities.subscribe else { return false }
                    try await session.subscribe(to: place.uri, params: params, options: options)
                    return true
                } catch {
                    backend.logger.info("A resource cannot be watched", metadata: ["error": "\(error)"])
                    return false
                }
            },
            unsubscribe: {
                guard let session = sessions.session(with: backend, on: shard) else { return }
                do throws(BackendError) {
                    try await session.unsubscribe(from: place.uri, params: params, options: options)
                } catch {
                    // Updates that still come are for nobody and are dropped.
                    backend.logger.debug("A resource is still watched", metadata: ["error": "\(error)"])
                }
            },
            onRetirement: { [weak self] in self?.retire($0, place, context) })
    }

    private func retire(_ resource: WatchedResource, _ place: Place, _ context: Context) {
        let idle = state.withLock { state -> BackendSessions? in
            guard var group = state.groups[context], group.resources[place] === resource else { return nil }
            group.remove(place)
            state.count -= 1
            state.groups[context] = group.resources.isEmpty ? nil : group
            return group.resources.isEmpty ? group.sessions : nil
        }
        if let idle { tasks.run { await idle.close() } }
    }

    // MARK: Updates

    /// A server may announce a sub-resource of what was subscribed to; each listener hears of it once.
    private func updated(_ params: JSONSlice, by backend: String, in context: Context) {
        guard let uri = params["uri"]?.string else { return }
        // What an update costs grows with its URI.
        guard uri.utf8.count <= FreeText.maximumURILength else {
            server.logger.debug(
                "Nobody is told of a change of a resource whose URI is too long",
                metadata: ["backend": "\(backend)", "bytes": "\(uri.utf8.count)"])
            return
        }
        let resources = state.withLock { state -> [WatchedResource] in
            guard let group = state.groups[context] else { return [] }
            var found: [WatchedResource] = []
            if let resource = group.resources[Place(backend: backend, uri: uri)] { found.append(resource) }
            for (count, byte) in uri.utf8.enumerated() where byte == UInt8(ascii: "/") && group.lengths[count] != nil {
                let parent = String(Substring(uri.utf8.prefix(count)))
                if let resource = group.resources[Place(backend: backend, uri: parent)] { found.append(resource) }
            }
            return found
        }
        var told: Set<ObjectIdentifier> = []
        for resource in resources {
            for listener in resource.listeners where told.insert(ObjectIdentifier(listener)).inserted {
                listener.resourceUpdated(params)
            }
        }
    }
}

/// The principal as the last request showed it: tokens change while a resource is watched.
private final class LatestPrincipal: Sendable {
    private let state: Mutex<Principal>

    init(_ principal: Principal) { state = Mutex(principal) }

    var principal: Principal {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
