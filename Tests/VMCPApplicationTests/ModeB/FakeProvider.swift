// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import JSONTypes
import NIOCore
import Synchronization
import TestSupport

/// An OpenID provider on loopback whose users sign in by a method call.
final class FakeProvider: Sendable {
    struct Grant: Sendable {
        var user: String
        var nonce: String
        var challenge: String
    }

    private struct State {
        var grants: [String: Grant] = [:]
        var refreshTokens: [String: String] = [:]
        var issued = 0
        var lifetime = 3600
        var refusesRefresh = false
    }

    private let state: Mutex<State>
    private let key = P256.Signing.PrivateKey()
    private let http: Mutex<ScriptedHTTPBackend?> = Mutex(nil)

    private init() { state = Mutex(State()) }

    static func start() async throws -> FakeProvider {
        let provider = FakeProvider()
        let server = try await ScriptedHTTPBackend.start { request, reply in provider.answer(request, reply) }
        provider.http.withLock { $0 = server }
        return provider
    }

    func stop() async { await http.withLock { $0 }?.stop() }

    var issuer: String { "http://127.0.0.1:\(http.withLock { $0?.port ?? 0 })" }

    /// Seconds that access tokens live from now on.
    func issue(lifetime: Int) { state.withLock { $0.lifetime = lifetime } }
    func refuseRefresh() { state.withLock { $0.refusesRefresh = true } }
    var requestedPaths: [String] { http.withLock { $0 }?.requests.map(\.target) ?? [] }

    /// The user signs in where the authorization server sent the browser; where the browser goes next.
    func signIn(_ user: String, at location: String) throws -> String {
        let query = Query(of: location)
        let code = "code-\(UUID().uuidString)"
        let grant = Grant(
            user: user, nonce: try query["nonce"].orThrow("a nonce"),
            challenge: try query["code_challenge"].orThrow("a challenge"))
        state.withLock { $0.grants[code] = grant }
        let redirect = try query["redirect_uri"].orThrow("a redirect_uri")
        return "\(redirect)?code=\(code)&state=\(try query["state"].orThrow("a state"))"
    }

    private func answer(_ request: ScriptedRequest, _ reply: ScriptedReply) {
        switch request.target {
        case "/.well-known/openid-configuration":
            reply.json(
                #"{"issuer":"\#(issuer)","authorization_endpoint":"\#(issuer)/authorize","#
                    + #""token_endpoint":"\#(issuer)/token","jwks_uri":"\#(issuer)/jwks","#
                    + #""response_types_supported":["code"],"id_token_signing_alg_values_supported":["ES256"],"#
                    + #""subject_types_supported":["public"]}"#)
        case "/jwks":
            let point = key.publicKey.rawRepresentation
            reply.json(
                #"{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"k1","#
                    + #""x":"\#(point.prefix(32).base64URL)","y":"\#(point.suffix(32).base64URL)"}]}"#)
        case "/token": token(Query(String(buffer: request.body)), reply)
        default: reply.respond(404)
        }
    }

    private func token(_ form: Query, _ reply: ScriptedReply) {
        let answer: String? = state.withLock { state in
            let user: String
            var nonce: String?
            if let code = form["code"], let grant = state.grants.removeValue(forKey: code) {
                let digest = Data(SHA256.hash(data: Data((form["code_verifier"] ?? "").utf8)))
                guard digest.base64URL == grant.challenge else { return nil }
                (user, nonce) = (grant.user, grant.nonce)
            } else if let token = form["refresh_token"], !state.refusesRefresh,
                let owner = state.refreshTokens.removeValue(forKey: token)
            {
                user = owner
            } else {
                return nil
            }
            state.issued += 1
            let refresh = "upstream-refresh-\(user)-\(state.issued)"
            state.refreshTokens[refresh] = user
            let idToken = signedToken(user, nonce: nonce)
            return #"{"access_token":"upstream-\#(user)-\#(state.issued)","token_type":"Bearer","#
                + #""expires_in":\#(state.lifetime),"refresh_token":"\#(refresh)","id_token":"\#(idToken)"}"#
        }
        if let answer { reply.json(answer) } else { reply.json(#"{"error":"invalid_grant"}"#, status: 400) }
    }

    private func signedToken(_ user: String, nonce: String?) -> String {
        let now = Int(Date().timeIntervalSince1970)
        let header = Data(#"{"alg":"ES256","kid":"k1","typ":"JWT"}"#.utf8).base64URL
        let nonce = nonce.map { #","nonce":"\#($0)""# } ?? ""
        let claims =
            #"{"iss":"\#(issuer)","aud":"vmcp","sub":"\#(user)-at-provider","name":"\#(user)","iat":\#(now),"exp":\#(now + 300)\#(nonce)}"#
        let input = "\(header).\(Data(claims.utf8).base64URL)"
        let signature = try? key.signature(for: Data(input.utf8))
        return "\(input).\(signature?.rawRepresentation.base64URL ?? "")"
    }
}

/// The parameters of a URL or a form.
struct Query {
    private let items: [URLQueryItem]

    init(of url: String) { items = URLComponents(string: url)?.queryItems ?? [] }

    init(_ form: String) {
        var components = URLComponents()
        components.percentEncodedQuery = form.replacing("+", with: "%20")
        items = components.queryItems ?? []
    }

    subscript(name: String) -> String? { items.first { $0.name == name }?.value }
}

extension Data {
    var base64URL: String {
        base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
