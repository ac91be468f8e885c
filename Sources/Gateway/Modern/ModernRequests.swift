// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import MCPTypes
import Synchronization

/// The Modern requests that run at the moment, bounded in all and per principal: no session bounds them.
final class ModernRequests: Sendable {
    private struct State {
        /// Each knows its place, so that it is found without being looked for.
        var running: [InFlightRequest] = []
        /// Where in `tallies` each principal is.
        var perPrincipal: [Principal: Int] = [:]
        var tallies: [Tally] = []
        /// Places in `tallies` that nobody has.
        var free: [Int] = []
        var isClosed = false

        /// Enters a principal that has no request yet.
        mutating func open(_ tally: Tally) -> Int {
            let place = free.popLast() ?? tallies.count
            if place == tallies.count { tallies.append(tally) } else { tallies[place] = tally }
            perPrincipal[tally.principal] = place
            return place
        }

        mutating func forget(_ place: Int) {
            perPrincipal[tallies[place].principal] = nil
            // What is known of a person does not stay with an empty place.
            tallies[place].principal = .anonymous
            free.append(place)
        }
    }

    private struct Tally {
        var principal: Principal
        var running: Int
    }

    /// So many principals without a request are remembered: who comes again and again is not entered anew each time.
    private static let rememberedPrincipals = 256

    private let limits: GatewayLimits
    private let state = Mutex(State())

    init(limits: GatewayLimits) { self.limits = limits }

    var count: Int { state.withLock { $0.running.count } }

    /// - Throws: when there are too many, or no more are wanted.
    func begin(for principal: Principal) throws(RequestError) -> InFlightRequest {
        let request: InFlightRequest? = state.withLock { state in
            guard !state.isClosed, state.running.count < limits.modernRequests else { return nil }
            let own: Int
            if let known = state.perPrincipal[principal] {
                own = known
                guard state.tallies[own].running < limits.modernRequestsPerPrincipal else { return nil }
                state.tallies[own].running += 1
            } else {
                guard limits.modernRequestsPerPrincipal > 0 else { return nil }
                own = state.open(Tally(principal: principal, running: 1))
            }
            let request = InFlightRequest(tally: own)
            request.place.store(state.running.count, ordering: .relaxed)
            state.running.append(request)
            return request
        }
        guard let request else {
            throw RequestError(.overloaded, "Too many requests at a time; try again later", httpStatus: 503)
        }
        return request
    }

    func end(_ request: InFlightRequest) {
        request.end()
        state.withLock { state in
            let place = request.place.exchange(InFlightRequest.nowhere, ordering: .relaxed)
            guard place != InFlightRequest.nowhere, let last = state.running.popLast() else { return }
            if last !== request {
                state.running[place] = last
                last.place.store(place, ordering: .relaxed)
            }
            state.tallies[request.tally].running -= 1
            if state.tallies[request.tally].running == 0, state.perPrincipal.count > Self.rememberedPrincipals {
                state.forget(request.tally)
            }
        }
    }

    /// Stops everything that runs; each request is answered with an error.
    func close() {
        let running = state.withLock { state in
            state.isClosed = true
            return state.running
        }
        for request in running { request.cancel(isUnwanted: false) }
    }
}

extension RequestError {
    /// The error of a request that was stopped because the gateway ends, not because its client wanted that: it may have
    /// run.
    var ofShutdown: RequestError {
        guard code == .cancelled else { return self }
        return RequestError(
            .outcomeUnknown, "Outcome unknown: the gateway ended while the request was running; it may have run",
            httpStatus: 503)
    }
}
