// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
package import Observability

/// What a request says about which client sent it, before anything is believed.
package struct ClientCredentials: Sendable, Hashable {
    package enum Channel: Sendable, Hashable {
        /// `Authorization: Basic` (RFC 6749 §2.3.1).
        case header
        case body
    }

    package let id: String
    /// `nil` when there is none; an empty one counts as none.
    package let secret: Secret?
    package let channel: Channel

    private static let maximumHeaderBytes = 8192
    private static let jwtAssertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    /// Whether a request tries to say who sent it, in any way (RFC 7523 grants need not).
    package static func arePresent(in request: EndpointRequest) -> Bool {
        !request.http.headers("authorization").isEmpty
            || ["client_id", "client_secret", "client_assertion", "client_assertion_type"].contains {
                request.parameters[$0] != nil
            }
    }

    /// - Throws: `invalid_request` when there are none, or more than one kind; `invalid_client` for kinds that no
    ///   client can use and for headers that cannot be read.
    package init(_ request: EndpointRequest) throws(OAuthError) {
        let parameters = request.parameters
        let bodySecret = parameters["client_secret"].map(Secret.init)
        let headers = request.http.headers("authorization")
        try Self.checkAssertion(parameters, hasOtherMethod: !headers.isEmpty || bodySecret != nil)

        guard let header = headers.first else {
            guard let id = parameters["client_id"] else {
                throw OAuthError(.invalidRequest, "The request names no client")
            }
            self.init(id: id, secret: bodySecret, channel: .body)
            return
        }
        guard headers.count == 1 else {
            throw OAuthError(.invalidRequest, "The request has more than one Authorization header")
        }
        guard bodySecret == nil else {
            throw OAuthError(.invalidRequest, "The client must authenticate in one way only")
        }
        let (id, secret) = try Self.basic(header)
        if let other = parameters["client_id"], !other.utf8.elementsEqual(id.utf8) {
            throw OAuthError(.invalidRequest, "The header and the body name different clients")
        }
        self.init(id: id, secret: secret.isEmpty ? nil : Secret(secret), channel: .header)
    }

    private init(id: String, secret: Secret?, channel: Channel) {
        self.id = id
        self.secret = secret
        self.channel = channel
    }

    private static func checkAssertion(_ parameters: Parameters, hasOtherMethod: Bool) throws(OAuthError) {
        let type = parameters["client_assertion_type"]
        let assertion = parameters["client_assertion"]
        guard type != nil || assertion != nil else { return }
        guard type == jwtAssertion, assertion != nil else {
            throw OAuthError(.invalidRequest, "The client assertion is incomplete or of an unknown type")
        }
        guard !hasOtherMethod else { throw OAuthError(.invalidRequest, "The client must authenticate in one way only") }
        throw OAuthError(.invalidClient, "Clients cannot authenticate with assertions here")
    }

    private static func basic(_ header: String) throws(OAuthError) -> (id: String, secret: String) {
        let unreadable = OAuthError(.invalidClient, "The Authorization header has no readable Basic credentials")
        let parts = header.split(separator: " ", maxSplits: 1)
        guard header.utf8.count <= maximumHeaderBytes, parts.count == 2, parts[0].lowercased() == "basic",
            let pair = Data(base64Encoded: String(parts[1].drop { $0 == " " })),
            let colon = pair.firstIndex(of: UInt8(ascii: ":")),
            let id = Parameters.decoded(pair[..<colon]), !id.isEmpty,
            let secret = Parameters.decoded(pair[(colon + 1)...])
        else { throw unreadable }
        return (id, secret)
    }
}
