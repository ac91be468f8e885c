// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Whether an actor may use the rights of a subject: what the subject's token or the operator says about it.
enum DelegationConsent {
    enum Refusal: String, Error, Sendable, Hashable {
        /// The token's `may_act` names somebody else.
        case mayAct = "may_act_other"
        /// The operator does not let this client use tokens of that issuer.
        case client = "client_not_allowed"
        /// The token was issued to another client.
        case otherClient = "other_client"
        /// The token does not say to whom it was issued.
        case noClient = "no_client"
    }

    /// The first rule that applies decides.
    ///
    /// - Parameters:
    ///   - actor: who will act: the subject of the actor token, or the client itself.
    ///   - client: authenticated.
    static func check(_ subject: SubjectToken, actor: String, client: OAuthClient) throws(Refusal) {
        if let mayAct = subject.mayAct {
            guard mayAct.isExactly(actor) else { throw .mayAct }
            if let issuer = subject.trustedIssuer {
                guard issuer.allowedDelegateClients.containsExactly(client.id) else { throw .client }
            }
            return
        }
        if let issuer = subject.trustedIssuer {
            guard issuer.allowsDelegate(client.id) else { throw .client }
            return
        }
        guard let holder = subject.clientID else { throw .noClient }
        // The operator's own clients are there to exchange what others were issued.
        guard client.origin == .configuration || holder.isExactly(client.id) else { throw .otherClient }
    }
}

extension TrustedIssuer {
    /// Whether the operator lets a client exchange tokens of this issuer.
    func allowsDelegate(_ clientID: String) -> Bool {
        allowedDelegateClients == ["*"] || allowedDelegateClients.containsExactly(clientID)
    }
}
