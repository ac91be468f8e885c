// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// How clients prove who they are, and what they may do.
    package struct IncomingAuth: Sendable, Hashable {
        package let method: Method
        /// Absent when everything is allowed.
        package let authorization: Authorization?

        package enum Method: Sendable, Hashable {
            /// Everybody is the same nobody.
            case anonymous
            /// Everybody is the user that runs this process.
            case local
            /// Clients bring a bearer token of an OpenID provider.
            case oidc(OIDC)
        }
    }
}

extension Configuration.IncomingAuth: Section {
    static let summary = "How clients prove who they are, and what they may do."

    private enum MethodName: String, CaseIterable {
        case oidc
        case local
        case anonymous
    }

    private enum Keys {
        static let type = Key<MethodName>("type", .name, required: true, "The kind of proof.")
        static let oidc = Key<Configuration.OIDC>("oidc", .section, "The OpenID provider; with type oidc.")
        static let authz = Key<Configuration.AuthorizationSection>("authz", .section, "What clients may do.")
    }

    static let keys: [any SectionKey] = [Keys.type, Keys.oidc, Keys.authz]

    init(reading section: SectionReader) {
        let type = section[Keys.type]
        let oidc = section.read(Keys.oidc, isInUse: type == .oidc)
        authorization = section[Keys.authz]?.authorization
        switch type {
        case .oidc:
            if !section.has(Keys.oidc) { section.missing("oidc", "write the issuer and the audience") }
            method = oidc.map(Method.oidc) ?? .anonymous
        case .local: method = .local
        case .anonymous, nil: method = .anonymous
        }
    }
}
