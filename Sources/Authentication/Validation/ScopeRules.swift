// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Which scopes a token must have, and which broader scopes stand for narrower ones.
package struct ScopeRules: Sendable, Hashable {
    /// What is asked for, in the operator's order. What is advertised is exactly this.
    package let required: [String]
    /// For each scope, the narrower ones that it includes.
    private let implied: [String: [String]]

    package init(required: [String] = [], implied: [String: [String]] = [:]) {
        self.required = Self.advertised(required)
        self.implied = implied
    }

    /// Without repetitions and without `offline_access`, which is between client and authorization server.
    package static func advertised(_ scopes: [String]) -> [String] {
        var seen: Set<String> = ["offline_access"]
        return scopes.filter { !$0.isEmpty && seen.insert($0).inserted }
    }

    package func allows(_ granted: Set<String>) -> Bool { includes(required, in: granted) }

    /// Whether `granted` covers all of `scopes`, directly or through a broader scope.
    package func includes(_ scopes: [String], in granted: Set<String>) -> Bool {
        if scopes.allSatisfy({ granted.contains($0) }) { return true }
        guard !implied.isEmpty else { return false }
        var reached = granted
        var open = Array(granted)
        while let scope = open.popLast() {
            for narrower in implied[scope] ?? [] where reached.insert(narrower).inserted { open.append(narrower) }
        }
        return scopes.allSatisfy { reached.contains($0) }
    }
}
