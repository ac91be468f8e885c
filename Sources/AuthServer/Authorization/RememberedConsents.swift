// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import Storage

/// Names a remembered decision, and says how a login came by it.
package struct ConsentReference: Sendable, Hashable, Codable {
    /// The digest of the browser's cookie.
    package var browser: String
    package var decision: String
    /// Whether no page was shown this time: whoever signs in must be the person who decided.
    package var isSilent: Bool

    package init(browser: String, decision: String, isSilent: Bool) {
        self.browser = browser
        self.decision = decision
        self.isSilent = isSilent
    }
}

/// The memory of consent decisions, per browser.
///
/// It never covers redirect URIs on the person's own computer or with private-use schemes: any program there can claim
/// them, so an earlier approval says nothing about who asks now.
package struct RememberedConsents: Sendable {
    private static let attempts = 32

    private let records: RecordStore
    private let cookies: BrowserCookies
    private let isOn: Bool
    private let seconds: Int
    private let upstreams: [UpstreamConsent]
    private let random: any RandomSource
    private let now: @Sendable () -> Date

    package init(
        records: RecordStore, cookies: BrowserCookies, mode: AuthServerSettings.ConsentMode, lifetime: Duration,
        upstreams: [UpstreamConsent], random: any RandomSource, now: @escaping @Sendable () -> Date
    ) {
        self.records = records
        self.cookies = cookies
        isOn = mode == .remember
        seconds = Int(clamping: lifetime.components.seconds)
        self.upstreams = upstreams
        self.random = random
        self.now = now
    }

    /// The decision that makes the page unnecessary.
    package func reference(
        covering grant: AuthorizationGrant, _ request: AuthRequest
    ) async throws(StorageError) -> ConsentReference? {
        guard isRememberable(grant), let (browser, decisions) = try await decisions(request) else { return nil }
        let now = now()
        return decisions.last { $0.covers(grant, upstreams: upstreams, now: now) }
            .map { ConsentReference(browser: browser, decision: $0.id, isSilent: true) }
    }

    /// Whether the browser approved this address for this client before, whatever for.
    package func knows(_ address: ReturnAddress, _ request: AuthRequest) async throws(StorageError) -> Bool {
        guard isOn, let (_, decisions) = try await decisions(request) else { return false }
        let now = now()
        return decisions.contains {
            now < $0.expires && $0.clientID == address.clientID && $0.redirectURI == address.redirectURI
        }
    }

    /// Remembers an approval, if it may be, and returns the cookie to set.
    package func remember(
        _ grant: AuthorizationGrant, _ request: AuthRequest
    ) async throws(StorageError) -> (ConsentReference, BrowserCookies.Header)? {
        guard isRememberable(grant) else { return nil }
        let now = now()
        let decision = ConsentDecision(
            id: RandomHandle.base32(from: random), clientID: grant.clientID, clientFingerprint: grant.clientFingerprint,
            redirectURI: grant.redirectURI, scopes: Set(grant.scopes), resource: grant.resource, upstreams: upstreams,
            userID: nil, expires: now.addingTimeInterval(TimeInterval(seconds)))
        // A cookie of ours that has no row any more, or that is not of ours, is not taken up.
        var cookie = RandomHandle.base64URL(from: random)
        if let old = cookieValue(request), try await load(RecordStore.id(ofHandle: old)) != nil { cookie = old }
        let browser = RecordStore.id(ofHandle: cookie)
        guard try await change(browser, { $0.add(decision, now: now) }) else { return nil }
        return (
            ConsentReference(browser: browser, decision: decision.id, isSilent: false),
            cookies.set(cookies.decisions, cookie, seconds: seconds, .lax)
        )
    }

    /// Takes note of who signed in. False when a silent use was somebody else's: the decision is gone then.
    ///
    /// A person whom the upstream does not name is another one at each login, so that nothing can be remembered for
    /// them.
    package func confirm(
        _ reference: ConsentReference, user: String, isSynthetic: Bool
    ) async throws(StorageError) -> Bool {
        for _ in 0..<Self.attempts {
            guard let stored = try await load(reference.browser),
                let decision = stored.record.decisions.first(where: { $0.id == reference.decision }),
                now() < decision.expires
            else { return !reference.isSilent }
            var changed = stored.record
            var isAllowed = true
            if isSynthetic {
                changed.remove(decision.id)
            } else if reference.isSilent, let known = decision.userID {
                guard known != user else { return true }
                changed.remove(decision.id)
                isAllowed = false
            } else {
                changed.setUser(user, of: decision.id)
            }
            if try await replace(changed, reference.browser, stored) { return isAllowed }
        }
        throw .unavailable("too many logins of one browser at once")
    }

    package func isRememberable(_ grant: AuthorizationGrant) -> Bool {
        isOn && !grant.promptsConsent && !RedirectURIRules.isLoopback(grant.redirectURI)
            && !RedirectURIRules.isPrivateUse(grant.redirectURI)
    }

    // MARK: The row

    private func cookieValue(_ request: AuthRequest) -> String? {
        request.cookie(cookies.decisions).flatMap { AuthorizationRequestRules.isDigest($0) ? $0 : nil }
    }

    private func decisions(
        _ request: AuthRequest
    ) async throws(StorageError) -> (browser: String, [ConsentDecision])? {
        guard let cookie = cookieValue(request) else { return nil }
        let browser = RecordStore.id(ofHandle: cookie)
        return try await load(browser).map { (browser, $0.record.decisions) }
    }

    private func load(_ browser: String) async throws(StorageError) -> Stored<ConsentDecisions>? {
        try await records.load(ConsentDecisions.self, browser)
    }

    /// False when the table has no room: the decision then simply holds for this one login.
    private func change(
        _ browser: String, _ body: (inout ConsentDecisions) -> Void
    ) async throws(StorageError) -> Bool {
        for _ in 0..<Self.attempts {
            let stored = try await load(browser)
            var record = stored?.record ?? ConsentDecisions()
            body(&record)
            if let stored {
                if try await replace(record, browser, stored) { return true }
            } else {
                switch try await records.create(record, browser, expires: expiry) {
                case .committed: return true
                case .full: return false
                case .conflict: continue
                }
            }
        }
        throw .unavailable("too many logins of one browser at once")
    }

    private func replace(
        _ record: ConsentDecisions, _ browser: String, _ stored: Stored<ConsentDecisions>
    ) async throws(StorageError) -> Bool {
        let last = record.decisions.map(\.expires).max() ?? stored.expires
        return try await records.replace(record, browser, version: stored.version, expires: last) == .committed
    }

    private var expiry: Date { now().addingTimeInterval(TimeInterval(seconds)) }
}
