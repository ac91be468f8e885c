// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Observability

extension Configuration {
    /// One header with a fixed value.
    package struct HeaderInjection: Sendable, Hashable {
        package let headerName: String
        package let headerValue: Secret
    }

    /// The caller's token of an upstream provider, unchanged (Mode B).
    package struct UpstreamInject: Sendable, Hashable {
        /// The upstream of the authorization server; the one named `default` when the file names none.
        package let providerName: String

        static let defaultProviderName = "default"
    }
}

extension Configuration.HeaderInjection: Section {
    static let summary = "One header with a fixed value."

    private enum Keys {
        static let headerName = Key<String>("headerName", .injectedHeader, required: true, "The header.")
        static let headerValue = Key<String>("headerValue", .string, "Its value; or headerValueEnv.")
        static let headerValueEnv = Key<String>(
            "headerValueEnv", .string, "The environment variable that holds the value.")
    }

    static let keys: [any SectionKey] = [Keys.headerName, Keys.headerValue, Keys.headerValueEnv]

    init(reading section: SectionReader) {
        headerName = section[Keys.headerName] ?? ""
        section.refuseBoth(Keys.headerValue, Keys.headerValueEnv)
        let secret = section.secret(Keys.headerValue, Keys.headerValueEnv)
        headerValue = secret ?? Secret("")
        if section[Keys.headerValue].nonEmpty == nil, section[Keys.headerValueEnv].nonEmpty == nil {
            section.missing("headerValue", "either headerValue or headerValueEnv must be set")
        }
        if let secret, let problem = HeaderRules.valueProblem(secret.exposed) {
            section.refuse(section.has(Keys.headerValue) ? Keys.headerValue : Keys.headerValueEnv, problem)
        }
    }
}

extension Configuration.UpstreamInject: Section {
    static let summary = "The caller's token of an upstream provider, unchanged."

    private enum Keys {
        static let providerName = Key<String>(
            "providerName", .string, "The upstream provider; absent means the one named default.")
    }

    static let keys: [any SectionKey] = [Keys.providerName]

    init(reading section: SectionReader) {
        providerName = section[Keys.providerName].nonEmpty ?? Self.defaultProviderName
    }
}
