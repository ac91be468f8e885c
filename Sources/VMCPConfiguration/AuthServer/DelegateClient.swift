// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension AuthServerRunConfig {
    /// A client that exchanges tokens of users (RFC 8693), and can do nothing else.
    package struct DelegateClient: Sendable, Hashable {
        package let clientID: String
        /// At least 32 characters.
        package let clientSecret: SecretReference
        package let scopes: [String]
        package let audiences: [String]

        package static let minimumSecretLength = 32
        /// Ids that start so are made by the server itself.
        package static let reservedPrefix = "synthetic:"
    }
}

extension AuthServerRunConfig.DelegateClient: Section {
    static let summary = "A client that exchanges tokens of users (RFC 8693), and can do nothing else."

    private enum Keys {
        static let clientID = Key<String>("client_id", .nonEmptyString, required: true, "The name of the client.")
        static let secretFile = Key<String>(
            "client_secret_file", .string, "A file with its secret of at least 32 characters.")
        static let secretVariable = Key<String>(
            "client_secret_env_var", .string, "The environment variable with that secret.")
        static let scopes = Key<[String]>("scopes", .scopes, required: true, "Some of scopes_supported.")
        static let audiences = Key<[String]>(
            "audiences", .list(of: .nonEmptyString), required: true, "Some of allowed_audiences.")
    }

    static let keys: [any SectionKey] = [
        Keys.clientID, Keys.secretFile, Keys.secretVariable, Keys.scopes, Keys.audiences,
    ]

    init(reading section: SectionReader) {
        clientID = section[Keys.clientID] ?? ""
        let secret = section.secretReference(
            file: Keys.secretFile, variable: Keys.secretVariable, minimumLength: Self.minimumSecretLength)
        clientSecret = secret ?? .environment(variable: "")
        scopes = section[Keys.scopes] ?? []
        audiences = section[Keys.audiences] ?? []
        if secret == nil {
            section.missing(Keys.secretFile.name, "write client_secret_file or client_secret_env_var")
        }
        if clientID.hasPrefix(Self.reservedPrefix) {
            section.refuse(
                Keys.clientID, "\(quoted(clientID)) starts with the reserved \(Self.reservedPrefix); choose another")
        }
        for key in [Keys.scopes, Keys.audiences] where section.at(key).isEmptyList {
            section.refuse(key, "is empty; write at least one")
        }
    }
}
