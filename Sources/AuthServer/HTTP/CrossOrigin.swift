// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What pages of other origins may do with the endpoints that allow it (Fetch, CORS protocol). Never with credentials:
/// nothing here depends on cookies.
enum CrossOrigin {
    static let answerHeaders: [(name: String, value: String)] = [
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Expose-Headers", "DPoP-Nonce, WWW-Authenticate, Retry-After"),
    ]

    /// Answers the question that a browser asks before it sends the request itself.
    static func preflight(methods: [String]) -> AuthResponse {
        AuthResponse(
            status: 204,
            headers: [
                ("Allow", (methods + ["OPTIONS"]).joined(separator: ", ")),
                ("Access-Control-Allow-Methods", methods.joined(separator: ", ")),
                ("Access-Control-Allow-Headers", "Content-Type, Authorization, DPoP, MCP-Protocol-Version"),
                ("Access-Control-Max-Age", "86400"),
            ])
    }
}
