// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
package import Foundation
package import Logging
import Observability
package import OutboundHTTP
import Storage
import Synchronization

/// A remote MCP server that is protected by an authorization server of its own choice.
///
/// Where people sign in for it is the server's word, asked for when the first of them does so and now and then again.
/// It says nothing about who they are: the token is all that a leg brings.
package final class MCPUpstream: StartableUpstream {
    /// How old what the server said may become, and how soon it is asked again after it did not answer.
    static let maximumMetadataAge: TimeInterval = 3600
    static let failurePause: TimeInterval = 15
    /// The same while nobody waits for it.
    static let maintenancePause: TimeInterval = 300
    /// How long a registration is kept that nobody uses: which servers there are is the remote server's word.
    static let registrationLifetime: TimeInterval = 90 * 86_400

    package let name: String
    package let isOptional: Bool

    let resource: CanonicalResource
    let settings: UpstreamSettings
    let registrar: ClientRegistrar
    let upgrades: ScopeUpgrades
    let endpoint = UpstreamTokenEndpoint()
    let now: @Sendable () -> Date
    let logger: Logger
    private let issuer: String?
    private let url: OutboundURL
    private let client: any OutboundHTTPClient
    private let flights = SharedFlights<String, Result<Known, UpstreamStartError.Problem>>()
    private let state = Mutex(State())

    private struct State {
        var known: Known?
        var failure: UpstreamStartError.Problem?
        /// What the server said last cannot be: until it says something better, nobody's tokens go anywhere.
        var isUnusable = false
        var attemptedAt = Date.distantPast
    }

    /// What the server and its authorization server said.
    struct Known: Sendable {
        let resource: RemoteResource
        let challengedScopes: [String]?
        let server: RemoteAuthorizationServer
        /// For what the authorization server names.
        let http: UpstreamHTTP
        let fetchedAt: Date
    }

    /// - Throws: `UpstreamStartError` for settings that cannot work; nothing is fetched before somebody signs in.
    package init(
        _ settings: UpstreamSettings, remote: UpstreamSettings.RemoteServer, records: RecordStore,
        http client: any OutboundHTTPClient, now: @escaping @Sendable () -> Date, logger: Logger
    ) throws(UpstreamStartError) {
        guard let url = UpstreamEndpointRule(configured: settings.addresses).endpoint(remote.resource),
            let resource = CanonicalResource(remote.resource)
        else { throw UpstreamStartError(settings.name, .url(setting: "resource")) }
        guard settings.clientID.isEmpty || remote.issuer != nil else {
            throw UpstreamStartError(settings.name, .missing(setting: "issuer"))
        }
        let reserved = UpstreamForm.reserved.union(["resource"])
        if let parameter = settings.additionalParameters.first(where: { reserved.contains($0.name) }) {
            throw UpstreamStartError(settings.name, .reservedParameter(parameter.name))
        }
        name = settings.name
        isOptional = settings.isOptional
        issuer = remote.issuer
        self.url = url
        self.resource = resource
        self.settings = settings
        self.client = client
        self.now = now
        self.logger = logger
        registrar = ClientRegistrar(
            upstream: settings.name, redirectURI: settings.redirectURI, statement: ClientRegistrar.Statement(),
            lifetime: Self.registrationLifetime, records: records, now: now, logger: logger)
        upgrades = ScopeUpgrades(records: records, now: now)
    }

    package var scopes: [String] {
        guard settings.scopes.isEmpty, let known = state.withLock({ $0.known }) else { return settings.scopes }
        return known.usualScopes
    }

    package var host: String {
        state.withLock { $0.known }?.server.authorizationEndpoint.displayHost ?? url.displayHost
    }

    /// A server that is away must not keep people from everything else, so nothing is asked of it here.
    package func start() async throws(UpstreamStartError) {}

    /// What is in use is kept fresh, so that a change of the authorization server is seen without a sign-in.
    package func maintain() async {
        let (known, isUnusable, attemptedAt) = state.withLock { ($0.known, $0.isUnusable, $0.attemptedAt) }
        guard known.map({ !isFresh($0) }) ?? isUnusable,
            now().timeIntervalSince(attemptedAt) >= Self.maintenancePause
        else { return }
        // What went wrong has been logged, and whoever needs it is told.
        _ = try? await current()
    }

    package func honours(_ binding: UpstreamBinding?) -> Bool {
        guard let binding, CanonicalResource(binding.resource)?.covers(resource) == true else { return false }
        // The operator's word counts from the start, before the server was asked anything.
        if let issuer, !UpstreamText.areEqual(issuer, binding.issuer) { return false }
        let (known, isUnusable) = state.withLock { ($0.known, $0.isUnusable) }
        guard let known else { return !isUnusable }
        return UpstreamText.areEqual(known.server.issuer, binding.issuer)
    }

    private func isFresh(_ known: Known) -> Bool {
        let age = now().timeIntervalSince(known.fetchedAt)
        return age >= 0 && age < Self.maximumMetadataAge
    }

    /// What the server says now, or said within the hour. Where it does not answer, what it said before stays in use;
    /// where it says something that cannot be, nothing does.
    func current() async throws(UpstreamError) -> Known {
        let (known, failure) = state.withLock { state in
            let pause = now().timeIntervalSince(state.attemptedAt)
            return (state.known, pause >= 0 && pause < Self.failurePause ? state.failure : nil)
        }
        if let known, isFresh(known) || failure != nil { return known }
        if let failure { throw failure.upstreamError }
        switch await flights.run("", { await self.discover(before: known) }) {
        case .success(let known): return known
        case .failure(let problem): throw problem.upstreamError
        }
    }

    private func discover(before: Known?) async -> Result<Known, UpstreamStartError.Problem> {
        do throws(UpstreamStartError.Problem) {
            let known = try await find(preferring: before?.server.issuer)
            state.withLock { state in
                state.known = known
                state.failure = nil
                state.isUnusable = false
                state.attemptedAt = now()
            }
            if let before, !UpstreamText.areEqual(before.server.issuer, known.server.issuer) {
                logger.warning(
                    "The remote MCP server has another authorization server now; everybody has to sign in there",
                    metadata: ["upstream": "\(name)"])
            }
            return .success(known)
        } catch {
            let remaining = state.withLock { state in
                if !error.isPassing {
                    state.known = nil
                    if error.isContradiction { state.isUnusable = true }
                }
                state.failure = error
                state.attemptedAt = now()
                return state.known
            }
            logger.warning(
                "The authorization of a remote MCP server cannot be found out",
                metadata: ["upstream": "\(name)", "reason": "\(error)"])
            return remaining.map { .success($0) } ?? .failure(error)
        }
    }

    private func find(preferring before: String?) async throws(UpstreamStartError.Problem) -> Known {
        let found = try await ResourceDiscovery(url, resource, client: client, policy: settings.addresses).find()
        let servers = found.resource.authorizationServers
        let chosen: String
        if let issuer {
            guard servers.contains(where: { UpstreamText.areEqual($0, issuer) }) else { throw .otherIssuer }
            chosen = issuer
        } else {
            chosen = servers.first { server in before.map { UpstreamText.areEqual($0, server) } ?? false } ?? servers[0]
        }
        // The operator's own word may name this machine; the resource's may not, unless it is on it.
        let policy = settings.addresses.forURLs(namedBy: url.text)
        guard let issuerURL = UpstreamEndpointRule(settings.addresses, namedBy: url).endpoint(chosen),
            !issuerURL.target.contains("?")
        else { throw .endpoint(.resource, "authorization_servers") }
        let server = try await RemoteAuthorizationServer.find(chosen, issuerURL, client: client, policy: policy)
        return Known(
            resource: found.resource, challengedScopes: found.challengedScopes, server: server,
            http: UpstreamHTTP(client: client, policy: policy.forURLs(namedBy: issuerURL.text)), fetchedAt: now())
    }
}

extension MCPUpstream.Known {
    /// What the resource wants, as far as it says so: nothing is asked for otherwise, and the server decides.
    var usualScopes: [String] { challengedScopes ?? resource.scopes ?? [] }
}

extension UpstreamStartError.Problem {
    /// Whether the server says what cannot be, of which an attacker could be the author; a page that is missing during a
    /// deployment is no such thing, and must not sign people out.
    var isContradiction: Bool {
        switch self {
        case .otherIssuer, .otherResource, .issuerMismatch, .endpoint: true
        default: false
        }
    }

    /// Whether it says nothing about the upstream but that it is away.
    var isPassing: Bool {
        switch self {
        case .fetch(_, .transport), .fetch(_, .busy), .storage: true
        default: false
        }
    }

    var upstreamError: UpstreamError {
        switch self {
        case .fetch(_, let error): error.upstreamError
        case .storage: .unreachable
        case .registrationRefused(let code): .refused(code: code)
        default: .notConfigured
        }
    }
}
