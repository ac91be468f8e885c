// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import Logging
package import OutboundHTTP

/// Clients whose identifier is the URL of their metadata document.
///
/// A document is fetched by the guarded HTTP client, without redirects, and kept as long as its HTTP headers allow
/// between a minute and a day. Failures are never kept; a limit per host keeps strangers from making us ask for more.
/// Lookups of one document at the same time share one fetch.
package actor MetadataDocumentDirectory: ClientDirectory {
    package static let timeout: Duration = .seconds(5)
    package static let fetchLimit = RateLimit(burst: 10, perSecond: 10.0 / 60)
    /// Fetches of a host that only documents found there before may use: a stranger who asks for documents that do not
    /// exist cannot keep us from renewing those that do.
    package static let fetchReserve: Double = 4
    package static let maximumHosts = 1024
    package static let maximumFetches = 64

    /// A document that was found, and how long it counts. Its address is remembered longer than its contents.
    private struct Kept: Sendable {
        let client: OAuthClient?
        let freshUntil: Date
    }

    private let policy: ClientPolicy
    private let fallback: Int
    private let isDevelopment: Bool
    private let http: any OutboundHTTPClient
    private let now: @Sendable () -> Date
    private let logger: Logger
    private var kept: LRUTable<String, Kept>
    private var hosts = LRUTable<String, TokenBucket>(capacity: maximumHosts)
    private var fetches: [String: Task<Fetched, any Error>] = [:]

    private struct Fetched: Sendable {
        let client: OAuthClient
        let freshness: DocumentFreshness
    }

    /// - Parameter isDevelopment: whether this server itself is on a loopback address; only then are documents fetched
    ///   from there.
    package init(
        settings: AuthServerSettings.MetadataDocuments, policy: ClientPolicy, isDevelopment: Bool,
        http: any OutboundHTTPClient, now: @escaping @Sendable () -> Date = { Date() }, logger: Logger
    ) {
        self.policy = policy
        self.fallback = Int(settings.fallbackTTL.components.seconds)
        self.isDevelopment = isDevelopment
        self.http = http
        self.now = now
        self.logger = logger
        kept = LRUTable(capacity: settings.cacheSize)
    }

    /// `nil` while the operator has turned metadata documents off.
    package init?(
        _ settings: AuthServerSettings, http: any OutboundHTTPClient, now: @escaping @Sendable () -> Date = { Date() },
        logger: Logger
    ) {
        guard let documents = settings.metadataDocuments else { return nil }
        self.init(
            settings: documents, policy: ClientPolicy(settings),
            isDevelopment: settings.isDevelopment && RedirectURIRules.isLoopback(settings.issuer), http: http, now: now,
            logger: logger)
    }

    package func client(_ id: String) async throws(ClientLookupError) -> OAuthClient {
        guard let url = MetadataDocumentURL(id, isDevelopment: isDevelopment) else { throw .unknown }
        let found = kept.value(for: id)
        if let client = found?.client, let until = found?.freshUntil, now() < until { return client }
        let fetch = try fetch(url, isKnown: found != nil)
        do {
            return try await fetch.value.client
        } catch OutboundError.overloaded, OutboundError.closed {
            // Not the client's doing.
            throw .unavailable
        } catch {
            throw .unknown
        }
    }

    /// Documents are not ours to keep longer.
    package func proveUse(of client: OAuthClient) async {}

    private func fetch(_ url: MetadataDocumentURL, isKnown: Bool) throws(ClientLookupError) -> Task<Fetched, any Error>
    {
        if let running = fetches[url.text] { return running }
        guard fetches.count < Self.maximumFetches else { throw .unavailable }
        guard admit(host: url.host, isKnown: isKnown) else {
            logger.warning("A client's metadata is not fetched: too many fetches", metadata: ["host": "\(url.host)"])
            throw .unknown
        }
        // On its own, because those who wait share it: one of them going away must not end it for the others. The
        // client's time limit ends it.
        let task = Task { try await self.finish(url) }
        fetches[url.text] = task
        return task
    }

    private func finish(_ url: MetadataDocumentURL) async throws -> Fetched {
        defer { fetches[url.text] = nil }
        do {
            let fetched = try await load(url)
            keep(fetched, url.text)
            return fetched
        } catch {
            logger.warning(
                "A client's metadata document is refused", metadata: ["host": "\(url.host)", "reason": "\(error)"])
            throw error
        }
    }

    private func load(_ url: MetadataDocumentURL) async throws -> Fetched {
        let request = OutboundRequest(
            method: "GET", url: url.text, headers: [("accept", "application/json")], body: nil,
            maximumBytes: MetadataDocument.maximumBytes, timeout: Self.timeout)
        let response = try await http.send(request, policy: addresses(of: url))
        guard response.status == 200 else { throw FetchFailure.status(response.status) }
        guard MediaType.isJSON(response.header("content-type")) else { throw FetchFailure.mediaType }
        let document = try MetadataDocument(parsing: response.body, url: url.text, policy: policy)
        let client = OAuthClient(
            id: url.text, origin: .metadataDocument, name: document.name, redirectURIs: document.redirectURIs,
            grantTypes: document.grantTypes, scopes: document.scopes, audiences: policy.audiences,
            authenticationMethod: OAuthClient.AuthenticationMethod.none, applicationType: document.applicationType,
            requiresDPoP: document.requiresDPoP, requiresPushedRequests: document.requiresPushedRequests,
            createdAt: now(), fingerprint: document.fingerprint)
        let controls = response.headers.filter { $0.name.lowercased() == "cache-control" }.map(\.value)
        let freshness = DocumentFreshness(cacheControl: controls, age: response.header("age"), fallback: fallback)
        return Fetched(client: client, freshness: freshness)
    }

    private func keep(_ fetched: Fetched, _ id: String) {
        switch fetched.freshness {
        case .once: kept.set(Kept(client: nil, freshUntil: now()), for: id)
        case .seconds(let seconds):
            kept.set(Kept(client: fetched.client, freshUntil: now() + Double(seconds)), for: id)
        }
    }

    private func admit(host: String, isKnown: Bool) -> Bool {
        var bucket = hosts.value(for: host) ?? TokenBucket(full: Self.fetchLimit, at: now())
        let isAdmitted = bucket.take(Self.fetchLimit, at: now(), keeping: isKnown ? 0 : Self.fetchReserve)
        hosts.set(bucket, for: host)
        return isAdmitted
    }

    /// A public name must never lead to this computer, so loopback is only for hosts that say that they are.
    private func addresses(of url: MetadataDocumentURL) -> AddressPolicy {
        guard isDevelopment, url.uri.hasLoopbackHost else { return .strict }
        var policy = AddressPolicy.strict
        policy.allowsLoopback = true
        policy.allowsHTTP = true
        return policy
    }

    private enum FetchFailure: Error {
        case status(Int)
        case mediaType
    }
}
