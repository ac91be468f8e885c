// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Storage

/// A login that waits for the browser to come back from an upstream.
///
/// One for each leg, under the digest of the `state` that the upstream was given; sealed, because it holds the code
/// verifier.
package struct PendingAuthorization: StoredRecord {
    package static let table = StorageTable("pending", capacity: 10_000)
    package static let isSealed = true

    package var login: Login
    /// The leg's upstream; never one that the callback names.
    package var provider: String
    package var codeVerifier: String
    package var nonce: String
    /// The digest of the cookie's value; `nil` only with browser checks switched off.
    package var browserBinding: String?
    /// What the upstream wants to have back.
    package var upstreamBinding: UpstreamBinding?

    package init(
        login: Login, provider: String, codeVerifier: String, nonce: String, browserBinding: String?,
        upstreamBinding: UpstreamBinding? = nil
    ) {
        self.login = login
        self.provider = provider
        self.codeVerifier = codeVerifier
        self.nonce = nonce
        self.browserBinding = browserBinding
        self.upstreamBinding = upstreamBinding
    }
}

/// What stays the same from leg to leg, and how far it got.
package struct Login: Sendable, Codable {
    package var grant: AuthorizationGrant
    package var tsid: String
    package var chain: LoginChain
    package var consent: ConsentReference?

    package init(grant: AuthorizationGrant, tsid: String, chain: LoginChain, consent: ConsentReference?) {
        self.grant = grant
        self.tsid = tsid
        self.chain = chain
        self.consent = consent
    }
}
