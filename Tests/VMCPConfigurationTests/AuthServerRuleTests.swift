// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

struct AuthServerRuleTests {
    private static func issuer(_ text: String) -> KeyValuePairs<String, String> { ["issuer": "issuer: \(text)"] }

    static let topLevel: [AuthServerCase] = [
        AuthServerCase("1.1", ["isuer": "isuer: x"], "isuer", "did you mean \"issuer\"?", at: "isuer"),
        AuthServerCase(
            "13 schema_version major", ["schema_version": "schema_version: v1.0.0"], "schema_version",
            "is newer than this program", at: "v1.0.0"),
        AuthServerCase(
            "13 schema_version text", ["schema_version": "schema_version: latest"], "schema_version",
            "is not a version", at: "latest"),
        AuthServerCase("1.2 absent", ["issuer": ""], "issuer", "is required"),
        AuthServerCase("1.2 empty", issuer("''"), "issuer", "is empty", at: "''"),
        AuthServerCase("1.2 parse", issuer("'https://a b'"), "issuer", "cannot have", at: "'https"),
        AuthServerCase("1.2 scheme", issuer("ftp://a"), "issuer", "is not a web address", at: "ftp"),
        AuthServerCase("1.2 no scheme", issuer("hub.example.com"), "issuer", "is not a web address", at: "hub"),
        AuthServerCase("1.2 host", issuer("https://"), "issuer", "has no host", at: "https"),
        AuthServerCase("1.2 query", issuer("https://a?b=c"), "issuer", "has a query", at: "https"),
        AuthServerCase("1.2 fragment", issuer("'https://a#b'"), "issuer", "has a fragment", at: "'https"),
        AuthServerCase("1.2 userinfo", issuer("https://u@a"), "issuer", "has user information", at: "https"),
        AuthServerCase("1.2 http", issuer("http://a"), "issuer", "is not https", at: "http:"),
        AuthServerCase("1.2 http look-alike", issuer("http://127.0.0.a"), "issuer", "is not https", at: "http:"),
        AuthServerCase(
            "1.2 slash", issuer("https://a/"), "issuer", "ends with a slash; write \"https://a\"", at: "https"),
        AuthServerCase("1.2 path slash", issuer("https://a/b/"), "issuer", "write \"https://a/b\"", at: "https"),
        AuthServerCase(
            "1.2 base slash", ["base": "authorization_endpoint_base_url: https://hub.example.com/"],
            "authorization_endpoint_base_url", "ends with a slash", at: "https"),
        AuthServerCase(
            "1.2 base text", ["base": "authorization_endpoint_base_url: hub"], "authorization_endpoint_base_url",
            "is not a web address", at: "hub"),
        AuthServerCase("1.1 audiences absent", ["allowed_audiences": ""], "allowed_audiences", "is required"),
        AuthServerCase(
            "1.1 audiences empty", ["allowed_audiences": "allowed_audiences: []"], "allowed_audiences", "is empty",
            at: "allowed_audiences"),
        AuthServerCase(
            "1.1 audience empty", ["allowed_audiences": "allowed_audiences: ['']"], "allowed_audiences[0]",
            "is empty", at: "''"),
        AuthServerCase(
            "1.1 audience relative", ["allowed_audiences": "allowed_audiences: [/mcp]"], "allowed_audiences[0]",
            "is not a web address", at: "/mcp"),
        AuthServerCase(
            "1.1 audience scheme", ["allowed_audiences": "allowed_audiences: ['urn:a']"], "allowed_audiences[0]",
            "is not a web address", at: "'urn"),
        AuthServerCase(
            "1.1 audience fragment", ["allowed_audiences": "allowed_audiences: ['https://a#b']"],
            "allowed_audiences[0]", "has a fragment", at: "'https"),
        AuthServerCase(
            "1.1 audience host", ["allowed_audiences": "allowed_audiences: ['https:///mcp']"],
            "allowed_audiences[0]", "has no host", at: "'https"),
        AuthServerCase(
            "1.1 scope", ["scopes_supported": "scopes_supported: ['a b']"], "scopes_supported[0]",
            "is not one scope", at: "'a b'"),
        AuthServerCase(
            "1.1 baseline", ["baseline_client_scopes": "baseline_client_scopes: [opnid]"],
            "baseline_client_scopes[0]", "Did you mean \"openid\"?", at: "opnid"),
        AuthServerCase(
            "1.1 forced without registration",
            ["force": "force_confidential_redirect_uris: [https://a/cb]"], "force_confidential_redirect_uris",
            "needs allow_confidential_client_registration: true", at: "force"),
        AuthServerCase(
            "1.1 forced http",
            [
                "force": "force_confidential_redirect_uris: [http://a/cb]",
                "allow": "allow_confidential_client_registration: true",
            ], "force_confidential_redirect_uris[0]", "is not an https URL", at: "http:"),
        AuthServerCase(
            "1.1 forced loopback",
            [
                "force": "force_confidential_redirect_uris: ['https://localhost/cb']",
                "allow": "allow_confidential_client_registration: true",
            ], "force_confidential_redirect_uris[0]", "another machine", at: "'https"),
        AuthServerCase(
            "1.2 confidential insecure",
            ["a": "allow_confidential_client_registration: true", "b": "insecure_allow_http: true"],
            "insecure_allow_http", "does not go together with allow_confidential_client_registration", at: "true"),
        AuthServerCase(
            "1.2 confidential loopback",
            ["issuer": "issuer: http://localhost:4483", "a": "allow_confidential_client_registration: true"],
            issuer: "http://localhost:4483", "issuer",
            "insecure_allow_confidential_over_loopback_http: true for a test", at: "http:"),
        AuthServerCase(
            "1.1 delegation text", ["d": "delegation_token_lifespan: 15"], "delegation_token_lifespan",
            "has no unit", at: "15"),
        AuthServerCase(
            "1.1 delegation long", ["d": "delegation_token_lifespan: 25h"], "delegation_token_lifespan",
            "is out of range", at: "25h"),
        AuthServerCase(
            "1.1 delegation negative", ["d": "delegation_token_lifespan: -1s"], "delegation_token_lifespan",
            "is negative", at: "-1s"),
    ]

