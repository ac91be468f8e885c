// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The parameters of a token exchange (RFC 8693 §2.1).
struct TokenExchangeForm: Sendable, Hashable {
    let subjectToken: String
    let actorToken: String?
    /// In their order, each once; `nil` when none was asked for.
    let scopes: [String]?
    let audiences: [String]
    let resource: String?

    /// - Throws: `invalid_request`.
    init(_ parameters: Parameters) throws(OAuthError) {
        guard let subjectToken = parameters["subject_token"] else {
            throw OAuthError(.invalidRequest, "The parameter subject_token is missing")
        }
        guard let type = parameters["subject_token_type"] else {
            throw OAuthError(.invalidRequest, "The parameter subject_token_type is missing")
        }
        guard TokenType.isPresentable(type) else {
            throw OAuthError(.invalidRequest, "The subject_token_type must be that of an access token or a JWT")
        }
        actorToken = parameters["actor_token"]
        let actorType = parameters["actor_token_type"]
        guard (actorToken == nil) == (actorType == nil) else {
            throw OAuthError(.invalidRequest, "The parameters actor_token and actor_token_type belong together")
        }
        guard actorType.map(TokenType.isPresentable) ?? true else {
            throw OAuthError(.invalidRequest, "The actor_token_type must be that of an access token or a JWT")
        }
        guard parameters["requested_token_type"].map({ $0.isExactly(TokenType.accessToken) }) ?? true else {
            throw OAuthError(.invalidRequest, "The only requested_token_type is that of an access token")
        }
        let resources = parameters.all("resource")
        guard resources.count <= 1 else {
            throw OAuthError(.invalidRequest, "Only one resource can be requested")
        }
        self.subjectToken = subjectToken
        resource = resources.first
        audiences = parameters.all("audience")
        scopes = parameters["scope"].map(Self.distinct)
    }

    private static func distinct(_ scope: String) -> [String] {
        var scopes: [String] = []
        for scope in scope.split(separator: " ").map(String.init) where !scopes.containsExactly(scope) {
            scopes.append(scope)
        }
        return scopes
    }
}
