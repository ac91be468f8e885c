// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import Logging
import OutboundHTTP
import Synchronization

/// Asks an introspection endpoint about tokens, once for all who send the same token at the same time.
///
/// A yes is remembered by the cache of verified tokens; a no for a few seconds here, so that a client in a loop does
/// not become load on the issuer.
final class TokenIntrospector: Sendable {
    static let negativeLifetime: TimeInterval = 3
    static let negativeCapacity = 1024
    static let maximumFlights = 256

    private struct State {
        var flights: [TokenKey: Task<Result<JSONSlice, TokenError>, Never>] = [:]
        var inactive: [TokenKey: Date] = [:]
    }

    private let settings: IntrospectionSettings
    private let dialect: IntrospectionDialect
    private let http: any OutboundHTTPClient
    private let policy: AddressPolicy
    private let now: @Sendable () -> Date
    private let logger: Logger
    private let state = Mutex(State())

    init(
        settings: IntrospectionSettings, http: any OutboundHTTPClient, policy: AddressPolicy,
        now: @escaping @Sendable () -> Date, logger: Logger
    ) {
        self.settings = settings
        dialect = IntrospectionDialect(url: settings.url)
        self.http = http
        self.policy = policy
        self.now = now
        self.logger = logger
    }

    private enum Entry {
        case flight(Task<Result<JSONSlice, TokenError>, Never>)
        case refused(TokenError)
    }

    /// The claims of a token that is live now. Fails closed: no answer is `unavailable`.
    func claims(of token: Substring, key: TokenKey) async throws(TokenError) -> JSONSlice {
        let now = now()
        let entry: Entry = state.withLock { state in
            if let until = state.inactive[key], until > now { return .refused(.inactive) }
            if let flight = state.flights[key] { return .flight(flight) }
            guard state.flights.count < Self.maximumFlights else { return .refused(.unavailable) }
            let token = String(token)
            let flight = Task { await self.ask(about: token, key: key) }
            state.flights[key] = flight
            return .flight(flight)
        }
        switch entry {
        case .refused(let error): throw error
        case .flight(let flight): return try await flight.value.get()
        }
    }

    private func ask(about token: String, key: TokenKey) async -> Result<JSONSlice, TokenError> {
        let result = await answer(about: token)
        let now = now()
        state.withLock { state in
            state.flights.removeValue(forKey: key)
            guard case .failure(.inactive) = result else { return }
            if state.inactive.count >= Self.negativeCapacity {
                state.inactive = state.inactive.filter { $0.value > now }
                // Still full: not remembering costs a question, nothing else.
                guard state.inactive.count < Self.negativeCapacity else { return }
            }
            state.inactive[key] = now.addingTimeInterval(Self.negativeLifetime)
        }
        return result
    }

    private func answer(about token: String) async -> Result<JSONSlice, TokenError> {
        let response: OutboundResponse
        do throws(OutboundError) {
            response = try await http.send(dialect.request(for: token, settings: settings), policy: policy)
        } catch {
            logger.warning("token introspection failed", metadata: ["reason": "\(error)"])
            return .failure(.unavailable)
        }
        do throws(TokenError) {
            return .success(try dialect.claims(in: response))
        } catch {
            if error == .unavailable {
                logger.warning("token introspection gave no answer", metadata: ["status": "\(response.status)"])
            }
            return .failure(error)
        }
    }
}
