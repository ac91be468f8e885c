// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The rules that an upstream has because of the others and of the server's own settings.
struct UpstreamRules {
    typealias Upstream = AuthServerRunConfig.Upstream

    let upstreams: [Upstream]
    let issuer: String
    /// The server's own `insecure_allow_http`, which counts for every upstream.
    let allowsHTTP: Bool
    let list: Place

    /// The upstreams with their names and redirect URIs; what is wrong is reported.
    func completed() -> [Upstream] {
        if list.isEmptyList { list.refuse("is empty; write at least one provider that people sign in at") }
        checkNames()
        return upstreams.enumerated().map { index, upstream in
            let place = list.entry(index)
            var upstream = upstream
            if upstream.name.isEmpty, upstreams.count == 1 { upstream.name = AuthServerRunConfig.defaultUpstreamName }
            upstream.client.allowsHTTP = upstream.client.allowsHTTP || allowsHTTP
            if index == 0, upstream.isOptional {
                place.entry("optional").refuse(
                    "the first upstream says who the user is and cannot be optional; remove it or put another first")
            }
            switch upstream.provider {
            case .oidc(let oidc): check(oidc, place.entry("oidc_config"), isFirst: index == 0)
            case .oauth2(let oauth2): check(oauth2, place.entry("oauth2_config"), isFirst: index == 0)
            case .mcp(let mcp):
                check(mcp, place.entry("mcp_config"))
                if index == 0 {
                    place.entry("type").refuse(
                        "mcp says nothing about who the user is and cannot be the first upstream; put a provider that "
                            + "people sign in at before it")
                }
            }
            complete(&upstream.client, place.entry(upstream.block).entry("redirect_uri"))
            return upstream
        }
    }

    private func checkNames() {
        var lines: [String: Int] = [:]
        for (index, upstream) in upstreams.enumerated() where upstreams.count > 1 {
            let upstreamPlace = list.entry(index)
            let place = upstreamPlace.entry("name")
            if upstream.name.isEmpty {
                // A name that was refused has been reported.
                if upstreamPlace.members() != nil, !upstreamPlace.has("name") {
                    place.refuse("is required; with several upstreams each one needs a name of its own")
                }
            } else if upstream.name == AuthServerRunConfig.defaultUpstreamName {
                place.refuse("\"default\" is the name of a single upstream; with several, choose another")
            } else if let line = lines[upstream.name] {
                place.refuse(
                    "\(quoted(upstream.name)) is the name of the upstream at line \(line) already; choose another")
            } else {
                lines[upstream.name] = place.position.line
            }
        }
    }

    private func check(_ oidc: AuthServerRunConfig.UpstreamOIDC, _ place: Place, isFirst: Bool) {
        let issuerPlace = place.entry("issuer_url")
        checkEndpoint(oidc.issuerURL, oidc.client, issuerPlace)
        if !issuer.isEmpty, oidc.issuerURL.text == issuer {
            issuerPlace.refuse("\(quoted(issuer)) is this server itself; write the provider that people sign in at")
        }
    }

    private func check(_ oauth2: AuthServerRunConfig.UpstreamOAuth2, _ place: Place, isFirst: Bool) {
        if let url = oauth2.authorizationEndpoint {
            checkEndpoint(url, oauth2.client, place.entry("authorization_endpoint"))
        }
        if let url = oauth2.tokenEndpoint { checkEndpoint(url, oauth2.client, place.entry("token_endpoint")) }
        if isFirst, oauth2.isSynthetic, place.members() != nil {
            place.warn(
                "nothing here says who the user is, so every sign-in makes a new one; write userinfo or "
                    + "identity_from_token")
        }
    }

    private func check(_ mcp: AuthServerRunConfig.UpstreamMCP, _ place: Place) {
        checkEndpoint(mcp.resource, mcp.client, place.entry("resource"))
        guard let server = mcp.issuer else { return }
        checkEndpoint(server, mcp.client, place.entry("issuer"))
        if !issuer.isEmpty, server.text == issuer {
            place.entry("issuer").refuse(
                "\(quoted(issuer)) is this server itself; write the authorization server of the resource")
        }
    }

    private func checkEndpoint(_ url: HTTPURL, _ client: AuthServerRunConfig.UpstreamClient, _ place: Place) {
        // A placeholder stands for what is missing or malformed, which has been reported.
        guard !url.text.isEmpty else { return }
        let isAllowed = client.allowsHTTP || allowsHTTP
        if let problem = AuthServerURLRules.endpointProblem(url, allowsHTTP: isAllowed) { place.refuse(problem) }
    }

    /// The default, or the rules of an explicit one (RFC 6749 section 3.1.2).
    private func complete(_ client: inout AuthServerRunConfig.UpstreamClient, _ place: Place) {
        guard !client.redirectURI.isEmpty else {
            client.redirectURI = issuer + AuthServerRunConfig.callbackPath
            return
        }
        if client.redirectURI.utf8.count > 2048 {
            place.refuse("is longer than 2048 characters; write a shorter one")
            return
        }
        do throws(HTTPURL.Malformed) {
            let url = try HTTPURL(parsing: client.redirectURI)
            if let problem = AuthServerURLRules.endpointProblem(url, allowsHTTP: client.allowsHTTP) {
                place.refuse(problem)
            }
        } catch {
            place.refuse(error.message)
        }
    }
}
