// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import MCPTypes
import Synchronization

/// The Modern requests that run at the moment, bounded in all and per principal: no session bounds them.
final class ModernRequests: Sendable {
    private struct State {
        var running: [ObjectIdentifier: InFlightRequest] = [:]
        var perPrincipal: [Principal: Int] = [:]
        var isClosed = false
    }

    private let limits: GatewayLimits
    private let state = Mutex(State())

    init(limits: GatewayLimits) { self.limits = limits }

    var count: Int { state.withLock { $0.running.count } }

    /// - Throws: when there are too many, or no more are wanted.
    func begin(for principal: Principal) throws(RequestError) -> InFlightRequest {
        let request: InFlightRequest? = state.withLock { state in
            let own = state.perPrincipal[principal, default: 0]
            guard !state.isClosed, state.running.count < limits.modernRequests,
                own < limits.modernRequestsPerPrincipal
            else { return nil }
            let request = InFlightRequest()
            state.running[ObjectIdentifier(request)] = request
            state.perPrincipal[principal, default: 0] += 1
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
            guard state.running.removeValue(forKey: ObjectIdentifier(request)) != nil else { return }
            guard let own = state.perPrincipal.index(forKey: principal) else { return }
            state.perPrincipal.values[own] -= 1
            if state.perPrincipal.values[own] == 0 { state.perPrincipal.remove(at: own) }
        }
    }

    /// Stops everything that runs; each request is answered with an error.
    func close() {
        let running = state.withLock { state in
            state.isClosed = true
            return Array(state.running.values)
        }
        for request in running { request.cancel(isUnwanted: false) }
    }
}

extension RequestError {
    /// A request that ended because the gateway does, not because its client wanted that: it may have run.
    var ofShutdown: RequestError {
        guard code == .cancelled else { return self }
        return RequestError(
            .outcomeUnknown, "Outcome unknown: the gateway ended while the request was running; it may have run",
            httpStatus: 503)
    }
}
