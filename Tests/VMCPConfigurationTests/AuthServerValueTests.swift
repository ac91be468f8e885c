// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import CEL
import Testing

@testable import VMCPConfiguration

/// What good settings lead to: every default, and every key.
struct AuthServerValueTests {
    @Test("The least that is needed has all defaults")
    func defaults() throws {
        let (runConfig, warnings) = try AuthServerText.load([
            "upstreams":
                "upstreams: [{type: oidc, oidc_config: {issuer_url: 'https://sso.example.com', client_id: hub}}]"
        ])
        #expect(warnings == [])
        #expect(runConfig.issuer == "https://hub.example.com")
        #expect(runConfig.authorizationEndpointBaseURL == "https://hub.example.com")
        #expect(runConfig.tokenEndpoint == "https://hub.example.com/oauth/token")
        #expect(runConfig.signingKeys == nil)
        #expect(runConfig.hmacSecretFiles == [])
        #expect(runConfig.lifespans.accessToken == .seconds(3600))
        #expect(runConfig.lifespans.refreshToken == .seconds(604_800))
        #expect(runConfig.lifespans.authorizationCode == .seconds(600))
        #expect(runConfig.lifespans.delegation == .seconds(900))
        #expect(runConfig.scopesSupported == ["openid", "profile", "email", "offline_access"])
        #expect(runConfig.baselineClientScopes == [])
        #expect(
            runConfig.storage == .sqlite(.init(path: "/home/hub/.local/state/vmcp/test.sqlite", encryptionKeyFile: nil))
        )
        #expect(runConfig.cimd.isEnabled)
        #expect(runConfig.cimd.cacheMaximumSize == 256)
        #expect(runConfig.cimd.cacheFallbackLifetime == .seconds(300))
        #expect(!runConfig.allowsHTTP)
        #expect(!runConfig.allowsConfidentialClientRegistration)
        #expect(runConfig.trustedIssuers == [])
        #expect(runConfig.delegateClients == [])
        let upstream = try #require(runConfig.upstreams.first)
        #expect(upstream.name == "default")
        #expect(!upstream.isOptional)
        #expect(upstream.client.redirectURI == "https://hub.example.com/oauth/callback")
        #expect(upstream.client.scopes == ["openid", "offline_access"])
        #expect(upstream.client.clientSecret == nil)
        #expect(!upstream.client.allowsHTTP)
        guard case .oidc(let oidc) = upstream.provider else {
            Issue.record("not the provider of the file")
            return
        }
        #expect(oidc.issuerURL.text == "https://sso.example.com")
        #expect(oidc.subjectClaim == "sub")
    }

    @Test("Hardening has the defaults of its table, absent or empty", arguments: ["", "hardening: {}"])
    func hardeningDefaults(text: String) throws {
        let hardening = try AuthServerText.load(["hardening": text]).runConfig.hardening
        #expect(hardening.registration == .open)
        #expect(hardening.consent == .remember)
        #expect(hardening.consentLifetime == .seconds(2_592_000))
        #expect(hardening.trustedRedirectOrigins == [])
        #expect(hardening.privateUseRedirectSchemes == ["cursor", "vscode", "vscode-insiders"])
        #expect(!hardening.hasStrictRedirectURIs)
        #expect(hardening.par == .optional)
        #expect(hardening.dpop == .optional)
        #expect(hardening.dpopNonce == .token)
        #expect(hardening.refreshGrace == .seconds(30))
        #expect(hardening.sessionMaximumLifetime == .seconds(2_592_000))
        #expect(hardening.accessTokenType == .accessToken)
        #expect(!hardening.skipsBrowserChecks)
    }

    @Test("Hardening takes what is written")
    func hardening() throws {
        let (runConfig, warnings) = try AuthServerText.load([
            "cimd": "cimd: {enabled: false, cache_max_size: -5}",
            "hardening": """
            hardening:
              registration: closed
              consent: off
              consent_ttl: 1h
              trusted_redirect_origins: ['https://App.example.com:443']
              private_use_redirect_schemes: [Zed]
              par: required
              dpop: off
              dpop_nonce: all
              refresh_grace: 0s
              session_max_lifetime: 168h
              access_token_typ: JWT
            """,
        ])
        #expect(warnings == [])
        #expect(runConfig.hardening.registration == .closed)
        #expect(runConfig.hardening.consent == .off)
        #expect(runConfig.hardening.trustedRedirectOrigins == ["https://app.example.com"])
        #expect(runConfig.hardening.privateUseRedirectSchemes == ["zed"])
        #expect(runConfig.hardening.par == .required)
        #expect(runConfig.hardening.dpop == .off)
        #expect(runConfig.hardening.dpopNonce == .all)
        #expect(runConfig.hardening.refreshGrace == .zero)
        #expect(runConfig.hardening.sessionMaximumLifetime == .seconds(604_800))
        #expect(runConfig.hardening.accessTokenType == .jwt)
        #expect(!runConfig.cimd.isEnabled)
    }

    @Test("Switches that belong to tests are warned about")
    func insecure() throws {
        let (runConfig, warnings) = try AuthServerText.load(
            [
                "issuer": "issuer: http://hub.example.com", "allow": "insecure_allow_http: true",
                "hardening": "hardening: {consent: off, insecure_skip_browser_checks: true}",
                "base": "baseline_client_scopes: [openid]",
            ], issuer: "http://hub.example.com")
        #expect(runConfig.upstreams[0].client.allowsHTTP)
        #expect(runConfig.hardening.skipsBrowserChecks)
        #expect(
            warnings.map { String($0.prefix { $0 != ":" }) } == [
                "insecure_allow_http", "hardening.insecure_skip_browser_checks", "baseline_client_scopes",
            ])
    }

    @Test("An upstream without TLS is warned about")
    func insecureUpstream() throws {
        let (runConfig, warnings) = try AuthServerText.load(
            AuthServerText.upstream(
                "oidc", "issuer_url: http://sso.example.com", "client_id: hub", "insecure_allow_http: true",
                "redirect_uri: https://hub.example.com/oauth/callback"))
        #expect(runConfig.upstreams[0].client.allowsHTTP)
        #expect(warnings.map { String($0.prefix { $0 != ":" }) } == ["upstreams[0].oidc_config.insecure_allow_http"])
    }

    @Test("Empty texts and zeros of a program that writes every key mean the defaults")
    func emptyTexts() throws {
        let (runConfig, warnings) = try AuthServerText.load([
            "base": "authorization_endpoint_base_url: ''", "d": "delegation_token_lifespan: 0s",
            "t": "token_lifespans: {access_token_lifespan: '', refresh_token_lifespan: '', auth_code_lifespan: ''}",
            "s": "scopes_supported: []", "storage": "storage: {type: ''}",
            "cimd": "cimd: {enabled: true, cache_max_size: 0, cache_fallback_ttl: ''}",
            "k": "signing_key_config: {key_dir: /k, signing_key_file: ''}", "v": "schema_version: ''",
            "upstreams": """
            upstreams:
              - name: ''
                type: oidc
                oidc_config:
                  issuer_url: https://sso.example.com
                  client_id: hub
                  client_secret_file: ''
                  client_secret_env_var: ''
                  redirect_uri: ''
                  scopes: []
                  subject_claim: ''
            """,
        ])
        #expect(warnings == [])
        #expect(
            runConfig
                == (try AuthServerText.load([
                    "upstreams":
                        "upstreams: [{type: oidc, oidc_config: {issuer_url: 'https://sso.example.com', client_id: hub}}]"
                ]).runConfig))
    }

    @Test("The issuer may have a path, and may be http on this machine")
    func issuers() throws {
        for issuer in ["https://a.example.com/tenant", "http://localhost:4483", "http://127.8.9.1", "http://[::1]:1"] {
            let (runConfig, warnings) = try AuthServerText.load(
                ["issuer": "issuer: '\(issuer)'"], issuer: "'\(issuer)'")
            #expect(runConfig.issuer == issuer)
            #expect(runConfig.upstreams[0].client.redirectURI == issuer + "/oauth/callback")
            #expect(warnings == [])
        }
    }

    @Test("Clients with secrets over http on this machine can be allowed")
    func confidentialLoopback() throws {
        let (runConfig, warnings) = try AuthServerText.load(
            [
                "issuer": "issuer: http://localhost:4483", "a": "allow_confidential_client_registration: true",
                "b": "insecure_allow_confidential_over_loopback_http: true",
                "c": "force_confidential_redirect_uris: ['https://app.example.com/cb']",
            ], issuer: "http://localhost:4483")
        #expect(runConfig.allowsConfidentialOverLoopbackHTTP)
        #expect(warnings.map { String($0.prefix { $0 != ":" }) } == ["insecure_allow_confidential_over_loopback_http"])
        #expect(runConfig.forcedConfidentialRedirectURIs == ["https://app.example.com/cb"])
    }

    @Test("The reference's example loads with every value in its place")
    func reference() throws {
        let text = """
            schema_version: v0.1.0
            issuer: https://vmcp.example.com
            signing_key_config:
              key_dir: /etc/vmcp/keys
              signing_key_file: key-0.pem
              fallback_key_files: [key-1.pem]
            hmac_secret_files: [/etc/vmcp/hmac/hmac-0, /etc/vmcp/hmac/hmac-1]
            token_lifespans: {access_token_lifespan: 30m, refresh_token_lifespan: 168h, auth_code_lifespan: 5m}
            delegation_token_lifespan: 5m
            allowed_audiences: [https://vmcp.example.com/mcp]
            scopes_supported: [openid, profile, email, offline_access]
            baseline_client_scopes: [openid, offline_access]
            upstreams:
              - name: corp
                type: oidc
                oidc_config:
                  issuer_url: https://sso.example.com
                  client_id: vmcp
                  client_secret_env_var: CORP
                  redirect_uri: https://vmcp.example.com/oauth/callback
                  additional_authorization_params: {prompt: login}
                  subject_claim: oid
                  allow_private_ips: true
              - name: code
                type: oauth2
                optional: true
                oauth2_config:
                  authorization_endpoint: https://code.example.com/login/oauth/authorize
                  token_endpoint: https://code.example.com/login/oauth/access_token
                  client_id: Iv1.abc
                  client_secret_env_var: CODE
                  scopes: [repo]
                  userinfo:
                    endpoint_url: https://api.code.example.com/user
                    additional_headers: {Accept: application/vnd.code+json}
                    field_mapping: {subject_fields: [id], name_fields: [name, login]}
                  token_response_mapping: {access_token_path: authed_user.access_token}
                  identity_from_token: {subject_path: 'access_token|@upstreamjwt|sub', name_path: user.name}
              - name: chat
                type: oauth2
                oauth2_config:
                  dcr_config: {discovery_url: 'https://chat.example.com/d', initial_access_token_env_var: CHAT}
            storage:
              type: redis
              redis_config:
                addr: redis:6379
                auth_type: aclUser
                acl_user_config: {password_env_var: REDIS}
                key_prefix: "thv:auth:{default:my-vmcp}:"
            cimd: {enabled: true}
            """
        let auth = """
            incomingAuth:
              type: oidc
              oidc: {issuer: 'https://vmcp.example.com', audience: 'https://vmcp.example.com/mcp', resource: 'https://vmcp.example.com/mcp'}
            """
        let outcome = LoadOutcome(
            AuthServerText.inline(text, ["incomingAuth": auth]),
            environment: ["CORP": "a", "CODE": "b", "CHAT": "c", "REDIS": "", "HOME": "/h"])
        let runConfig = try #require(outcome.configuration?.authServer?.runConfig, "\(outcome.description)")
        #expect(outcome.warnings.count == 1)
        #expect(
            runConfig.signingKeys
                == .init(activeFile: "/etc/vmcp/keys/key-0.pem", fallbackFiles: ["/etc/vmcp/keys/key-1.pem"]))
        #expect(runConfig.hmacSecretFiles == ["/etc/vmcp/hmac/hmac-0", "/etc/vmcp/hmac/hmac-1"])
        #expect(runConfig.lifespans.accessToken == .seconds(1800))
        #expect(runConfig.lifespans.authorizationCode == .seconds(300))
        #expect(runConfig.lifespans.delegation == .seconds(300))
        #expect(runConfig.upstreams.map(\.name) == ["corp", "code", "chat"])
        #expect(runConfig.upstreams.map(\.isOptional) == [false, true, false])
        let corp = runConfig.upstreams[0].client
        #expect(corp.clientSecret == .environment(variable: "CORP"))
        #expect(corp.additionalAuthorizationParameters == ["prompt": "login"])
        #expect(corp.allowsPrivateAddresses)
        guard case .oidc(let oidc) = runConfig.upstreams[0].provider,
            case .oauth2(let code) = runConfig.upstreams[1].provider,
            case .oauth2(let chat) = runConfig.upstreams[2].provider
        else {
            Issue.record("\(runConfig.upstreams)")
            return
        }
        #expect(oidc.subjectClaim == "oid")
        #expect(code.tokenEndpoint?.text == "https://code.example.com/login/oauth/access_token")
        #expect(code.client.redirectURI == "https://vmcp.example.com/oauth/callback")
        #expect(code.userInfo?.method == .get)
        #expect(code.userInfo?.additionalHeaders == ["Accept": "application/vnd.code+json"])
        #expect(code.userInfo?.fields.subject == ["id"])
        #expect(code.userInfo?.fields.name == ["name", "login"])
        #expect(code.userInfo?.fields.email == ["email"])
        #expect(code.tokenResponseMapping?.accessTokenPath == "authed_user.access_token")
        #expect(code.tokenResponseMapping?.expiresInPath == "expires_in")
        #expect(code.identityFromToken?.subjectPath == "access_token|@upstreamjwt|sub")
        #expect(code.identityFromToken?.namePath == "user.name")
        #expect(chat.client.clientID == "")
        #expect(chat.registration?.discoveryURL?.text == "https://chat.example.com/d")
        #expect(chat.registration?.initialAccessToken == .environment(variable: "CHAT"))
        guard case .redis(let redis) = runConfig.storage else {
            Issue.record("\(runConfig.storage)")
            return
        }
        #expect(redis.topology == .standalone("redis:6379"))
        #expect(redis.keyPrefix == "thv:auth:{default:my-vmcp}:")
        #expect(redis.user == .init(usernameVariable: nil, passwordVariable: "REDIS"))
        #expect([redis.dialTimeout, redis.readTimeout, redis.writeTimeout] == [.seconds(5), .seconds(3), .seconds(3)])
    }

    @Test("Trusted issuers and delegate clients have every value in its place")
    func delegation() throws {
        let (runConfig, warnings) = try AuthServerText.load(
            [
                "trusted_issuers": """
                trusted_issuers:
                  - issuer_url: https://ci.example.com/
                    expected_audience: https://hub.example.com/mcp
                    allowed_delegate_clients: [robot]
                    allowed_actors: [runner]
                    actor_matcher: claims.azp == "a" && "ops" in claims.groups
                    allow_may_act: true
                    jwks_url: https://10.0.0.1/keys
                    allow_private_ips: true
                  - issuer_url: http://jobs.example.com
                    insecure_allow_http: true
                    jwt_bearer_grant:
                      max_assertion_age: 5m
                      subject_bindings: [{subject: job, allowed_resources: ['https://hub.example.com/mcp']}]
                  - issuer_url: https://any.example.com
                    expected_audience: https://hub.example.com/mcp
                    allowed_delegate_clients: ['*']
                    actor_claim: client_id
                """,
                "delegate_clients": """
                delegate_clients:
                  - client_id: robot
                    client_secret_env_var: ROBOT
                    scopes: [openid]
                    audiences: ['https://hub.example.com/mcp']
                """,
            ], environment: ["ROBOT": AuthServerText.longSecret])
        #expect(
            warnings == [
                "trusted_issuers[1].insecure_allow_http: lets anybody on the way make tokens; never use it in earnest",
                "delegate_clients[0].client_id: \"robot\" can exchange the token of every user who signs in here",
            ])
        let issuers = runConfig.trustedIssuers
        #expect(
            issuers.map(\.issuerURL) == [
                "https://ci.example.com/", "http://jobs.example.com", "https://any.example.com",
            ])
        #expect(issuers[0].allowedDelegateClients == .listed(["robot"]))
        #expect(issuers[0].actorClaim == "azp")
        #expect(issuers[0].allowedActors == ["runner"])
        #expect(issuers[0].actorMatcher?.text == #"claims.azp == "a" && "ops" in claims.groups"#)
        #expect(issuers[1].actorMatcher == nil)
        #expect(issuers[0].allowsMayAct)
        #expect(issuers[0].jwksURL?.host == "10.0.0.1")
        #expect(issuers[1].expectedAudience == nil)
        #expect(issuers[1].jwtBearerGrant?.maximumAssertionAge == .seconds(300))
        #expect(issuers[1].jwtBearerGrant?.acceptedAudiences == ["https://hub.example.com/oauth/token"])
        #expect(
            issuers[1].jwtBearerGrant?.subjectBindings
                == [.init(subject: "job", allowedResources: ["https://hub.example.com/mcp"])])
        #expect(issuers[2].allowedDelegateClients == .any)
        #expect(issuers[2].actorClaim == "client_id")
        #expect(
            runConfig.delegateClients == [
                .init(
                    clientID: "robot", clientSecret: .environment(variable: "ROBOT"), scopes: ["openid"],
                    audiences: ["https://hub.example.com/mcp"])
            ])
    }

    @Test("Two spellings of one resource are warned about")
    func sameResource() throws {
        let (_, warnings) = try AuthServerText.load([
            "allowed_audiences":
                "allowed_audiences: ['https://hub.example.com/mcp', 'https://HUB.example.com:443/mcp/']"
        ])
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix("allowed_audiences[1]: ") == true)
        #expect(warnings.first?.contains("is the same resource as \"https://hub.example.com/mcp\"") == true)
    }

    @Test("A file beside an environment variable wins, with a warning")
    func fileWins() throws {
        let (runConfig, warnings) = try AuthServerText.load([
            "upstreams": """
            upstreams:
              - type: oidc
                oidc_config: {issuer_url: 'https://s', client_id: c, client_secret_file: /s, client_secret_env_var: NOT_SET}
            """
        ])
        #expect(runConfig.upstreams[0].client.clientSecret == .file(path: "/s"))
        #expect(
            warnings == [
                "upstreams[0].oidc_config.client_secret_env_var: has no effect beside client_secret_file; "
                    + "remove one of them"
            ])
    }

    @Test("Memory has to be asked for")
    func memory() throws {
        #expect(try AuthServerText.load(["s": "storage: {type: memory}"]).runConfig.storage == .memory)
        #expect(
            try AuthServerText.load(["s": "storage: {type: memory}"], environment: ["HOME": ""]).runConfig.storage
                == .memory)
    }
}
