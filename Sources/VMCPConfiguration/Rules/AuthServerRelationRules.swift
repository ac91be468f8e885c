// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The rules between the authorization server and the rest of the configuration, V-01 to V-07.
///
/// Issuers and audiences are compared letter by letter, as everybody who checks a token does.
struct AuthServerRelationRules {
    let configuration: Configuration
    /// The document.
    let root: Place

    func check() {
        guard let authServer = configuration.authServer else {
            forEachStrategy { strategy, place, _ in
                guard case .upstreamInject = strategy else { return }
                place.refuse("upstream_inject needs the embedded authorization server; add authServer")
            }
            checkProviderTransport()
            return
        }
        let runConfig = authServer.runConfig
        forEachStrategy { strategy, place, backend in
            checkInjection(strategy, authServer, place)
            switch strategy {
            case .upstreamInject(let inject): checkProvider(inject.providerName, runConfig, place, backend)
            case .tokenExchange(let exchange): checkExchange(exchange, runConfig, place)
            default: break
            }
        }
        checkResources(runConfig)
        let auth = root.entry("incomingAuth")
        guard case .oidc(let oidc) = configuration.incomingAuth.method else {
            let type = auth.entry("type")
            if case .scalar(let scalar) = type.node.content, ["anonymous", "local"].contains(scalar.text) {
                type.refuse("must be oidc when there is an authorization server; write oidc")
            }
            return
        }
        checkTokens(oidc, authServer, auth.entry("oidc"))
    }

    /// Where upstream tokens are to stay here, a strategy that uses them is a contradiction. What clients send as
    /// `Authorization` or `Cookie` reaches no backend anyway.
    private func checkInjection(
        _ strategy: Configuration.OutgoingStrategy, _ authServer: Configuration.AuthServer, _ place: Place
    ) {
        guard authServer.runConfig.disablesUpstreamTokenInjection else { return }
        switch strategy {
        case .upstreamInject, .tokenExchange, .awsSTS:
            let key = "disable_upstream_token_injection"
            place.entry("type").refuse(
                "\(strategy.type) uses a token of an upstream, which \(key): true\(standing(authServer, key)) forbids; "
                    + "remove one of the two")
        case .unauthenticated, .headerInjection, .onBehalfOf, .crossAppAccess: break
        }
    }

    /// V-02 and V-06: an injected token needs an upstream that it comes from.
    private func checkProvider(_ name: String, _ runConfig: AuthServerRunConfig, _ place: Place, _ backend: String) {
        let names = runConfig.upstreams.map(\.name)
        // Upstreams that have errors of their own may have lost their names.
        guard !names.isEmpty, !names.contains(""), !names.contains(name) else { return }
        let block = place.entry("upstreamInject")
        // Without the block, that is the error.
        guard block.members() != nil else { return }
        let known = names.map { quoted($0) }.joined(separator: ", ")
        if block.has("providerName") {
            block.entry("providerName").refuse(
                "\(quoted(name)), the provider of \(backend), is not an upstream of the authorization server, which has "
                    + "\(known).\(Suggestion.text(for: name, among: names))")
        } else {
            block.entry("providerName").refuse(
                "is required for \(backend): only an upstream named \"default\" can be left out, and the authorization "
                    + "server has \(known)")
        }
    }

    /// Ours: a token for one remote MCP server is sent to no other.
    private func checkResources(_ runConfig: AuthServerRunConfig) {
        let resources = runConfig.upstreams.compactMap { upstream -> (name: String, resource: HTTPURL)? in
            guard case .mcp(let mcp) = upstream.provider, !mcp.resource.text.isEmpty else { return nil }
            return (upstream.name, mcp.resource)
        }
        guard !resources.isEmpty else { return }
        let list = root.entry("backends")
        for (index, backend) in configuration.backends.enumerated() {
            guard case .upstreamInject(let inject) = configuration.outgoingAuth.strategy(for: backend.name),
                let (name, resource) = resources.first(where: { $0.name == inject.providerName })
            else { continue }
            let url: HTTPURL
            switch backend.transport {
            case .streamableHTTP(let place), .sse(let place): url = place
            case .stdio: continue
            }
            guard AuthServerURLRules.canonicalResource(url.text) != AuthServerURLRules.canonicalResource(resource.text)
            else { continue }
            list.entry(index).entry("url").refuse(
                "\(quoted(url.text)) would get the tokens of the upstream \(quoted(name)), which are for "
                    + "\(quoted(resource.text)); write the same URL in both, or another strategy")
        }
    }

