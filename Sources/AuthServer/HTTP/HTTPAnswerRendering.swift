// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Authentication
internal import JSONTypes

/// Makes the answers for people (HTML pages) and programs (JSON).
package struct HTTPAnswerRendering: AnswerRendering {
    private let issuer: String
    private let serverName: String
    private let random: any RandomSource

    package init(issuer: String, serverName: String, random: any RandomSource = SystemRandomSource()) {
        self.issuer = issuer
        self.serverName = serverName
        self.random = random
    }

    /// With `no-referrer` browsers would post the form with `Origin: null`, so this page alone sends it to ourselves.
    package func consent(_ page: ConsentPage) -> AuthResponse {
        let nonce = nonce()
        return answer(200, page.html(nonce: nonce), nonce, referrerPolicy: "same-origin")
    }

    package func page(_ page: ErrorPage) -> AuthResponse {
        let nonce = nonce()
        return answer(page.status, page.html(serverName: serverName, nonce: nonce), nonce)
    }

    package func direct(_ error: OAuthError, to request: AuthRequest) -> AuthResponse {
        guard request.acceptsHTML else { return json(error, to: request) }
        let nonce = nonce()
        let html = ErrorPage(error).html(
            serverName: serverName, nonce: nonce, detail: (code: error.code.rawValue, text: error.description))
        var answer = answer(error.status, html, nonce)
        answer.headers += headers(error, request)
        return answer
    }

    package func json(_ error: OAuthError, to request: AuthRequest) -> AuthResponse {
        let body: JSONObject = [
            "error": .string(error.code.rawValue), "error_description": .string(error.description),
        ]
        let type = (name: "Content-Type", value: "application/json;charset=UTF-8")
        return AuthResponse(status: error.status, headers: [type] + headers(error, request), body: body.encoded)
    }

    private func headers(_ error: OAuthError, _ request: AuthRequest) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if error.code == .invalidClient, request.header("authorization") != nil {
            headers.append(("WWW-Authenticate", "Basic realm=\"\(quoted(issuer))\""))
        }
        if let seconds = error.retryAfter { headers.append(("Retry-After", String(seconds))) }
        return headers
    }

    /// RFC 9110 §5.6.4.
    private func quoted(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }

    private func nonce() -> String { Base64URL.encode(random.bytes(16)) }

    private func answer(
        _ status: Int, _ html: HTML, _ nonce: String, referrerPolicy: String = "no-referrer"
    ) -> AuthResponse {
        AuthResponse(
            status: status,
            headers: [
                ("Content-Type", "text/html; charset=utf-8"),
                // No form-action: browsers apply it to the whole chain of redirects, which ends elsewhere.
                (
                    "Content-Security-Policy",
                    "default-src 'none'; style-src 'nonce-\(nonce)'; base-uri 'none'; frame-ancestors 'none'"
                ),
                ("X-Frame-Options", "DENY"),
                ("Referrer-Policy", referrerPolicy),
            ], body: Array(html.markup.utf8))
    }
}
