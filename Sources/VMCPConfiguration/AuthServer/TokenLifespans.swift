// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension AuthServerRunConfig {
    /// How long what the authorization server issues lives.
    package struct TokenLifespans: Sendable, Hashable {
        package let accessToken: Duration
        /// Of an unused refresh token.
        package let refreshToken: Duration
        package let authorizationCode: Duration
        /// Of tokens that others were exchanged for.
        package private(set) var delegation: Duration

        static let standardDelegation = Duration.seconds(15 * 60)
        static var placeholder: TokenLifespans { TokenLifespans(reading: .empty(keys: keys)) }

        func with(delegation: Duration) -> TokenLifespans {
            var copy = self
            copy.delegation = delegation
            return copy
        }
    }
}

extension AuthServerRunConfig.TokenLifespans: Section {
    static let summary = "How long tokens and codes live."

    private enum Keys {
        static let accessToken = DefaultKey<Duration>(
            "access_token_lifespan", .duration(atLeast: .seconds(60), atMost: .seconds(86_400)).orEmpty,
            default: .seconds(3600), "From 1m to 24h.")
        static let refreshToken = DefaultKey<Duration>(
            "refresh_token_lifespan", .duration(atLeast: .seconds(3600), atMost: .seconds(720 * 3600)).orEmpty,
            default: .seconds(168 * 3600), "From 1h to 720h.")
        static let code = DefaultKey<Duration>(
            "auth_code_lifespan", .duration(atLeast: .seconds(30), atMost: .seconds(600)).orEmpty,
            default: .seconds(600), "From 30s to 10m.")
    }

    static let keys: [any SectionKey] = [Keys.accessToken, Keys.refreshToken, Keys.code]

    init(reading section: SectionReader) {
        accessToken = section[Keys.accessToken]
        refreshToken = section[Keys.refreshToken]
        authorizationCode = section[Keys.code]
        delegation = Self.standardDelegation
    }
}
