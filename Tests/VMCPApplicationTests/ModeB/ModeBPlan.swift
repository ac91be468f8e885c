// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import TestSupport

extension GatewayPlan {
    /// A gateway that signs people in at `provider`, on a port that is known before it runs.
    ///
    /// - Parameters:
    ///   - vault: a backend that gets the caller's upstream token.
    ///   - storage: lines of the section `storage`.
    static func modeB(
        _ provider: FakeProvider, vault: ScriptedBackend? = nil, storage: [String] = ["type: memory"],
        hardening: [String] = [], port: Int? = nil
    ) async throws -> GatewayPlan {
        var plan = GatewayPlan()
        if let port {
            plan.port = port
        } else {
            let place = try await ScriptedHTTPBackend.start { _, reply in reply.respond(503) }
            await place.stop()
            plan.port = place.port
        }
        let issuer = "http://127.0.0.1:\(plan.port)"
        plan.incomingAuth = [
            "type: oidc", "oidc:", "  issuer: \(issuer)", "  audience: \(issuer)/mcp", "  resource: \(issuer)/mcp",
        ]
        if let vault {
            plan.others = [("vault", vault.url)]
            plan.outgoingAuth = [
                "source: inline", "backends:", "  vault:", "    type: upstream_inject", "    upstreamInject:",
                "      providerName: corp",
            ]
        }
        plan.sections = """
            authServer:
              runConfig:
                schema_version: v0.1.0
                issuer: \(issuer)
                allowed_audiences: ["\(issuer)/mcp"]
                storage:
            \(storage.map { "      \($0)" }.joined(separator: "\n"))
                \(hardening.isEmpty ? "" : "hardening:\n" + hardening.map { "      \($0)" }.joined(separator: "\n"))
                upstreams:
                  - name: corp
                    type: oidc
                    oidc_config:
                      issuer_url: \(provider.issuer)
                      client_id: vmcp
                      client_secret_env_var: CORP_SECRET
            """
        plan.environment = ["CORP_SECRET": "provider-secret"]
        return plan
    }
}
