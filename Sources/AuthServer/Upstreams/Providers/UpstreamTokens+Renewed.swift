// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Observability

extension UpstreamTokens {
    /// These tokens with what a refresh brought; what it left out stays (RFC 6749 section 6).
    func renewed(by answer: UpstreamTokenAnswer, idToken: Secret?) -> UpstreamTokens {
        var tokens = self
        tokens.accessToken = answer.accessToken
        tokens.expiresAt = answer.expiresAt
        tokens.refreshToken = answer.refreshToken ?? refreshToken
        tokens.idToken = idToken ?? self.idToken
        return tokens
    }
}

extension UpstreamTokenAnswer {
    /// Scopes that are no permission: their effect is seen in the answer itself.
    private static let unremarkable: Set<String> = ["openid", "offline_access"]

    /// A person may grant less than was asked for, and a backend that fails later is hard to explain without this.
    func noteMissingScopes(of requested: [String], upstream: String, logger: Logger) {
        guard let scopes, !scopes.isEmpty else { return }
        let missing = requested.filter { !scopes.contains($0) && !Self.unremarkable.contains($0) }
        guard !missing.isEmpty else { return }
        logger.info(
            "Upstream granted fewer scopes than requested",
            metadata: ["upstream": "\(upstream)", "missing": "\(missing.joined(separator: " "))"])
    }
}
