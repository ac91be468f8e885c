// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// The upstreams that a person visits in one login, in order, and how far they got.
///
/// The first leg decides who the user is; the others only add tokens, whoever the person is called there. It is a
/// value: it travels in the pending row from leg to leg, so that a changed configuration does not change a login that
/// has begun.
package struct LoginChain: Sendable, Hashable, Codable {
    package struct Leg: Sendable, Hashable, Codable {
        package enum Progress: String, Sendable, Hashable, Codable { case open, done, skipped }

        package let provider: String
        package let isOptional: Bool
        package fileprivate(set) var progress: Progress
    }

    package enum Step: Sendable, Hashable {
        /// The next leg, unless its tokens are already there.
        case visit(Leg)
        case complete(ResolvedUser, authenticatedAt: Date)
        /// The chain says something that cannot be: nothing is issued.
        case broken
    }

    package private(set) var legs: [Leg]
    package private(set) var user: ResolvedUser?
    package private(set) var authenticatedAt: Date?

    package init(_ upstreams: [(provider: String, isOptional: Bool)]) {
        legs = upstreams.enumerated().map { index, upstream in
            // Without the first leg there is nobody to issue a code to.
            Leg(provider: upstream.provider, isOptional: index > 0 && upstream.isOptional, progress: .open)
        }
    }

    package var step: Step {
        guard let first = legs.first else { return .broken }
        if let open = legs.first(where: { $0.progress == .open }) {
            return (user == nil) == (open == first) ? .visit(open) : .broken
        }
        guard first.progress == .done, let user, let authenticatedAt else { return .broken }
        return .complete(user, authenticatedAt: authenticatedAt)
    }

    /// Whether the next leg is the one that decides who the user is.
    package var isAtFirstLeg: Bool { legs.first?.progress == .open }

    /// More than one leg: the row of the first must then still be the user's when the login is done.
    package var firstOfSeveral: String? { legs.count > 1 ? legs.first?.provider : nil }

    /// Ends the first leg.
    package mutating func identify(_ user: ResolvedUser, at date: Date) {
        guard isAtFirstLeg else { return }
        legs[0].progress = .done
        self.user = user
        authenticatedAt = date
    }

    /// Ends a later leg with its tokens in place.
    package mutating func finish(_ provider: String) {
        guard !isAtFirstLeg else { return }
        set(provider, .done)
    }

    /// Goes on without the leg; false when it cannot be left out.
    package mutating func skip(_ provider: String) -> Bool {
        guard legs.contains(where: { $0.provider == provider && $0.isOptional && $0.progress == .open }) else {
            return false
        }
        set(provider, .skipped)
        return true
    }

    private mutating func set(_ provider: String, _ progress: Leg.Progress) {
        for index in legs.indices where legs[index].provider == provider { legs[index].progress = progress }
    }

    /// Whether a stored chain can go on at this provider: its legs are configured, in their order and each once, the
    /// first is the one that decides who users are, and the provider is the leg whose turn it is.
    package func canContinue(at provider: String, configured: [String]) -> Bool {
        guard case .visit(let leg) = step, leg.provider == provider, legs.first?.provider == configured.first else {
            return false
        }
        var rest = configured[...]
        for leg in legs {
            guard let index = rest.firstIndex(of: leg.provider) else { return false }
            rest = rest[(index + 1)...]
        }
        return true
    }
}
