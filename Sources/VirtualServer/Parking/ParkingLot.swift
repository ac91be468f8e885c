// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import Backends
import Foundation
package import JSONTypes
package import Logging
package import MCPTypes
import NIOCore
import Synchronization

/// Keeps calls of Modern clients to Legacy backends alive while the client answers the backend's questions.
///
/// A Legacy backend asks in the middle of a call; a Modern client is told by the end of its request, and answers with the
/// next one (2026-07-28, Multi Round-Trip Requests). In between the backend's call waits here. A call is made once and
/// never again, whatever happens.
package final class ParkingLot: Sendable {
    /// Makes the backend's call over `session`, telling and asking `channel`. Progress is wanted: the call's
    /// `progressToken` is `ParkingLot.progressToken`, because a later request may bring a token.
    package typealias Operation =
        @Sendable (_ channel: any ClientChannel, _ session: BackendSession) async throws(RequestError) -> JSONSlice

    private struct State {
        var parks: [String: Park] = [:]
        var perPrincipal: [Principal: Int] = [:]
        var perBackend: [String: Int] = [:]
        var tombstones = Tombstones()
        /// Exclusive sessions on which a cancelled call may still go on.
        var draining: [(lease: SessionLease, until: NIODeadline)] = []
        /// The only one that is pending, however many calls are parked.
        var nextWake: Wake?
        var isDraining = false
    }

    private struct Wake {
        let deadline: NIODeadline
        let cancel: ParkClock.Cancel
    }

    package let settings: ParkingSettings
    /// This replica's name among its peers.
    package let instance: String
    /// Another one with each start: what was parked before is gone.
    let boot: String
    let clock: ParkClock
    let logger: Logger
    let counters = ParkingCounters()
    private let shared: SharedSessions
    private let sealer: StateSeal
    private let tasks = TaskSupervisor()
    private let state = Mutex(State())

    package init(
        settings: ParkingSettings, shared: SharedSessions, seal: StateSeal, clock: ParkClock, logger: Logger,
        instance: String = "local"
    ) {
        self.settings = settings
        self.shared = shared
        self.sealer = seal
        self.clock = clock
        self.logger = logger
        self.instance = instance
        boot = Base64URL.random()
    }

    /// What a parked call's progress comes under; clients get their own tokens.
    package static let progressToken = JSONSlice(0)

    package var counts: ParkingCounts { counters.counts }

    /// Live calls, and the questions of backends that wait in them.
    package var count: Int { state.withLock { $0.parks.count } }
    package var waitingQuestions: Int {
        state.withLock { Array($0.parks.values) }.reduce(0) { $0 + $1.waitingQuestions }
    }

    /// Whether calls of `principal` are parked: who cannot be told apart from others could be answered in their place.
    package func isEnabled(for principal: Principal) -> Bool {
        settings.isOn && (settings.allowsAnonymous || principal != .anonymous)
    }

    /// What a Legacy backend may ask of a client that declared this.
    func relayed(_ declared: CapabilityFingerprint) -> CapabilityFingerprint {
        settings.roots ? declared : declared.subtracting(.roots)
    }

    // MARK: Calls

    /// Makes a call that may be parked: `tools/call`, `prompts/get` or `resources/read` of a Modern client.
    ///
    /// Over a Modern connection `operation` runs as it is, with the caller's own channel.
    ///
    /// - Returns: the backend's result, or one that is `input_required`.
    package func run(
        _ subject: StateSubject, caller: Caller, backend: Backend, operation: @escaping Operation
    ) async throws(RequestError) -> JSONSlice {
        let (lease, handshake) = try await connection(with: backend, for: caller)
        guard handshake.revision.era == .legacy else {
            defer { lease.end(isSettled: true) }
            return try await operation(caller.channel, lease.session)
        }
        await raise(lease.session, for: caller)
        let declared = relayed(CapabilityFingerprint(caller.channel.capabilities))
        let isEnabled = isEnabled(for: caller.principal)
        if !isEnabled || declared.asksNothing(roots: settings.roots) {
            defer { lease.end(isSettled: true) }
            let channel = RefusingChannel(caller.channel)
            do throws(RequestError) {
                return try await operation(channel, lease.session)
            } catch {
                throw error.isBackendsOwn ? channel.explanation(backend: backend.name) ?? error : error
            }
        }
        let park = Park(
            id: Base64URL.random(), subject: subject, caller: caller, backend: backend, lease: lease, lot: self,
            revision: handshake.revision)
        park.start(operation, on: caller.shard)
        return try await park.firstAnswer()
    }

    private func connection(
        with backend: Backend, for caller: Caller
    ) async throws(RequestError) -> (SessionLease, Handshake) {
        // Where nobody can be asked, it does not matter whose question it is.
        let declared = isEnabled(for: caller.principal) ? caller.channel.capabilities : .none
        while true {
            let lease = try await shared.lease(
                backend, for: caller.principal, capabilities: declared, from: caller.sessions, on: caller.shard,
                headers: caller.headers)
            let handshake: Handshake
            do throws(BackendError) {
                handshake = try await lease.session.open(on: caller.shard, headers: caller.headers)
            } catch {
                lease.end(isSettled: false)
                throw error.requestError(backend: backend.name)
            }
            // It was leased before its era was known; Modern sessions are shared.
            guard lease.isExclusive, handshake.revision.era == .modern, backend.eras.modern == true else {
                return (lease, handshake)
            }
            lease.end(isSettled: true)
        }
    }

    /// Takes a request with a state that opened as one of ours.
    ///
    /// - Parameters:
    ///   - responses: the request's `inputResponses`.
    /// - Throws: the errors of a state that has no call any more, or of answers that do not fit; the call goes on.
    package func resume(
        _ opened: OpenedState, subject: StateSubject, responses: JSONSlice?, caller: Caller
    ) async throws(RequestError) -> JSONSlice {
        let fields = opened.fields
        guard opened.kind == .park, let id = fields["p"]?.string, let round = fields["r"]?.int,
            let owner = fields["n"]?.string, let boot = fields["b"]?.string
        else { throw StateSeal.invalidState }
        guard owner == instance, boot == self.boot else { throw ParkError.gone }
        let (park, end) = state.withLock { ($0.parks[id], $0.tombstones[id]) }
        guard let park else {
            logger.debug(
                "A request came for a parked call that has ended",
                metadata: ["park": "\(id.prefix(8))", "reason": "\(end?.rawValue ?? "unknown")"])
            throw ParkError.gone
        }
        if let responses, responses.bytes.readableBytes > settings.responseBytes {
            throw ParkError.tooLarge(limit: settings.responseBytes)
        }
        return try await park.resume(round: round, responses: responses, caller: caller)
    }

    // MARK: Parks

    /// Called with the park's lock held; takes only its own.
    func admit(_ park: Park) -> Bool {
        state.withLock { state in
            let principal = park.subject.principal
            let ofPrincipal = state.perPrincipal[principal, default: 0]
            let ofBackend = state.perBackend[park.backend.name, default: 0]
            guard !state.isDraining, state.parks.count < settings.maximumParks, ofPrincipal < settings.perPrincipal,
                ofBackend < settings.perBackend
            else { return false }
            state.parks[park.id] = park
            state.perPrincipal[principal] = ofPrincipal + 1
            state.perBackend[park.backend.name] = ofBackend + 1
            return true
        }
    }

    /// - Parameter reason: `nil` when the call was never parked.
    func release(_ park: Park, _ lease: SessionLease, reason: ParkEnd?, isSettled: Bool) {
        let now = clock.now()
        let waits = !isSettled && lease.isExclusive
        if let reason { counters.closed(reason) }
        state.withLock { state in
            if waits { state.draining.append((lease, now + settings.cancelDrain)) }
            guard let reason, state.parks.removeValue(forKey: park.id) != nil else { return }
            Self.decrement(&state.perPrincipal, park.subject.principal)
            Self.decrement(&state.perBackend, park.backend.name)
            state.tombstones.bury(
                park.id, reason, until: now + settings.tombstoneTime, now: now, maximum: settings.maximumTombstones)
        }
        if waits { wake(at: now + settings.cancelDrain) } else { lease.end(isSettled: isSettled) }
    }

    private static func decrement<Key: Hashable>(_ counts: inout [Key: Int], _ key: Key) {
        let count = counts[key, default: 0] - 1
        counts[key] = count > 0 ? count : nil
    }

    func seal(_ park: Park, round: Int) throws(RequestError) -> String {
        let expires = clock.date().addingTimeInterval(Double(settings.roundTime.nanoseconds) / 1e9)
        return try sealer.seal(
            .park,
            [
                "p": .string(park.id), "r": .number(JSONNumber(round)), "n": .string(instance), "b": .string(boot),
            ], for: park.subject, expires: expires)
    }

    func raiseLogLevel(of session: BackendSession, for caller: Caller) {
        guard caller.logLevel != nil else { return }
        tasks.run(on: caller.shard.executor) { [self] in await raise(session, for: caller) }
    }

    private func raise(_ session: BackendSession, for caller: Caller) async {
        guard let level = caller.logLevel else { return }
        do throws(BackendError) {
            try await session.raiseLogLevel(to: level, on: caller.shard)
        } catch {
            session.backend.logger.warning("The log level could not be set", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Time

    /// Makes sure that the clock is looked at by then.
    func wake(at deadline: NIODeadline) {
        state.withLock { state in
            if let next = state.nextWake {
                if next.deadline <= deadline { return }
                next.cancel()
            }
            let delay = max(deadline - clock.now(), .nanoseconds(0))
            let cancel = clock.wake(delay) { [weak self] in self?.sweep() }
            state.nextWake = Wake(deadline: deadline, cancel: cancel)
        }
    }

    /// Does what has become due.
    package func sweep() {
        let now = clock.now()
        let (parks, settled) = state.withLock { state in
            if let next = state.nextWake, next.deadline <= now {
                next.cancel()
                state.nextWake = nil
            }
            let settled = state.draining.filter { $0.until <= now }.map(\.lease)
            state.draining.removeAll { $0.until <= now }
            return (Array(state.parks.values), settled)
        }
        for lease in settled { lease.end(isSettled: false) }
        var deadlines = parks.compactMap { $0.sweep(now: now) }
        deadlines += state.withLock { $0.draining.map(\.until) }
        if let next = deadlines.min() { wake(at: next) }
    }

    // MARK: End

    /// Ends every call of `principal`, or everyone's: whoever administrates the gateway took a permission away.
    package func revoke(of principal: Principal? = nil) {
        let parks = state.withLock { Array($0.parks.values) }
        for park in parks where principal == nil || park.subject.principal == principal {
            park.handle(.revoke(.revoked))
        }
    }

    /// No call is parked from now on.
    package func beginDraining() { state.withLock { $0.isDraining = true } }

    /// Waits until every parked call has ended, but no longer than `limit`; the rest is cancelled.
    package func close(within limit: Duration) async {
        beginDraining()
        let deadline = ContinuousClock.now + limit
        while count > 0, ContinuousClock.now < deadline { try? await Task.sleep(for: .milliseconds(20)) }
        for park in state.withLock({ Array($0.parks.values) }) { park.handle(.revoke(.shutdown)) }
        let leases = state.withLock { state in
            defer { state.draining = [] }
            return state.draining.map(\.lease)
        }
        for lease in leases { lease.end(isSettled: false) }
        tasks.cancelAll()
    }
}

/// Why calls that have ended did so, for the log of requests that come too late.
private struct Tombstones {
    private var reasons: [String: ParkEnd] = [:]
    private var order: [(id: String, until: NIODeadline)] = []
    private var first = 0

    subscript(id: String) -> ParkEnd? { reasons[id] }

    mutating func bury(_ id: String, _ reason: ParkEnd, until: NIODeadline, now: NIODeadline, maximum: Int) {
        reasons[id] = reason
        order.append((id, until))
        while first < order.count, order[first].until <= now || order.count - first > maximum {
            reasons[order[first].id] = nil
            first += 1
        }
        if first > 1024, first * 2 > order.count {
            order.removeFirst(first)
            first = 0
        }
    }
}
