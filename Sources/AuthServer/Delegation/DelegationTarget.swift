// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What a delegated token is asked for: within what the client may have and what the subject's token is good for.
struct DelegationTarget: Sendable {
    /// `allowed_audiences`.
    let allowed: [String]

    /// Each scope must be the client's and the subject's; none asked for means none.
    func scopes(
        _ form: TokenExchangeForm, _ subject: SubjectToken, _ client: OAuthClient
    ) throws(OAuthError) -> [String] {
        guard let scopes = form.scopes else { return [] }
        guard !scopes.isEmpty else { throw OAuthError(.invalidScope, "The scope names nothing") }
        guard scopes.allSatisfy(client.scopes.containsExactly) else {
            throw OAuthError(.invalidScope, "A requested scope is not registered for the client")
        }
        guard scopes.allSatisfy(subject.scopes.containsExactly) else {
            throw OAuthError(.invalidScope, "A requested scope is not in the subject token")
        }
        return scopes
    }

    /// The one resource that the token is for, in the spelling of `allowed_audiences`.
    ///
    /// An `audience` is a name and must be spelled as it is listed; a `resource` is a URI and compared as one (RFC 8707
    /// §2). Tokens have one audience, so several that differ are refused rather than one of them chosen.
    func audience(
        _ form: TokenExchangeForm, _ subject: SubjectToken, _ client: OAuthClient
    ) throws(OAuthError) -> String {
        var audiences: [String] = []
        for requested in form.audiences where !audiences.containsExactly(requested) {
            guard allowed.containsExactly(requested), client.audiences.containsExactly(requested) else {
                throw OAuthError(.invalidTarget, "The client may not ask for this audience")
            }
            audiences.append(requested)
        }
        if let resource = form.resource {
            guard canonicalResource(resource) != nil, let entry = ResourceName(resource).entry(in: allowed),
                ResourceName(entry).isAny(of: client.audiences)
            else { throw OAuthError(.invalidTarget, "The client may not ask for this resource") }
            if !audiences.containsExactly(entry) { audiences.append(entry) }
        }
        if audiences.isEmpty {
            guard allowed.count == 1 else {
                throw OAuthError(.invalidRequest, "Name the audience or the resource that the token is for")
            }
            guard ResourceName(allowed[0]).isAny(of: client.audiences) else {
                throw OAuthError(.invalidTarget, "The client may not ask for this audience")
            }
            audiences = allowed
        }
        guard audiences.count == 1 else { throw OAuthError(.invalidTarget, "A token is for one resource only") }
        guard ResourceName(audiences[0]).isAny(of: subject.audiences) else {
            throw OAuthError(.invalidTarget, "The subject token is not for this audience")
        }
        return audiences[0]
    }
}
