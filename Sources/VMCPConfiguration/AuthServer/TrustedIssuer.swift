// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import CEL

extension AuthServerRunConfig {
    /// Another issuer whose tokens are accepted for exchange (RFC 8693) or as assertions (RFC 7523).
    package struct TrustedIssuer: Sendable, Hashable {
        /// Must equal `iss`, letter by letter.
        package let issuerURL: String
        /// Must be among `aud` of an exchanged token; absent when the issuer is for assertions only.
        package let expectedAudience: String?
        /// Absent means discovery.
        package let jwksURL: HTTPURL?
        package let allowsHTTP: Bool
        package let allowsPrivateAddresses: Bool
        /// The claim that says who acts.
        package let actorClaim: String
        package let allowedActors: [String]
        /// A CEL expression over `claims`.
        package let actorMatcher: CELExpression?
        package let allowedDelegateClients: DelegateClients
        /// Whether a `may_act` claim of this issuer counts.
        package let allowsMayAct: Bool
        package internal(set) var jwtBearerGrant: JWTBearerGrant?

        package enum DelegateClients: Sendable, Hashable {
            case any
            case listed([String])
        }

        /// The issuer with what depends on the server's own address.
        func completed(tokenEndpoint: String) -> TrustedIssuer {
            var copy = self
            if copy.jwtBearerGrant?.acceptedAudiences.isEmpty == true {
                copy.jwtBearerGrant?.acceptedAudiences = [tokenEndpoint]
            }
            return copy
        }
    }
}

extension AuthServerRunConfig.TrustedIssuer: Section {
    static let summary = "Another issuer whose tokens are accepted for exchange or as assertions."

    private enum Keys {
        static let issuerURL = Key<String>("issuer_url", .nonEmptyString, required: true, "Must equal the token's iss.")
        static let expectedAudience = Key<String>(
            "expected_audience", .string, "Must be among the token's aud; needed unless there is only jwt_bearer_grant."
        )
        static let jwksURL = Key<HTTPURL>("jwks_url", .httpURL.orEmpty, "Where its keys are; absent means discovery.")
        static let allowsHTTP = DefaultKey<Bool>(
            "insecure_allow_http", .boolean, default: false, "Whether it may do without TLS.")
        static let allowsPrivateAddresses = DefaultKey<Bool>(
            "allow_private_ips", .boolean, default: false, "Whether it may have a private address; needs jwks_url.")
        static let actorClaim = Key<String>("actor_claim", .string, "The claim that says who acts; azp unless written.")
        static let allowedActors = DefaultKey<[String]>(
            "allowed_actors", .nonEmptyStrings, default: [], "Values of that claim that are accepted.")
        static let actorMatcher = Key<String>(
            "actor_matcher", .string, "A CEL expression over claims that accepts actors.")
        static let delegates = DefaultKey<[String]>(
            "allowed_delegate_clients", .list(of: .nonEmptyString), default: [],
            "Our clients that may exchange its tokens; [\"*\"] for all.")
        static let allowsMayAct = DefaultKey<Bool>(
            "allow_may_act", .boolean, default: false, "Whether its may_act claims count; not with \"*\".")
        static let jwtBearer = Key<AuthServerRunConfig.JWTBearerGrant>(
            "jwt_bearer_grant", .section, "Its tokens as assertions (RFC 7523).")
    }

    static let keys: [any SectionKey] = [
        Keys.issuerURL, Keys.expectedAudience, Keys.jwksURL, Keys.allowsHTTP, Keys.allowsPrivateAddresses,
        Keys.actorClaim, Keys.allowedActors, Keys.actorMatcher, Keys.delegates, Keys.allowsMayAct, Keys.jwtBearer,
    ]

    /// Claims that say something else.
    private static let otherClaims: Set<String> = [
        "sub", "iss", "aud", "exp", "iat", "nbf", "jti", "name", "email", "scope", "scp", "may_act",
    ]

