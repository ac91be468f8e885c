// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import Logging
import Observability
import Synchronization

/// How we prove to an upstream's token endpoint that we are its client (RFC 6749 section 2.3.1).
enum UpstreamClientMethod: String, Sendable, Hashable, Codable {
    case none
    case basic = "client_secret_basic"
    case post = "client_secret_post"
}

/// We, as a client of one upstream.
struct UpstreamClient: Sendable {
    let id: String
    let secret: Secret?
    /// In the order in which they are tried; never empty.
    let methods: [UpstreamClientMethod]

    /// - Parameter supported: `token_endpoint_auth_methods_supported`; nil when there is no such list.
    /// - Returns: nil when there is a secret and no way to send it.
    init?(id: String, secret: Secret?, supported: [String]?, isOIDC: Bool) {
        self.id = id
        self.secret = secret
        guard secret != nil else {
            methods = [.none]
            return
        }
        guard let supported else {
            // Discovery without a list means basic (OpenID Connect Discovery 3); a configured endpoint was always sent
            // its credentials in the body.
            methods = isOIDC ? [.basic, .post] : [.post, .basic]
            return
        }
        methods = [UpstreamClientMethod.post, .basic].filter { supported.contains($0.rawValue) }
        guard !methods.isEmpty else { return nil }
    }

    init(id: String, secret: Secret?, method: UpstreamClientMethod) {
        self.id = id
        self.secret = secret
        methods = [method]
    }
}

/// Asks an upstream's token endpoint.
///
/// Where a provider takes credentials in the header and in the body, its registration of us may still be bound to one
/// of them. That is found out by its refusing us as a client, which it does before it looks at the grant, and kept.
final class UpstreamTokenEndpoint: Sendable {
    private let proven = Mutex<UpstreamClientMethod?>(nil)

    /// The object of a 200 answer.
    func request(
        _ parameters: [(name: String, value: String)], at url: String, as client: UpstreamClient,
        over http: UpstreamHTTP
    ) async throws(UpstreamError) -> JSONSlice {
        let known = proven.withLock { $0 }
        let methods = client.methods.filter { $0 == known } + client.methods.filter { $0 != known }
        var refusal = UpstreamError.notConfigured
        for method in methods {
            switch try await request(parameters, at: url, as: client, by: method, over: http) {
            case .granted(let object):
                proven.withLock { $0 = method }
                return object
            case .unknownClient(let error): refusal = error
            }
        }
        throw refusal
    }

    /// RFC 6749 section 6. The scopes are named, for some providers narrow the token otherwise; if they are more than
    /// what the person once granted, the provider's own memory of the grant decides.
    func refresh(
        with refreshToken: Secret, scopes: [String], more: [(name: String, value: String)] = [], at url: String,
        as client: UpstreamClient, over http: UpstreamHTTP
    ) async throws(UpstreamError) -> JSONSlice {
        let parameters =
            [(name: "grant_type", value: "refresh_token"), (name: "refresh_token", value: refreshToken.exposed)] + more
        guard !scopes.isEmpty else { return try await request(parameters, at: url, as: client, over: http) }
        let scope = (name: "scope", value: scopes.joined(separator: " "))
        do throws(UpstreamError) {
            return try await request(parameters + [scope], at: url, as: client, over: http)
        } catch {
            guard error == .refused(code: "invalid_scope") else { throw error }
            return try await request(parameters, at: url, as: client, over: http)
        }
    }

    private enum Answer {
        case granted(JSONSlice)
        /// `invalid_client`, or 401 with a code of the provider's own (RFC 6749 section 5.2).
        case unknownClient(UpstreamError)
    }

    private func request(
        _ parameters: [(name: String, value: String)], at url: String, as client: UpstreamClient,
        by method: UpstreamClientMethod, over http: UpstreamHTTP
    ) async throws(UpstreamError) -> Answer {
        var parameters = parameters
        var headers = [
            (name: "Accept", value: "application/json"),
            (name: "Content-Type", value: "application/x-www-form-urlencoded"),
        ]
        switch (method, client.secret) {
        case (.basic, let secret?):
            let credentials = "\(UpstreamForm.encode(client.id)):\(UpstreamForm.encode(secret.exposed))"
            headers.append(("Authorization", "Basic \(Data(credentials.utf8).base64EncodedString())"))
        case (.post, let secret?):
            parameters += [("client_id", client.id), ("client_secret", secret.exposed)]
        default:
            parameters.append(("client_id", client.id))
        }
        let reply: UpstreamHTTP.Reply
        do throws(UpstreamFetchError) {
            reply = try await http.send("POST", url, headers: headers, body: UpstreamForm.body(parameters))
        } catch {
            throw error.upstreamError
        }
        switch reply.status {
        case 200:
            guard let object = reply.object else { throw .invalidResponse }
            return .granted(object)
        case 400...499:
            let code = UpstreamText.errorCode(reply.object?["error"])
            if reply.status == 401 || code == "invalid_client" {
                return .unknownClient(.refused(code: code ?? "invalid_client"))
            }
            throw code.map { .refused(code: $0) } ?? .invalidResponse
        default:
            throw .invalidResponse
        }
    }
}
