// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Backends
package import JSONTypes
package import MCPTypes
import NIOCore
package import OutgoingAuth
import Synchronization

/// The backend sessions of one client, each opened when first needed.
package final class BackendSessions: Sendable {
    private struct State {
        var sessions: [String: BackendSession] = [:]
        var logLevel: LogLevel?
        var isListening = false
        var isClosed = false
        var links = RecentLinks()
        /// When a shared session was last asked for.
        var uses: [String: NIODeadline] = [:]
    }

    private let capabilities: ClientCapabilities
    private let inbound: @Sendable (String, MCPMethod, JSONSlice?) -> Void
    private let channel: @Sendable () -> (any ClientChannel)?
    private let credential: @Sendable (Backend) -> (any BackendCredential)?
    private let preference: EraPreference
    private let isShared: Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - capabilities: what the client declared.
    ///   - inbound: notifications that belong to no call, with the name of the backend that sent them.
    ///   - channel: where questions go that belong to no call.
    ///   - credential: what the client's requests to a backend carry to prove whose they are.
    ///   - preference: the client's era.
    ///   - isShared: whether several clients of one principal use these sessions at a time.
    package init(
        capabilities: ClientCapabilities,
        inbound: @escaping @Sendable (String, MCPMethod, JSONSlice?) -> Void,
        channel: @escaping @Sendable () -> (any ClientChannel)?,
        credential: @escaping @Sendable (Backend) -> (any BackendCredential)? = { _ in nil },
        preference: EraPreference = .legacyFirst, isShared: Bool = false
    ) {
        self.capabilities = capabilities
        self.isShared = isShared
        self.inbound = inbound
        self.channel = channel
        self.credential = credential
        self.preference = preference
    }

    /// The session with `backend`; it connects with its first call. `nil` once everything is closed.
    package func session(with backend: Backend, on shard: Shard) -> BackendSession? {
        let (session, isNew, listens) = state.withLock { state -> (BackendSession?, Bool, Bool) in
            if state.isClosed { return (nil, false, false) }
            if isShared { state.uses[backend.name] = .now() }
            if let session = state.sessions[backend.name] { return (session, false, false) }
            let name = backend.name
            let session = BackendSession(
                backend: backend, capabilities: capabilities,
                inbound: { [inbound] method, params in inbound(name, method, params) },
                channel: channel, credential: credential(backend), preference: preference, isShared: isShared)
            if let level = state.logLevel { session.presetLogLevel(level) }
            state.sessions[name] = session
            return (session, true, state.isListening)
        }
        if isNew && listens { session?.listen(on: shard) }
        return session
    }

    /// The way to the client for what belongs to no call; `nil` where there is none.
    var generalChannel: (any ClientChannel)? { channel() }

    /// The sessions that have been asked for so far.
    package var opened: [BackendSession] { state.withLock { Array($0.sessions.values) } }

    /// Whether ending all sessions now would be noticed.
    var isInUse: Bool { state.withLock { $0.isListening || $0.sessions.values.contains { $0.isInUse } } }

    /// Takes out the sessions that are costly to keep and that nobody has asked for since `limit`.
    func takeIdle(since limit: NIODeadline, where isCostly: (BackendSession) -> Bool) -> [BackendSession] {
        state.withLock { state in
            let idle = state.sessions.filter { name, session in
                isCostly(session) && state.uses[name] ?? .distantPast <= limit && !session.isInUse
            }
            for name in idle.keys {
                state.sessions[name] = nil
                state.uses[name] = nil
            }
            return Array(idle.values)
        }
    }

    /// Backends are listened to outside of calls only while the client has a stream on which it could be told, so that
    /// an idle client costs no connection.
    package func setListening(_ isListening: Bool, on shard: Shard) {
        let sessions = state.withLock { state -> [BackendSession] in
            guard state.isListening != isListening, !state.isClosed else { return [] }
            state.isListening = isListening
            return Array(state.sessions.values)
        }
        for session in sessions {
            if isListening {
                session.listen(on: shard)
            } else if !session.hasSubscriptions {
                session.stopListening()
            }
        }
    }

    package func setLogLevel(_ level: LogLevel) -> [BackendSession] {
        state.withLock { state in
            state.logLevel = level
            return Array(state.sessions.values)
        }
    }

    package func close() async {
        let sessions = state.withLock { state in
            state.isClosed = true
            defer { state.sessions = [:] }
            return Array(state.sessions.values)
        }
        await withDiscardingTaskGroup { group in
            for session in sessions { group.addTask { await session.close() } }
        }
    }

    // MARK: Links that results pointed to

    func remember(link uri: String, of backend: String) {
        state.withLock { $0.links.remember(uri, of: backend) }
    }

    func backend(ofLink uri: String) -> String? {
        state.withLock { $0.links[uri] }
    }
}

/// Which backend's result named a resource that no list holds, so that following the link works.
private struct RecentLinks {
    private var backends: [String: String] = [:]
    private var order: [String] = []

    static let maximum = 256

    subscript(uri: String) -> String? { backends[uri] }

    mutating func remember(_ uri: String, of backend: String) {
        if backends.updateValue(backend, forKey: uri) == nil {
            order.append(uri)
            if order.count > Self.maximum { backends[order.removeFirst()] = nil }
        }
    }
}