    private static func lifespans(_ text: String) -> KeyValuePairs<String, String> {
        ["token_lifespans": "token_lifespans: {\(text)}"]
    }

    private static func hardening(_ text: String) -> KeyValuePairs<String, String> {
        ["hardening": "hardening: {\(text)}"]
    }

    static let lifetimes: [AuthServerCase] = [
        AuthServerCase(
            "1.5 text", lifespans("access_token_lifespan: soon"), "token_lifespans.access_token_lifespan",
            "is not a duration", at: "soon"),
        AuthServerCase(
            "1.5 access", lifespans("access_token_lifespan: 59s"), "token_lifespans.access_token_lifespan",
            "from 1m to 24h", at: "59s"),
        AuthServerCase(
            "1.5 access", lifespans("access_token_lifespan: 24h1s"), "token_lifespans.access_token_lifespan",
            "from 1m to 24h", at: "24h1s"),
        AuthServerCase(
            "1.5 refresh", lifespans("refresh_token_lifespan: 59m"), "token_lifespans.refresh_token_lifespan",
            "from 1h to 720h", at: "59m"),
        AuthServerCase(
            "1.5 refresh", lifespans("refresh_token_lifespan: 721h"), "token_lifespans.refresh_token_lifespan",
            "from 1h to 720h", at: "721h"),
        AuthServerCase(
            "1.5 code", lifespans("auth_code_lifespan: 29s"), "token_lifespans.auth_code_lifespan",
            "from 30s to 10m", at: "29s"),
        AuthServerCase(
            "1.5 code", lifespans("auth_code_lifespan: 11m"), "token_lifespans.auth_code_lifespan",
            "from 30s to 10m", at: "11m"),
        AuthServerCase(
            "1.11 size", ["cimd": "cimd: {cache_max_size: -1}"], "cimd.cache_max_size", "out of range", at: "-1"),
        AuthServerCase(
            "1.11 ttl", ["cimd": "cimd: {cache_fallback_ttl: 0s}"], "cimd.cache_fallback_ttl", "is not positive",
            at: "0s"),
        AuthServerCase(
            "13.0 registration", hardening("registration: close"), "hardening.registration",
            "Did you mean \"closed\"?", at: "close"),
        AuthServerCase(
            "13.0 consent", hardening("consent: never"), "hardening.consent", "remember, always, off", at: "never"),
        AuthServerCase(
            "13.0 consent off", hardening("consent: off"), "hardening.consent",
            "needs registration: closed and cimd.enabled: false", at: "off"),
        AuthServerCase(
            "13.0 consent off, cimd on", hardening("consent: off, registration: closed"), "hardening.consent",
            "needs registration: closed", at: "off"),
        AuthServerCase(
            "13.0 consent_ttl", hardening("consent_ttl: 0s"), "hardening.consent_ttl", "is not positive", at: "0s"),
        AuthServerCase(
            "13.0 origins", hardening("trusted_redirect_origins: [http://a]"),
            "hardening.trusted_redirect_origins[0]", "is not an https origin", at: "http:"),
        AuthServerCase(
            "13.0 origins path", hardening("trusted_redirect_origins: [https://a/b]"),
            "hardening.trusted_redirect_origins[0]", "without a path", at: "https"),
        AuthServerCase(
            "13.0 scheme", hardening("private_use_redirect_schemes: ['my app']"),
            "hardening.private_use_redirect_schemes[0]", "is not a scheme", at: "'my"),
        AuthServerCase(
            "13.0 scheme denied", hardening("private_use_redirect_schemes: [JavaScript]"),
            "hardening.private_use_redirect_schemes[0]", "is never a scheme", at: "JavaScript"),
        AuthServerCase("13.0 par", hardening("par: on"), "hardening.par", "off, optional, required", at: "on"),
        AuthServerCase("13.0 dpop", hardening("dpop: yes"), "hardening.dpop", "off, optional, required", at: "yes"),
        AuthServerCase(
            "13.0 nonce", hardening("dpop_nonce: both"), "hardening.dpop_nonce", "off, token, all", at: "both"),
        AuthServerCase(
            "13.0 grace", hardening("refresh_grace: 121s"), "hardening.refresh_grace", "from 0s to 2m", at: "121s"),
        AuthServerCase(
            "13.0 grace", hardening("refresh_grace: -1s"), "hardening.refresh_grace", "from 0s to 2m", at: "-1s"),
        AuthServerCase(
            "13.0 session", hardening("session_max_lifetime: 167h"), "hardening.session_max_lifetime",
            "is less than the 168h of refresh_token_lifespan", at: "167h"),
        AuthServerCase(
            "13.0 typ", hardening("access_token_typ: jwt"), "hardening.access_token_typ", "Did you mean \"JWT\"?",
            at: "jwt"),
        AuthServerCase(
            "13.0 unknown", hardening("registraton: open"), "hardening.registraton",
            "did you mean \"registration\"?", at: "registraton"),
    ]