    /// V-03: what is exchanged is the provider's token, not the one that the client sent.
    private func checkExchange(
        _ exchange: Configuration.TokenExchange, _ runConfig: AuthServerRunConfig, _ place: Place
    ) {
        guard exchange.subjectProviderName == nil, let first = runConfig.upstreams.first?.name, !first.isEmpty else {
            return
        }
        place.warn(
            "exchanges the token of the upstream \(quoted(first)), not the one that the client sent, so the token "
                + "endpoint has to trust that upstream; write subjectProviderName if that is meant")
    }

    /// V-04 and V-07, and what clients would stumble over later.
    private func checkTokens(_ oidc: Configuration.OIDC, _ authServer: Configuration.AuthServer, _ place: Place) {
        let runConfig = authServer.runConfig
        let isIssuerUsable =
            AuthServerURLRules.issuerProblem(runConfig.issuer, allowsHTTP: runConfig.allowsHTTP) == nil
        if !oidc.issuer.isEmpty, isIssuerUsable, oidc.issuer != runConfig.issuer {
            place.entry("issuer").refuse(
                "\(quoted(oidc.issuer)) is not the issuer of the authorization server; write "
                    + "\(quoted(runConfig.issuer, limit: 200))\(standing(authServer, "issuer"))")
        }
        let audiences = runConfig.allowedAudiences
        if !oidc.audience.isEmpty, !audiences.isEmpty, !audiences.contains(oidc.audience) {
            place.entry("audience").refuse(
                "\(quoted(oidc.audience)) is not one of allowed_audiences\(standing(authServer, "allowed_audiences")), so no "
                    + "token would be accepted; write \(audiences.map { quoted($0, limit: 200) }.joined(separator: " or "))"
            )
        }
        if let resource = oidc.resource, !audiences.isEmpty {
            let known = Set(audiences.map(AuthServerURLRules.canonicalResource))
            if !known.contains(AuthServerURLRules.canonicalResource(resource)) {
                place.entry("resource").warn(
                    "\(quoted(resource)) is not one of allowed_audiences, so clients that ask for it are turned away")
            }
        }
        for (scopePlace, scope) in place.entry("scopes").texts
        where !scope.isEmpty && !runConfig.scopesSupported.contains(scope) {
            scopePlace.warn(
                "\(quoted(scope)) is not one of scopes_supported, so clients that ask for it are turned away")
        }
    }

    private func standing(_ authServer: Configuration.AuthServer, _ keyPath: String) -> String {
        authServer.location(of: keyPath).map { " (\($0.file):\($0.position.line))" } ?? ""
    }

    /// Without an authorization server, keys come from the provider over the network.
    private func checkProviderTransport() {
        guard case .oidc(let oidc) = configuration.incomingAuth.method, !oidc.allowsHTTP,
            oidc.issuer.lowercased().hasPrefix("http://")
        else { return }
        root.entry("incomingAuth").entry("oidc").entry("issuer").warn(
            "is not https; set insecureAllowHttp: true if that is meant")
    }

    /// The strategies with their places and what they are for, the default first and the others by name.
    private func forEachStrategy(_ body: (Configuration.OutgoingStrategy, Place, _ backend: String) -> Void) {
        let auth = root.entry("outgoingAuth")
        if let strategy = configuration.outgoingAuth.default { body(strategy, auth.entry("default"), "the default") }
        let places = auth.entry("backends").children
        for (name, strategy) in configuration.outgoingAuth.backends.sorted(by: { $0.key < $1.key }) {
            if let place = places[name] { body(strategy, place, "the backend \(quoted(name))") }
        }
    }
}
