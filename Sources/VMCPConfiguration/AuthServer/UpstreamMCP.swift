// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension AuthServerRunConfig {
    /// vmcp addition: a remote MCP server that says itself where people sign in for it.
    package struct UpstreamMCP: Sendable, Hashable {
        /// The URL of the server's endpoint.
        package let resource: HTTPURL
        /// The authorization server that `clientID` belongs to; absent for whatever the resource names.
        package let issuer: HTTPURL?
        package internal(set) var client: UpstreamClient

        static var placeholder: UpstreamMCP { UpstreamMCP(reading: .empty(keys: keys)) }
    }
}

extension AuthServerRunConfig.UpstreamMCP: Section {
    static let summary =
        "vmcp addition. A remote MCP server that is protected by an authorization server of its own choice."

    private enum Keys {
        static let resource = Key<HTTPURL>(
            "resource", .httpURL, required: true, "The URL of the server's endpoint, as the backend has it.")
        static let issuer = Key<HTTPURL>(
            "issuer", .httpURL.orEmpty, "The authorization server that client_id belongs to, letter by letter.")
        static let clientID = Key<String>(
            "client_id", .string, "What we are called there; without it the server registers itself.")
        static let scopes = DefaultKey<[String]>(
            "scopes", .scopes, default: [], "What is asked for there, instead of what the server wants.")
    }

    static let keys: [any SectionKey] =
        [Keys.resource, Keys.issuer, Keys.clientID, Keys.scopes] + AuthServerRunConfig.UpstreamClient.keys

    init(reading section: SectionReader) {
        resource = section[Keys.resource] ?? .placeholder
        issuer = section[Keys.issuer]
        let clientID = section[Keys.clientID].nonEmpty
        client = AuthServerRunConfig.UpstreamClient(
            reading: section, clientID: clientID, scopes: section[Keys.scopes])
        check(section, clientID)
    }

    private func check(_ section: SectionReader, _ clientID: String?) {
        if clientID != nil, issuer == nil, !section.place.has(Keys.issuer.name) {
            section.missing(
                Keys.issuer.name, "client_id belongs to one authorization server; write which, or remove client_id")
        }
        if clientID == nil, client.clientSecret != nil {
            let key = section.place.has("client_secret_file") ? "client_secret_file" : "client_secret_env_var"
            section.place.entry(key).refuse("needs client_id; write both, or remove it and let vmcp register itself")
        }
        if let issuer, issuer.text.contains("?") {
            section.refuse(
                Keys.issuer, "\(quoted(issuer.text)) has a query; an issuer has none, remove the part from ? on")
        }
        if client.additionalAuthorizationParameters.keys.contains("resource") {
            section.place.entry("additional_authorization_params").entry("resource").refuse(
                "is a parameter that vmcp sets itself; remove it")
        }
    }
}
