// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import ExampleBackend

/// The gateway of a test: its backends and what its file says beside the least that a file must say.
struct GatewayPlan: Sendable {
    struct Backend: Sendable {
        var name: String
        var options: ExampleBackendOptions

        init(_ name: String, _ configure: (inout ExampleBackendOptions) -> Void = { _ in }) {
            self.name = name
            options = ExampleBackendOptions(transport: .http(host: "127.0.0.1", port: 0), retryMilliseconds: 20)
            configure(&options)
        }
    }

    var backends = [Backend("one")]
    /// `key: value` lines of the section `limits`.
    var limits: [String] = []
    /// Further top-level sections, as text.
    var sections = ""
    /// Backends that are not ours: name and URL.
    var others: [(name: String, url: String)] = []
    /// The lines of the section `incomingAuth`.
    var incomingAuth = ["type: anonymous"]
    /// The lines of the section `outgoingAuth`.
    var outgoingAuth = ["source: inline"]
    /// 0 lets the system choose.
    var port = 0
    var environment: [String: String] = [:]
    var sessionIdleTime = Duration.seconds(1800)
    var threads = 2

    static let standard = GatewayPlan()

    /// No backend at all, for what the edge decides alone.
    static let bare: GatewayPlan = {
        var plan = GatewayPlan()
        plan.backends = []
        return plan
    }()

    /// One backend, and bounds.
    static func limits(_ limits: String...) -> GatewayPlan {
        var plan = GatewayPlan()
        plan.limits = limits
        return plan
    }

    /// The text of `vmcp.yaml`, for backends that listen on these ports.
    func configurationText(ports: [Int]) -> String {
        let all =
            zip(backends, ports).map { ($0.name, "http://127.0.0.1:\($1)/mcp") } + others.map { ($0.name, $0.url) }
        let entries = all.map { name, url in
            """
              - name: \(name)
                url: \(url)
                transport: streamable-http
            """
        }
        return """
            name: test
            groupRef: lab
            backends:\(entries.isEmpty ? " []" : "\n" + entries.joined(separator: "\n"))
            incomingAuth:
            \(incomingAuth.map { "  \($0)" }.joined(separator: "\n"))
            outgoingAuth:
            \(outgoingAuth.map { "  \($0)" }.joined(separator: "\n"))
            aggregation:
              conflictResolution: prefix
              conflictResolutionConfig:
                prefixFormat: "{workload}_"
            \(limits.isEmpty ? "" : "limits:\n" + limits.map { "  \($0)" }.joined(separator: "\n"))
            \(sections)

            """
    }
}