    init(reading section: SectionReader) {
        issuerURL = section[Keys.issuerURL] ?? ""
        expectedAudience = section[Keys.expectedAudience].nonEmpty
        jwksURL = section[Keys.jwksURL]
        allowsHTTP = section[Keys.allowsHTTP]
        allowsPrivateAddresses = section[Keys.allowsPrivateAddresses]
        actorClaim = section[Keys.actorClaim].nonEmpty ?? "azp"
        allowedActors = section[Keys.allowedActors]
        actorMatcher = Self.matcher(section)
        let delegates = section[Keys.delegates]
        allowedDelegateClients = delegates == ["*"] ? .any : .listed(delegates)
        allowsMayAct = section[Keys.allowsMayAct]
        jwtBearerGrant = section[Keys.jwtBearer]
        if allowsHTTP { section.warn(Keys.allowsHTTP, "lets anybody on the way make tokens; never use it in earnest") }
        checkURLs(section)
        checkDelegation(section, delegates)
        if Self.otherClaims.contains(actorClaim) {
            section.refuse(
                Keys.actorClaim, "\(quoted(actorClaim)) says something else than who acts; write a claim such as azp")
        }
    }

    private static func matcher(_ section: SectionReader) -> CELExpression? {
        guard let text = section[Keys.actorMatcher].nonEmpty else { return nil }
        do throws(CELError) {
            return try CELExpression(parsing: text)
        } catch {
            section.refuse(
                Keys.actorMatcher,
                "is not a CEL expression over claims: \(error.reason) (line \(error.line), column \(error.column))")
            return nil
        }
    }

    private func checkURLs(_ section: SectionReader) {
        if !issuerURL.isEmpty,
            let problem = AuthServerURLRules.issuerProblem(
                issuerURL, allowsHTTP: allowsHTTP, allowsLoopbackHTTP: false, allowsTrailingSlash: true)
        {
            section.refuse(Keys.issuerURL, problem)
        }
        if let jwksURL {
            if !jwksURL.isSecure, !allowsHTTP {
                section.refuse(
                    Keys.jwksURL,
                    "\(quoted(jwksURL.text)) is not https; use https, or set insecure_allow_http of this issuer")
            } else if !allowsPrivateAddresses, AddressRange.isPrivateLiteral(jwksURL.host) {
                section.refuse(
                    Keys.jwksURL,
                    "\(quoted(jwksURL.text)) has a private address; set allow_private_ips: true if so meant")
            }
        }
        if allowsPrivateAddresses, !section.place.has(Keys.jwksURL.name) {
            section.refuse(
                Keys.allowsPrivateAddresses, "needs jwks_url: what discovery finds is never trusted that far")
        }
    }

    private func checkDelegation(_ section: SectionReader, _ delegates: [String]) {
        let hasGrant = section.has(Keys.jwtBearer)
        let delegationKeys: [any SectionKey] = [
            Keys.actorClaim, Keys.actorMatcher, Keys.allowsMayAct, Keys.allowedActors,
        ]
        let used = delegationKeys.filter { section.place.has($0.name) && !(isDefaultMayAct($0)) }
        guard expectedAudience != nil else {
            if !hasGrant {
                section.missing(Keys.expectedAudience.name, "write what the issuer's tokens have in aud")
            }
            for key in used where hasGrant {
                section.refuse(key, "is about exchanging tokens, which needs expected_audience; add it or remove this")
            }
            if hasGrant, !delegates.isEmpty {
                section.warn(Keys.delegates, "has no effect without expected_audience; add it or remove this")
            }
            return
        }
        if delegates.isEmpty, !section.has(Keys.delegates) || section.at(Keys.delegates).isEmptyList {
            section.missing(Keys.delegates.name, "list our clients that may exchange its tokens, or [\"*\"]")
        }
        if delegates.contains("*"), delegates.count > 1 {
            section.refuse(Keys.delegates, "\"*\" stands for all clients; write it alone")
        }
        if delegates.contains("*"), allowsMayAct {
            section.refuse(
                Keys.allowsMayAct, "does not go together with allowed_delegate_clients: [\"*\"]; list clients")
        }
    }

    private func isDefaultMayAct(_ key: any SectionKey) -> Bool {
        key.name == Keys.allowsMayAct.name && !allowsMayAct
    }
}
