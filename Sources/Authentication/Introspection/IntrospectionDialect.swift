// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import NIOCore
import Observability
import OutboundHTTP

/// How a server is asked about a token, and how its answer reads as claims.
enum IntrospectionDialect: Sendable, Hashable {
    /// RFC 7662.
    case standard
    /// `https://oauth2.googleapis.com/tokeninfo`.
    case google
    /// `https://api.github.com/applications/<client id>/token`.
    case github

    static let maximumBytes = 64 << 10
    static let timeout = Duration.seconds(5)

    /// Told apart by exact host and path, so that no other server gets tokens in a form that is not for it.
    init(url: String) {
        let url = try? OutboundURL(url)
        guard let url, url.scheme == .https, url.port == 443 else {
            self = .standard
            return
        }
        switch url.host {
        case .name("oauth2.googleapis.com") where url.target == "/tokeninfo": self = .google
        case .name("api.github.com") where url.target.hasPrefix("/applications/") && url.target.hasSuffix("/token"):
            self = .github
        default: self = .standard
        }
    }

    func request(for token: String, settings: IntrospectionSettings) -> OutboundRequest {
        var request = OutboundRequest(
            url: settings.url, headers: [("Accept", "application/json")], maximumBytes: Self.maximumBytes,
            timeout: Self.timeout)
        switch self {
        case .standard:
            request.method = "POST"
            request.headers.append(("Content-Type", "application/x-www-form-urlencoded"))
            request.headers += Self.authorization(settings) { FormEncoding.escape($0) }
            let form = FormEncoding.encode([("token", token), ("token_type_hint", "access_token")])
            request.body = Array(form.utf8)
        case .google:
            request.url += "?access_token=" + FormEncoding.escape(token)
        case .github:
            request.method = "POST"
            request.headers.append(("Content-Type", "application/json"))
            request.headers.append(("User-Agent", "vmcp"))
            request.headers += Self.authorization(settings) { $0 }
            request.body = Array(JSONSlice(.object(["access_token": .string(token)])).description.utf8)
        }
        return request
    }

    /// The claims of a live token.
    ///
    /// Throws `inactive` when the server says no and `unavailable` for every answer that is neither yes nor no, such as
    /// a refusal of our own credentials.
    func claims(in response: OutboundResponse) throws(TokenError) -> JSONSlice {
        switch self {
        case .standard: try Self.standardClaims(response)
        case .google: try Self.googleClaims(response)
        case .github: try Self.githubClaims(response)
        }
    }

    private static func standardClaims(_ response: OutboundResponse) throws(TokenError) -> JSONSlice {
        guard response.status == 200, let answer = object(response), let isActive = answer["active"]?.bool else {
            throw .unavailable
        }
        guard isActive else { throw .inactive }
        return answer.editing([JSONEdit(key: "active", value: nil)])
    }

    /// Its numbers are strings, and it answers 400 for a token that is not good.
    private static func googleClaims(_ response: OutboundResponse) throws(TokenError) -> JSONSlice {
        guard response.status != 400 else { throw .inactive }
        guard response.status == 200, let answer = object(response) else { throw .unavailable }
        var edits = [JSONEdit(key: "iss", value: JSONSlice(string: "https://accounts.google.com"))]
        for name in ["exp", "iat"] {
            guard let text = answer.member(name)?.string else { continue }
            guard let seconds = Int(text) else { throw .unavailable }
            edits.append(JSONEdit(key: name, value: JSONSlice(seconds)))
        }
        return answer.editing(edits)
    }

    /// It vouches for tokens of one OAuth app; there is neither issuer nor audience in the answer, and rarely an end.
    private static func githubClaims(_ response: OutboundResponse) throws(TokenError) -> JSONSlice {
        guard response.status != 404, response.status != 422 else { throw .inactive }
        guard response.status == 200, let answer = object(response), let user = answer["user"],
            let id = user["id"]?.int, id > 0
        else { throw .unavailable }
        var claims: JSONObject = [
            "iss": "https://github.com", "aud": "https://github.com", "sub": .string(String(id)),
        ]
        if let login = user["login"]?.string {
            claims.append("login", .string(login))
            claims.append("preferred_username", .string(login))
        }
        if let email = user["email"]?.string { claims.append("email", .string(email)) }
        if let name = user["name"]?.string { claims.append("name", .string(name)) }
        if let app = answer["app"]?["client_id"]?.string { claims.append("client_id", .string(app)) }
        let scopes = (answer["scopes"]?.elements).map { $0.compactMap(\.string) } ?? []
        if !scopes.isEmpty {
            claims.append("scope", .string(scopes.joined(separator: " ")))
            claims.append("scopes", .array(scopes.map { .string($0) }))
        }
        if let end = answer["expires_at"]?.string {
            guard let date = try? Date(end, strategy: .iso8601) else { throw .unavailable }
            claims.append("exp", .number(JSONNumber(Int(date.timeIntervalSince1970))))
        }
        return JSONSlice(.object(claims))
    }

    private static func object(_ response: OutboundResponse) -> JSONSlice? {
        let limits = JSONLimits(depth: 16, stringBytes: maximumBytes, values: 10_000)
        guard let answer = try? JSONSlice(validating: ByteBuffer(bytes: response.body), limits: limits),
            answer.kind == .object, answer.duplicateKey() == nil
        else { return nil }
        return answer
    }

    private static func authorization(
        _ settings: IntrospectionSettings, _ escape: (String) -> String
    ) -> [(name: String, value: String)] {
        guard !settings.clientID.isEmpty, let secret = settings.clientSecret, !secret.isEmpty else { return [] }
        let pair = "\(escape(settings.clientID)):\(escape(secret.exposed))"
        return [("Authorization", "Basic \(Data(pair.utf8).base64EncodedString())")]
    }
}
