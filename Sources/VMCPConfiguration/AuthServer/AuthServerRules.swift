// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The rules between the settings of the authorization server, for when all of them have been read.
struct AuthServerRules {
    let runConfig: AuthServerRunConfig
    let section: SectionReader

    private typealias Keys = AuthServerRunConfig.Keys

    func check() {
        checkIssuer()
        checkAudiences()
        checkScopes()
        checkConfidentialClients()
        checkDelegateClients()
        checkTrustedIssuers()
        checkHardening()
    }

    private func checkIssuer() {
        let allowsHTTP = runConfig.allowsHTTP
        if !runConfig.issuer.isEmpty,
            let problem = AuthServerURLRules.issuerProblem(runConfig.issuer, allowsHTTP: allowsHTTP)
        {
            section.refuse(Keys.issuer, problem)
        }
        if let base = section[Keys.baseURL],
            let problem = AuthServerURLRules.issuerProblem(base.text, allowsHTTP: allowsHTTP)
        {
            section.refuse(Keys.baseURL, problem)
        }
        if allowsHTTP {
            section.warn(Keys.allowsHTTP, "lets tokens and passwords travel in the clear; never use it in earnest")
        }
    }

    private func checkAudiences() {
        let list = section.at(Keys.allowedAudiences)
        if list.isEmptyList {
            list.refuse("is empty; write the URL of at least one resource, such as this server's /mcp")
        }
        var seen: [String: String] = [:]
        for (place, text) in list.texts where !text.isEmpty {
            guard let other = seen.updateValue(text, forKey: AuthServerURLRules.canonicalResource(text)) else {
                continue
            }
            place.warn("\(quoted(text)) is the same resource as \(quoted(other)); remove one of them")
        }
    }

    private func checkScopes() {
        subset(
            section.at(Keys.baselineClientScopes), of: runConfig.scopesSupported, "a supported scope",
            "add it to scopes_supported")
        if !runConfig.baselineClientScopes.isEmpty, runConfig.cimd.isEnabled {
            section.warn(
                Keys.baselineClientScopes,
                "goes to every client that has a metadata document too, which anybody can publish; see cimd")
        }
    }

    /// Every text of a list has to be one of some others, letter by letter; some are refused where they are read.
    private func subset(
        _ list: Place, of known: [String], _ kind: String, _ advice: String, except refused: Set<String> = [""]
    ) {
        guard !known.isEmpty else { return }
        let names = Set(known)
        // Nobody lists more by hand than are compared for a slip.
        for (place, text) in list.texts where !refused.contains(text) && !names.contains(text) {
            let suggestion = place.reading.acceptsErrors ? Suggestion.text(for: text, among: known.prefix(256)) : ""
            place.refuse("\(quoted(text)) is not \(kind); \(advice).\(suggestion)")
        }
    }

    /// Client secrets do not travel in the clear.
    private func checkConfidentialClients() {
        let allows = runConfig.allowsConfidentialClientRegistration
        if runConfig.allowsConfidentialOverLoopbackHTTP {
            section.warn(
                Keys.allowsConfidentialOverLoopback, "lets client secrets travel in the clear; never use it in earnest")
        }
        if allows || !runConfig.delegateClients.isEmpty {
            let reason = allows ? Keys.allowsConfidentialClients.name : Keys.delegateClients.key.name
            if runConfig.allowsHTTP {
                section.refuse(
                    Keys.allowsHTTP, "does not go together with \(reason): client secrets need TLS; remove one of them")
            } else if let url = try? HTTPURL(parsing: runConfig.issuer), !url.isSecure, url.isLoopback,
                !runConfig.allowsConfidentialOverLoopbackHTTP
            {
                section.refuse(
                    Keys.issuer,
                    "\(quoted(url.text)) is not https, and \(reason) needs TLS; use https, or set "
                        + "\(Keys.allowsConfidentialOverLoopback.name): true for a test")
            }
        }
        guard !runConfig.forcedConfidentialRedirectURIs.isEmpty else { return }
        if !allows {
            section.refuse(
                Keys.forcedConfidential, "needs \(Keys.allowsConfidentialClients.name): true; add it or remove this")
        }
        for (place, text) in section.at(Keys.forcedConfidential).texts where !text.isEmpty {
            guard let url = try? HTTPURL(parsing: text), url.isSecure, !url.isLoopback else {
                place.refuse("\(quoted(text)) is not an https URL of another machine; remove it")
                continue
            }
        }
    }

