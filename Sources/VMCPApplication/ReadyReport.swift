// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What a person wants to know once the server is up.
package struct ReadyReport: Sendable {
    package struct Backend: Sendable {
        package let name: String
        package let transport: String
        package let isReachable: Bool
        package let problem: String?
        package let revision: String?
        package let tools: Int
        package let resources: Int
        package let prompts: Int
    }

    package let name: String
    /// Where other replicas come, if there are any.
    package let peerPort: Int?
    package let endpoint: String
    package let backends: [Backend]

    /// For a terminal: the endpoint, a line for each backend, and what to paste into a client.
    package var text: String {
        let width = backends.map(\.name.count).max() ?? 0
        let lines = backends.map { backend in
            let name = backend.name + String(repeating: " ", count: width - backend.name.count)
            guard backend.isReachable else {
                return "  ✗ \(name)  \(backend.transport), not reachable yet"
            }
            return "  ✓ \(name)  \(backend.transport), \(backend.revision ?? "?"), \(backend.tools) tools, "
                + "\(backend.resources) resources, \(backend.prompts) prompts"
        }
        return """

            vmcp "\(name)" is ready at \(endpoint)

            \(lines.isEmpty ? "  no backends" : lines.joined(separator: "\n"))

            Paste into your client's configuration:
              {"mcpServers": {"\(name)": {"type": "http", "url": "\(endpoint)"}}}

            """
    }
}
