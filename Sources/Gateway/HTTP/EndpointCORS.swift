// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What an allowed page may do at the MCP endpoint, and read of its answers (Fetch Standard, CORS protocol).
enum EndpointCORS {
    static func answerFields(_ origin: String) -> [(StaticString, String)] {
        [
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Expose-Headers", "Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate, DPoP-Nonce"),
            ("Vary", "Origin"),
        ]
    }

    static var preflight: HTTPAnswer {
        var answer = HTTPAnswer(status: 204, contentType: nil, body: nil)
        answer.fields = [
            ("Access-Control-Allow-Methods", "GET, POST, DELETE"),
            (
                "Access-Control-Allow-Headers",
                "Content-Type, Accept, Authorization, DPoP, Mcp-Session-Id, MCP-Protocol-Version, Last-Event-ID"
            ),
            ("Access-Control-Max-Age", "86400"),
        ]
        return answer
    }
}