    private func checkDelegateClients() {
        let list = section.at(Keys.delegateClients)
        var seen: Set<String> = []
        for (index, client) in runConfig.delegateClients.enumerated() {
            let place = list.entry(index)
            if !client.clientID.isEmpty {
                if !seen.insert(client.clientID).inserted {
                    place.entry("client_id").refuse("\(quoted(client.clientID)) is listed already; choose another")
                }
                place.entry("client_id").warn(
                    "\(quoted(client.clientID)) can exchange the token of every user who signs in here")
            }
            subset(
                place.entry("scopes"), of: runConfig.scopesSupported, "a supported scope", "add it to scopes_supported")
            subset(
                place.entry("audiences"), of: runConfig.allowedAudiences, "an allowed audience",
                "add it to allowed_audiences")
        }
    }

    private func checkTrustedIssuers() {
        let list = section.at(Keys.trustedIssuers)
        var seen: Set<String> = []
        for (index, issuer) in runConfig.trustedIssuers.enumerated() where !issuer.issuerURL.isEmpty {
            let place = list.entry(index)
            if issuer.issuerURL == runConfig.issuer {
                place.entry("issuer_url").refuse(
                    "\(quoted(issuer.issuerURL)) is this server itself, which is trusted anyway; remove the entry")
            }
            if !seen.insert(issuer.issuerURL).inserted {
                place.entry("issuer_url").refuse("\(quoted(issuer.issuerURL)) is listed already; keep one entry")
            }
            checkExpectedAudience(issuer, place.entry("expected_audience"))
            checkGrant(issuer, place.entry("jwt_bearer_grant"))
        }
    }

    private func checkExpectedAudience(_ issuer: AuthServerRunConfig.TrustedIssuer, _ place: Place) {
        guard let audience = issuer.expectedAudience else { return }
        if !audience.contains("://") {
            place.warn(
                "\(quoted(audience)) looks like the id of a client, whose tokens say nothing about this server; "
                    + "write the URL of a resource")
        } else if !runConfig.allowedAudiences.isEmpty, !runConfig.allowedAudiences.contains(audience) {
            place.warn("\(quoted(audience)) is not one of allowed_audiences, so its tokens are meant for somebody else")
        }
    }

    private func checkGrant(_ issuer: AuthServerRunConfig.TrustedIssuer, _ place: Place) {
        guard let grant = issuer.jwtBearerGrant else { return }
        for index in grant.subjectBindings.indices {
            subset(
                place.entry("subject_bindings").entry(index).entry("allowed_resources"),
                of: runConfig.allowedAudiences, "an allowed audience", "add it to allowed_audiences", except: ["", "*"])
        }
        let allowed = Set(runConfig.allowedAudiences)
        for (place, text) in place.entry("accepted_audiences").texts where allowed.contains(text) {
            place.refuse(
                "\(quoted(text)) is one of allowed_audiences, so a token for it would be an assertion too; remove it")
        }
    }

    private func checkHardening() {
        let hardening = runConfig.hardening
        let place = section.at(Keys.hardening)
        let isClosed = hardening.registration == .closed && !runConfig.cimd.isEnabled
        if hardening.consent == .off, !isClosed, !hardening.skipsBrowserChecks {
            place.entry("consent").refuse(
                "off needs registration: closed and cimd.enabled: false, for otherwise anybody's client gets in "
                    + "unasked; write remember")
        }
        if hardening.sessionMaximumLifetime < runConfig.lifespans.refreshToken {
            place.entry("session_max_lifetime").refuse(
                "\(GoDuration.text(hardening.sessionMaximumLifetime)) is less than the "
                    + "\(GoDuration.text(runConfig.lifespans.refreshToken)) of refresh_token_lifespan; write at least that"
            )
        }
    }
}
