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
        var perPrincipal: [Principal: Int] = [:]
        var isClosed = false
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
            if let own = state.perPrincipal.index(forKey: principal) {
                guard state.perPrincipal.values[own] < limits.modernRequestsPerPrincipal else { return nil }
                state.perPrincipal.values[own] += 1
            } else {
                guard limits.modernRequestsPerPrincipal > 0 else { return nil }
                state.perPrincipal[principal] = 1
            }
            let request = InFlightRequest()
            request.place.store(state.running.count, ordering: .relaxed)
            state.running.append(request)
            return request
        }
        guard let request else {
            throw RequestError(.overloaded, "Too many requests at a time; try again later", httpStatus: 503)
        }
        return request
    }

    func end(_ request: InFlightRequest, of principal: Principal) {
        request.end()
        state.withLock { state in
            let place = request.place.exchange(InFlightRequest.nowhere, ordering: .relaxed)
            guard place != InFlightRequest.nowhere, let last = state.running.popLast() else { return }
            if last !== request {
                state.running[place] = last
                last.place.store(place, ordering: .relaxed)
            }
            guard let own = state.perPrincipal.index(forKey: principal) else { return }
            state.perPrincipal.values[own] -= 1
            if state.perPrincipal.values[own] == 0, state.perPrincipal.count > Self.rememberedPrincipals {
                state.perPrincipal.remove(at: own)
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