    @Test("Each rule about the settings as a whole is enforced in both forms", arguments: topLevel)
    func rule(_ row: AuthServerCase) throws {
        try row.check()
    }

    @Test("Each rule about lifetimes, metadata documents and hardening is enforced in both forms", arguments: lifetimes)
    func lifetime(_ row: AuthServerCase) throws {
        try row.check()
    }

    private static func storage(_ text: String) -> KeyValuePairs<String, String> { ["storage": "storage: {\(text)}"] }
    private static func redis(_ text: String) -> KeyValuePairs<String, String> {
        storage("type: redis, redis_config: {\(text)}")
    }
    private static let user = "acl_user_config: {password_env_var: P}"
    private static let password = ["P": ""]

    static let storageCases: [AuthServerCase] = [
        AuthServerCase("1.10 type", storage("type: sqlit"), "storage.type", "Did you mean \"sqlite\"?", at: "sqlit"),
        AuthServerCase(
            "ours foreign block", storage("type: memory, sqlite_config: {path: /a.db}"), "storage.sqlite_config",
            "does not belong to type: memory", at: "sqlite_config"),
        AuthServerCase(
            "ours path", storage("sqlite_config: {path: /var/lib/}"), "storage.sqlite_config.path", "is a folder",
            at: "/var/lib/"),
        AuthServerCase(
            "ours no place", [:], environment: ["HOME": ""], "storage", "has no place: neither STATE_DIRECTORY"),
        AuthServerCase(
            "1.10 redis block", storage("type: redis"), "storage.redis_config", "is required", at: "storage"),
        AuthServerCase(
            "1.10 no address", redis("key_prefix: 'a:', \(user)"), environment: password,
            "storage.redis_config.addr", "write addr or sentinel_config", at: "redis_config"),
        AuthServerCase(
            "1.10 both addresses",
            redis("addr: 'r:1', sentinel_config: {master_name: m, sentinel_addrs: ['s:1']}, key_prefix: a, \(user)"),
            environment: password, "storage.redis_config.sentinel_config", "only one of addr and sentinel_config",
            at: "sentinel_config"),
        AuthServerCase(
            "1.10 cluster",
            redis(
                "cluster_mode: true, sentinel_config: {master_name: m, sentinel_addrs: ['s:1']}, key_prefix: a, \(user)"
            ),
            environment: password, "storage.redis_config.cluster_mode", "needs addr", at: "true"),
        AuthServerCase(
            "1.10 address", redis("addr: redis, key_prefix: a, \(user)"), environment: password,
            "storage.redis_config.addr", "write host:port", at: "redis"),
        AuthServerCase(
            "1.10 sentinel name", redis("sentinel_config: {sentinel_addrs: ['s:1']}, key_prefix: a, \(user)"),
            environment: password, "storage.redis_config.sentinel_config.master_name", "is required",
            at: "sentinel_config"),
        AuthServerCase(
            "1.10 sentinel list",
            redis("sentinel_config: {master_name: m, sentinel_addrs: []}, key_prefix: a, \(user)"),
            environment: password, "storage.redis_config.sentinel_config.sentinel_addrs", "is empty",
            at: "sentinel_addrs"),
        AuthServerCase(
            "1.10 prefix", redis("addr: 'r:1', \(user)"), environment: password, "storage.redis_config.key_prefix",
            "is required", at: "redis_config"),
        AuthServerCase(
            "1.10 user", redis("addr: 'r:1', key_prefix: a"), "storage.redis_config.acl_user_config", "is required",
            at: "redis_config"),
        AuthServerCase(
            "1.10 password key", redis("addr: 'r:1', key_prefix: a, acl_user_config: {username_env_var: P}"),
            environment: password, "storage.redis_config.acl_user_config.password_env_var", "is required",
            at: "acl_user_config"),
        AuthServerCase(
            "1.10 password variable", redis("addr: 'r:1', key_prefix: a, \(user)"),
            "storage.redis_config.acl_user_config.password_env_var", "\"P\" is not set", at: "P}"),
        AuthServerCase(
            "1.10 user variable",
            redis("addr: 'r:1', key_prefix: a, acl_user_config: {username_env_var: U, password_env_var: P}"),
            environment: password, "storage.redis_config.acl_user_config.username_env_var", "\"U\" is not set", at: "U,"
        ),
        AuthServerCase(
            "1.10 timeout", redis("addr: 'r:1', key_prefix: a, dial_timeout: 0s, \(user)"), environment: password,
            "storage.redis_config.dial_timeout", "is not positive", at: "0s"),
    ]

    @Test("Each rule about storage is enforced in both forms", arguments: storageCases)
    func storage(_ row: AuthServerCase) throws {
        try row.check()
    }
}
