// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import OutboundHTTP

/// Finds out who guards a remote MCP server (MCP 2025-11-25, Authorization).
struct ResourceDiscovery: Sendable {
    private static let wellKnown = "/.well-known/oauth-protected-resource"
    /// Says nothing and changes nothing; without a token it is not even looked at.
    private static let probe = #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#

    struct Found: Sendable {
        let resource: RemoteResource
        /// What the challenge demands, which is the resource's last word for its operation.
        let challengedScopes: [String]?
    }

    private let url: OutboundURL
    private let resource: CanonicalResource
    private let configuredHTTP: UpstreamHTTP
    private let namedHTTP: UpstreamHTTP
    private let namedRule: UpstreamEndpointRule

    init(_ url: OutboundURL, _ resource: CanonicalResource, client: any OutboundHTTPClient, policy: AddressPolicy) {
        self.url = url
        self.resource = resource
        configuredHTTP = UpstreamHTTP(client: client, policy: policy)
        namedHTTP = UpstreamHTTP(client: client, policy: policy.forURLs(namedBy: url.text))
        namedRule = UpstreamEndpointRule(policy, namedBy: url)
    }

    /// The document that the challenge of a request without a token names, else the one at the path's own well-known
    /// place, else the one at the root's.
    func find() async throws(UpstreamStartError.Problem) -> Found {
        let challenge = await challenge()
        let scopes = challenge?.scopes
        if let named = challenge?["resource_metadata"], !named.isEmpty {
            guard let url = namedRule.endpoint(named) else { throw .endpoint(.resource, "resource_metadata") }
            if let resource = try await read(url.text, over: namedHTTP) {
                return Found(resource: resource, challengedScopes: scopes)
            }
        }
        for place in places {
            if let resource = try await read(place, over: configuredHTTP) {
                return Found(resource: resource, challengedScopes: scopes)
            }
        }
        throw .noResourceMetadata
    }

    /// RFC 9728 section 3.1: between the host and what follows it; then without what follows it.
    var places: [String] {
        let origin = String(url.text.dropLast(url.target.count))
        let parts = url.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].hasSuffix("/") ? parts[0].dropLast() : parts[0]
        let query = parts.count > 1 ? "?" + parts[1] : ""
        let root = origin + Self.wellKnown
        let inserted = root + path + query
        return inserted == root ? [root] : [inserted, root]
    }

    /// What a request without a token is answered. No answer is no challenge: the documents may be there all the same.
    private func challenge() async -> AuthenticationChallenge? {
        let headers = [
            (name: "Accept", value: "application/json, text/event-stream"),
            (name: "Content-Type", value: "application/json"),
        ]
        let reply = try? await configuredHTTP.send("POST", url.text, headers: headers, body: Array(Self.probe.utf8))
        guard let reply, reply.status == 401 else { return nil }
        return AuthenticationChallenge.bearer(in: reply.challenges)
    }

    /// - Returns: nil when there is no document, so that the next place may have one.
    private func read(
        _ place: String, over http: UpstreamHTTP
    ) async throws(UpstreamStartError.Problem) -> RemoteResource? {
        guard let document = try await UpstreamDocument.at(place, over: http, .resource) else { return nil }
        return try RemoteResource(reading: document, of: resource)
    }
}

extension UpstreamDocument {
    /// A document at one of several places: nil where there is none, or a page for people instead.
    static func at(
        _ place: String, over http: UpstreamHTTP, _ kind: UpstreamStartError.Document
    ) async throws(UpstreamStartError.Problem) -> JSONSlice? {
        do throws(UpstreamFetchError) {
            return try await http.document(at: place)
        } catch {
            switch error {
            case .status, .malformed, .redirected: return nil
            case .transport, .busy: throw .fetch(kind, error)
            }
        }
    }
}
