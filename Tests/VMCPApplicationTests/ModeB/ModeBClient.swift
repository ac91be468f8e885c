// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import JSONTypes
import Synchronization
import TestSupport

/// An MCP client with a browser: registers, signs a person in, and gets tokens.
final class ModeBClient: Sendable {
    struct Tokens: Sendable {
        var access: String
        var refresh: String?
    }

    let http: MCPTestClient
    let provider: FakeProvider
    let resource: String
    private let cookies = Mutex<[String: String]>([:])
    private let clientID = Mutex("")
    private let redirectURI = "http://127.0.0.1:39999/callback"
    private let verifier = "verifier-verifier-verifier-verifier-verifier-0"

    init(port: Int, provider: FakeProvider) {
        http = MCPTestClient(port: port)
        self.provider = provider
        resource = "http://127.0.0.1:\(port)/mcp"
    }

    func register(scope: String = "openid offline_access") async throws {
        let reply = try await http.send(
            "POST",
            #"{"client_name":"Test client","redirect_uris":["\#(redirectURI)"],"scope":"\#(scope)"}"#,
            path: "/oauth/register", fields: [("Content-Type", "application/json")])
        let id = try reply.json["client_id"]?.string.orThrow("a client_id in \(reply.text)") ?? ""
        clientID.withLock { $0 = id }
    }

    var authorizePath: String {
        let challenge = Data(SHA256.hash(data: Data(verifier.utf8))).base64URL
        return "/oauth/authorize?response_type=code&client_id=\(clientID.withLock { $0 })&state=client-state"
            + "&redirect_uri=\(redirectURI.percentEncoded)&code_challenge=\(challenge)&code_challenge_method=S256"
            + "&resource=\(resource.percentEncoded)&scope=openid%20offline_access"
    }

    /// Signs `user` in and returns the authorization code.
    func authorize(_ user: String) async throws -> String {
        let page = try await browse("GET", authorizePath)
        let upstream = try await approve(page)
        let callback = try await browse("GET", try provider.signIn(user, at: upstream).pathAndQuery)
        let location = try callback.head["location"].orThrow("a redirect to the client, not \(callback.text)")
        return try Query(of: location)["code"].orThrow("a code in \(location)")
    }

    /// Approves the consent page; where the browser is sent.
    func approve(_ page: RawReply) async throws -> String {
        let txn = try page.text.hiddenField("txn").orThrow("a txn in \(page.text)")
        let csrf = try page.text.hiddenField("csrf").orThrow("a csrf value")
        let answer = try await browse(
            "POST", "/oauth/consent", form: "txn=\(txn.percentEncoded)&csrf=\(csrf.percentEncoded)&decision=approve")
        return try answer.head["location"].orThrow("a redirect to the provider, not \(answer.text)")
    }

    func redeem(_ code: String) async throws -> RawReply {
        try await token(
            "grant_type=authorization_code&code=\(code.percentEncoded)&code_verifier=\(verifier)"
                + "&redirect_uri=\(redirectURI.percentEncoded)")
    }

    func refresh(_ token: String) async throws -> RawReply {
        try await self.token("grant_type=refresh_token&refresh_token=\(token.percentEncoded)")
    }

    func signIn(_ user: String) async throws -> Tokens {
        try Self.tokens(await redeem(try await authorize(user)))
    }

    static func tokens(_ reply: RawReply) throws -> Tokens {
        Tokens(
            access: try reply.json["access_token"]?.string.orThrow("an access token in \(reply.text)") ?? "",
            refresh: try reply.json["refresh_token"]?.string)
    }

    /// An MCP client that sends this access token.
    func mcp(_ token: String) -> MCPTestClient {
        var client = http
        client.fields.append(("Authorization", "Bearer \(token)"))
        return client
    }

    private func token(_ form: String) async throws -> RawReply {
        try await http.send(
            "POST", form + "&client_id=\(clientID.withLock { $0 })", path: "/oauth/token",
            fields: [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")])
    }

    func browse(_ method: String, _ path: String, form: String? = nil) async throws -> RawReply {
        let jar = cookies.withLock { $0.map { "\($0.key)=\($0.value)" }.joined(separator: "; ") }
        var fields: [(name: String, value: String)] = [("Accept", "text/html"), ("Cookie", jar)]
        fields.append(("Content-Type", form == nil ? "" : "application/x-www-form-urlencoded"))
        let reply = try await http.send(method, form, path: path, fields: fields)
        for cookie in reply.head.all("set-cookie") {
            let pair = cookie.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { cookies.withLock { $0[String(pair[0])] = String(pair[1]) } }
        }
        return reply
    }
}

extension String {
    var percentEncoded: String {
        addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~"))) ?? self
    }

    var pathAndQuery: String {
        guard let components = URLComponents(string: self) else { return self }
        return components.percentEncodedPath + (components.percentEncodedQuery.map { "?\($0)" } ?? "")
    }

    func hiddenField(_ name: String) -> String? {
        for input in split(separator: "<input").dropFirst() where input.contains(#"name="\#(name)""#) {
            guard let start = input.firstRange(of: #"value=""#)?.upperBound else { continue }
            return String(input[start...].prefix { $0 != "\"" })
        }
        return nil
    }
}
