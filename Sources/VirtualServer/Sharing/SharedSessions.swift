// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import Backends
package import JSONTypes
package import MCPTypes
package import NIOCore
import Synchronization

/// The backend sessions of clients that have none themselves: Modern requests of one principal that declare the same
/// capabilities share them.
package final class SharedSessions: Sendable {
    /// Who shares.
    private struct Key: Hashable {
        let login: LoginKey
        let fingerprint: CapabilityFingerprint
        let preference: EraPreference
    }

    /// The newest principal of a key: the same login, with a token that is good for longer.
    private final class Owner: Sendable {
        private let current: Mutex<Principal>

        init(_ principal: Principal) { current = Mutex(principal) }

        var principal: Principal {
            get { current.withLock { $0 } }
            set { current.withLock { $0 = newValue } }
        }
    }

    private struct Entry {
        let sessions: BackendSessions
        let owner: Owner
        var lastUse: NIODeadline
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var perPrincipal: [Principal: Int] = [:]
        var pools: LeasePools<BackendSession>
        var waiters: [Int: CheckedContinuation<LeasePools<BackendSession>.Grant?, Never>] = [:]
        var nextWaiter = 0
        var nextSweep: NIODeadline
        var isClosed = false
    }

    package let settings: SharingSettings
    private let credentials: CredentialSource
    private let inbound: @Sendable (Principal, String, MCPMethod, JSONSlice?) -> Void
    private let now: @Sendable () -> NIODeadline
    private let tasks = TaskSupervisor()
    private let state: Mutex<State>

    /// How often unused sessions are looked for.
    private static let sweepInterval = TimeAmount.seconds(5)

    /// How long sessions that are ending already may take at the end.
    private static let endTime = Duration.seconds(5)

    /// - Parameters:
    ///   - inbound: notifications of backends that belong to no call, with whose session they came on.
    ///   - now: the clock of idle times and waits.
    package init(
        settings: SharingSettings = SharingSettings(), credentials: CredentialSource = .none,
        inbound: @escaping @Sendable (Principal, String, MCPMethod, JSONSlice?) -> Void = { _, _, _, _ in },
        now: @escaping @Sendable () -> NIODeadline = { .now() }
    ) {
        self.settings = settings
        self.credentials = credentials
        self.inbound = inbound
        self.now = now
        state = Mutex(State(pools: LeasePools(settings: settings), nextSweep: now()))
    }

    /// How many sets of sessions there are, and of the exclusive sessions how many are leased, idle, and waited for.
    package var counts: (sets: Int, leased: Int, idle: Int, waiting: Int) {
        state.withLock { state in
            let pools = state.pools.totals
            return (state.entries.count, pools.leased, pools.idle, pools.waiting)
        }
    }

    /// The sessions of a request, to be asked for anew with each: unused ones end after a while.
    ///
    /// - Returns: `nil` when the principal, or all of them together, would have too many sets, and after `close`.
    package func sessions(
        for principal: Principal, capabilities: ClientCapabilities, preference: EraPreference = .modernFirst
    ) -> BackendSessions? {
        let key = Key(
            login: LoginKey(principal), fingerprint: CapabilityFingerprint(capabilities), preference: preference)
        let now = now()
        let (sessions, ended) = state.withLock { state -> (BackendSessions?, BackendSessions?) in
            if state.isClosed { return (nil, nil) }
            if let index = state.entries.index(forKey: key) {
                state.entries.values[index].lastUse = now
                state.entries.values[index].owner.principal = principal
                return (state.entries.values[index].sessions, nil)
            }
            var ended: BackendSessions?
            let own = state.perPrincipal[principal, default: 0]
            if own >= settings.perPrincipal || state.entries.count >= settings.maximumSets {
                // Someone's oldest set that nobody uses makes room; a principal's own one when it is its own limit.
                let isOwnLimit = own >= settings.perPrincipal
                let unused = state.entries.filter {
                    (!isOwnLimit || $0.key.login.principal == principal) && !$0.value.sessions.isInUse
                        && $0.value.lastUse + Self.sweepInterval <= now
                }
                guard let oldest = unused.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return (nil, nil) }
                ended = oldest.value.sessions
                Self.remove(oldest.key, from: &state)
            }
            let owner = Owner(principal)
            let entry = Entry(sessions: makeSessions(key, owner), owner: owner, lastUse: now)
            state.entries[key] = entry
            state.perPrincipal[principal, default: 0] += 1
            return (entry.sessions, ended)
        }
        if let ended { end([], [ended]) }
        return sessions
    }

    private func makeSessions(_ key: Key, _ owner: Owner) -> BackendSessions {
        BackendSessions(
            capabilities: key.fingerprint.capabilities(roots: settings.roots),
            inbound: { [inbound, principal = key.login.principal] backend, method, params in
                inbound(principal, backend, method, params)
            },
            channel: { nil },
            credential: { [credentials] backend in credentials.credential(backend) { owner.principal } },
            preference: key.preference, isShared: true)
    }

    private static func remove(_ key: Key, from state: inout State) {
        state.entries[key] = nil
        let count = state.perPrincipal[key.login.principal, default: 0] - 1
        state.perPrincipal[key.login.principal] = count > 0 ? count : nil
    }

    // MARK: Leases

    /// A session for one call of a caller whose sessions came from here.
    ///
    /// Where a question could belong to any call in flight, and the backend may ask, the lease is exclusive.
    ///
    /// - Parameter sessions: what is used where sessions can be shared.
    /// - Throws: -32603 with status 503 when no exclusive session became free in time.
    package func lease(
        _ backend: Backend, for principal: Principal, capabilities: ClientCapabilities, from sessions: BackendSessions,
        on shard: Shard, headers: ForwardedHeaders = .none
    ) async throws(RequestError) -> SessionLease {
        let fingerprint = CapabilityFingerprint(capabilities)
        guard let shared = sessions.session(with: backend, on: shard) else {
            throw BackendError.closed.requestError(backend: backend.name)
        }
        let mayAsk = !fingerprint.asksNothing(roots: settings.roots) && !backend.isKnownAsModern
        guard mayAsk, try await isSingleChannel(shared, on: shard, headers: headers) else {
            return SessionLease(session: shared, giveBack: nil)
        }
        let key = LeaseKey(backend: backend.name, login: LoginKey(principal), fingerprint: fingerprint)
        guard let grant = await acquire(key) else {
            if Task.isCancelled { throw BackendError.cancelled.requestError(backend: backend.name) }
            throw Self.busy
        }
        let session: BackendSession
        switch grant {
        case .reuse(let idle): session = idle
        case .open: session = makeSession(with: backend, key, principal)
        }
        return SessionLease(session: session) { [self] isUsable in giveBack(session, key, isUsable: isUsable) }
    }

    /// Over HTTP only the connection shows which of the transports the backend has.
    private func isSingleChannel(
        _ session: BackendSession, on shard: Shard, headers: ForwardedHeaders
    ) async throws(RequestError) -> Bool {
        if session.hasSingleChannel { return true }
        do throws(BackendError) {
            _ = try await session.open(on: shard, headers: headers)
        } catch {
            throw error.requestError(backend: session.backend.name)
        }
        return session.hasSingleChannel
    }

    private static var busy: RequestError {
        var error = RequestError(.internalError, "All sessions with the backend are busy; try again later")
            .because("backend_busy")
        error.httpStatus = 503
        return error
    }

    private func makeSession(with backend: Backend, _ key: LeaseKey, _ principal: Principal) -> BackendSession {
        let name = backend.name
        let newest = Key(login: key.login, fingerprint: key.fingerprint, preference: .modernFirst)
        let owner = state.withLock { $0.entries[newest]?.owner } ?? Owner(principal)
        return BackendSession(
            backend: backend, capabilities: key.fingerprint.capabilities(roots: settings.roots),
            inbound: { [inbound] method, params in inbound(key.login.principal, name, method, params) },
            credential: credentials.credential(backend) { owner.principal }, preference: .modernFirst, isShared: true)
    }

    private func acquire(_ key: LeaseKey) async -> LeasePools<BackendSession>.Grant? {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (grant, waits, ended) = state.withLock {
                    state -> (LeasePools<BackendSession>.Grant?, Bool, BackendSession?) in
                    if state.isClosed || Task.isCancelled { return (nil, false, nil) }
                    let (answer, ended) = state.pools.acquire(key, waiter: number, now: now())
                    switch answer {
                    case .granted(let grant): return (grant, false, ended)
                    case .busy: return (nil, false, ended)
                    case .waits:
                        state.waiters[number] = continuation
                        return (nil, true, ended)
                    }
                }
                if let ended { end([ended], []) }
                if !waits { continuation.resume(returning: grant) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<LeasePools<BackendSession>.Grant?, Never>? in
                guard state.pools.abandon(number, of: key) else { return nil }
                return state.waiters.removeValue(forKey: number)
            }
            waiter?.resume(returning: nil)
        }
    }

    private func giveBack(_ session: BackendSession, _ key: LeaseKey, isUsable: Bool) {
        let (waiter, grant, ended) = state.withLock { state in
            let result = state.pools.giveBack(session, of: key, isUsable: isUsable, now: now())
            let waiter = result.next.flatMap { state.waiters.removeValue(forKey: $0.waiter) }
            return (waiter, result.next?.grant, result.ended)
        }
        waiter?.resume(returning: grant)
        if let ended { end([ended], []) }
    }

    // MARK: Time and end

    /// Sweeps from now on, until `close`.
    package func start(on shard: Shard) {
        shard.eventLoop.execute { [self] in shard.watch(self) }
    }

    /// Ends what nobody uses, and turns away those who have waited too long for a lease.
    package func sweep(now: NIODeadline) {
        let (late, sessions, sets) = state.withLock { state in
            let swept = state.pools.sweep(now: now)
            let late = swept.late.compactMap { state.waiters.removeValue(forKey: $0) }
            guard now >= state.nextSweep else { return (late, swept.ended, [BackendSessions]()) }
            state.nextSweep = now + Self.sweepInterval
            var ended = swept.ended
            var sets: [BackendSessions] = []
            for (key, entry) in state.entries {
                if entry.lastUse + settings.idleTime <= now, !entry.sessions.isInUse {
                    sets.append(entry.sessions)
                    Self.remove(key, from: &state)
                } else {
                    ended += entry.sessions.takeIdle(since: now - settings.idleProcessTime) { $0.hasSingleChannel }
                }
            }
            return (late, ended, sets)
        }
        for waiter in late { waiter.resume(returning: nil) }
        end(sessions, sets)
    }

    private func end(_ sessions: [BackendSession], _ sets: [BackendSessions]) {
        guard !sessions.isEmpty || !sets.isEmpty else { return }
        tasks.run {
            await withDiscardingTaskGroup { group in
                for session in sessions { group.addTask { await session.close() } }
                for set in sets { group.addTask { await set.close() } }
            }
        }
    }

    /// Ends every session, those that are leased when they are given back. Nothing is shared afterwards.
    package func close() async {
        let (waiters, idle, sets) = state.withLock { state in
            state.isClosed = true
            let (_, idle) = state.pools.close()
            let waiters = Array(state.waiters.values)
            let sets = state.entries.values.map(\.sessions)
            state.waiters = [:]
            state.entries = [:]
            state.perPrincipal = [:]
            return (waiters, idle, sets)
        }
        for waiter in waiters { waiter.resume(returning: nil) }
        await withDiscardingTaskGroup { group in
            for session in idle { group.addTask { await session.close() } }
            for set in sets { group.addTask { await set.close() } }
        }
        await tasks.finish(within: Self.endTime)
    }
}

extension Backend {
    /// Modern servers do not ask in the middle of a call.
    fileprivate var isKnownAsModern: Bool {
        switch settings.era {
        case .modern: true
        case .legacy: false
        case .auto: eras.modern == true
        }
    }
}

extension SharedSessions: Sweepable {}
