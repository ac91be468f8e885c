// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Storage

/// What a sign-in asks for: the usual, and what operations demanded of the person.
extension MCPUpstream {
    /// The operator's, else what the resource wants; and what its operations demanded.
    func scopes(_ known: Known, besides wanted: [String]) -> [String] {
        let usual = settings.scopes.isEmpty ? known.usualScopes : settings.scopes
        var scopes = ScopeUpgradeRecord.union(usual, wanted)
        // A refresh token is wanted, and this is how some servers are asked for one.
        if settings.scopes.isEmpty, !scopes.isEmpty, known.server.knowsOfflineAccess {
            scopes = ScopeUpgradeRecord.union(scopes, ["offline_access"])
        }
        return scopes
    }

    func wanted(_ known: Known, of userID: String?) async throws(UpstreamError) -> [String] {
        guard let userID else { return [] }
        do throws(StorageError) {
            return try await upgrades.wanted(userID: userID, provider: name, resource: known.resource.identifier)
        } catch {
            throw .unreachable
        }
    }

    /// A backend refused an operation because the token lacks scopes (RFC 6750 section 3.1).
    package func demand(
        _ scopes: [String], operation: String, binding: UpstreamBinding, login: String, userID: String
    ) async throws(UpstreamTokenError) -> ScopeDemandOutcome {
        do throws(StorageError) {
            return try await upgrades.note(
                ScopeUpgrades.Demand(
                    userID: userID, provider: name, resource: binding.resource, operation: operation, login: login,
                    scopes: ScopeUpgradeRecord.union(binding.scopes, scopes)))
        } catch {
            throw .unavailable
        }
    }

    /// What a backend demands may be nothing that its authorization server has: then nobody is asked for it any more,
    /// for otherwise no sign-in would succeed again.
    package func asksForLess(than binding: UpstreamBinding?, userID: String?) async -> Bool {
        guard let binding, let userID, let known = try? await current() else { return false }
        let usual = scopes(known, besides: [])
        let demanded = binding.scopes.filter { !usual.contains($0) }
        guard !demanded.isEmpty else { return false }
        do throws(StorageError) {
            try await upgrades.drop(demanded, userID: userID, provider: name, resource: binding.resource)
        } catch {
            logger.warning(
                "Scopes that the authorization server does not have could not be forgotten",
                metadata: ["upstream": "\(name)", "reason": "\(error)"])
            return false
        }
        logger.warning(
            "The authorization server of a remote MCP server refuses scopes that the MCP server demanded",
            metadata: ["upstream": "\(name)", "scopes": "\(demanded.joined(separator: " "))"])
        return true
    }
}
