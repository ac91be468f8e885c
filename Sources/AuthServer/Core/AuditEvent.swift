// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Logging

/// One outcome that somebody may have to reconstruct later. Identifiers are hashed; secrets never appear.
package struct AuditEvent: Sendable {
    package enum Action: String, Sendable {
        case authorize, consent, login, code, token, refresh, reuse, revoke, register, exchange, proof
    }

    package enum Outcome: String, Sendable { case success, failure, denied }

    package var action: Action
    package var outcome: Outcome
    /// A registered error code or another word from a fixed list.
    package var reason: String?
    package var clientID: String?
    package var userID: String?
    package var provider: String?
    package var family: String?
    package var clientAddress: String?

    package init(
        _ action: Action, _ outcome: Outcome, reason: String? = nil, clientID: String? = nil, userID: String? = nil,
        provider: String? = nil, family: String? = nil, clientAddress: String? = nil
    ) {
        self.action = action
        self.outcome = outcome
        self.reason = reason
        self.clientID = clientID
        self.userID = userID
        self.provider = provider
        self.family = family
        self.clientAddress = clientAddress
    }
}

/// Writes audit events as log lines: one event, one line.
package struct AuditLog: Sendable {
    private let logger: Logger

    package init(logger: Logger) { self.logger = logger }

    package func record(_ event: AuditEvent) {
        var metadata: Logger.Metadata = [
            "action": "\(event.action.rawValue)", "outcome": "\(event.outcome.rawValue)",
        ]
        func add(_ name: String, _ value: String?) {
            if let value { metadata[name] = "\(value)" }
        }
        add("reason", event.reason)
        add("client", event.clientID.map(Self.digest))
        add("user", event.userID.map(Self.digest))
        add("provider", event.provider)
        add("family", event.family.map(Self.digest))
        add("address", event.clientAddress)
        // Reuse of a one-time thing is an attack until somebody has looked at it.
        logger.log(level: event.action == .reuse ? .warning : .info, "Audit", metadata: metadata)
    }

    /// Enough to tell identifiers apart and to find one that is known, useless for anything else.
    private static func digest(_ identifier: String) -> String {
        SHA256.hash(data: Array(identifier.utf8)).prefix(8).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
