// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Backends
import MCPTypes
import NIOCore
import Synchronization
import VirtualServer

/// All Legacy sessions over HTTP, bounded in all and per principal.
final class SessionTable: Sendable {
    private struct State {
        var sessions: [String: ClientSession] = [:]
        var perPrincipal: [Principal: Int] = [:]
    }

    private let limits: GatewayLimits
    private let state = Mutex(State())

    init(limits: GatewayLimits) { self.limits = limits }

    var count: Int { state.withLock { $0.sessions.count } }

    enum Refusal: Error { case tooMany, tooManyForPrincipal }

    func insert(_ session: ClientSession) throws(Refusal) {
        let refusal: Refusal? = state.withLock { state in
            guard state.sessions.count < limits.sessions else { return .tooMany }
            let own = state.perPrincipal[session.principal, default: 0]
            guard own < limits.sessionsPerPrincipal else { return .tooManyForPrincipal }
            state.sessions[session.id] = session
            state.perPrincipal[session.principal] = own + 1
            return nil
        }
        if let refusal { throw refusal }
    }

    /// The session, if it exists and belongs to `principal`: to anyone else it does not exist.
    func session(_ id: String, for principal: Principal) -> ClientSession? {
        guard let session = state.withLock({ $0.sessions[id] }), session.principal == principal else { return nil }
        return session
    }

    /// Takes the session out; only one caller gets it.
    func remove(_ id: String, for principal: Principal) -> ClientSession? {
        state.withLock { state in
            guard let session = state.sessions[id], session.principal == principal else { return nil }
            Self.remove(session, &state)
            return session
        }
    }

    private static func remove(_ session: ClientSession, _ state: inout State) {
        guard state.sessions.removeValue(forKey: session.id) != nil else { return }
        let left = state.perPrincipal[session.principal, default: 1] - 1
        state.perPrincipal[session.principal] = left > 0 ? left : nil
    }

    var all: [ClientSession] { state.withLock { Array($0.sessions.values) } }

    /// Takes out the sessions that nobody has used for too long.
    func removeIdle(now: NIODeadline) -> [ClientSession] {
        let limit = now - limits.sessionIdleTime
        return state.withLock { state in
            let idle = state.sessions.values.filter { $0.isIdle(since: limit) }
            for session in idle { Self.remove(session, &state) }
            return idle
        }
    }

    func removeAll() -> [ClientSession] {
        state.withLock { state in
            defer { state = State() }
            return Array(state.sessions.values)
        }
    }

    /// 128 random bits in visible ASCII (2025-11-25, Transports, Session Management).
    static func newID() -> String { UniqueID.make() }
}
