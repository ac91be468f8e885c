// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What an allowed page may do at the MCP endpoint, and read of its answers (Fetch Standard, CORS protocol).
enum EndpointCORS {
    static func answerFields(_ origin: String) -> [(StaticString, String)] {
        [
            ("Access-Control-Allow-Origin", origin),
            (
                "Access-Control-Expose-Headers",
                "Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate, DPoP-Nonce, Retry-After"
            ),
            ("Vary", "Origin"),
        ]
    }

    /// - Parameter requested: the header names that the page wants to send; those of tools' arguments are as many as there
    ///   are tools, so they are allowed by what they begin with.
    static func preflight(requested: String?) -> HTTPAnswer {
        let parameters = (requested ?? "").split(separator: ",").map(\.trimmed)
            .filter { $0.lowercased().hasPrefix("mcp-param-") && $0.utf8.count <= 256 }
            .prefix(64).map { ", \($0)" }.joined()
        var answer = HTTPAnswer(status: 204, contentType: nil, body: nil)
        answer.fields = [
            ("Access-Control-Allow-Methods", "GET, POST, DELETE"),
            (
                "Access-Control-Allow-Headers",
                "Content-Type, Accept, Authorization, DPoP, Mcp-Session-Id, MCP-Protocol-Version, Last-Event-ID, "
                    + "Mcp-Method, Mcp-Name\(parameters)"
            ),
            ("Access-Control-Max-Age", "86400"),
        ]
        return answer
    }
}
