// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Takes answers to the client through the person's browser (RFC 6749 §4.1.2, RFC 9207).
package struct AuthorizationRedirects: Sendable {
    private let issuer: String
    private let trustedOrigins: Set<String>
    private let consents: RememberedConsents
    private let rendering: any AnswerRendering

    package init(
        issuer: String, trustedOrigins: [String], consents: RememberedConsents, rendering: any AnswerRendering
    ) {
        self.issuer = issuer
        self.trustedOrigins = Set(trustedOrigins.compactMap(RedirectURIRules.origin))
        self.consents = consents
        self.rendering = rendering
    }

    /// The code. `scope` is there even when nothing was granted: it may be less than what was asked for.
    package func success(code: String, scopes: [String], to address: ReturnAddress) -> AuthResponse {
        redirect(address, [("code", code)], [("scope", scopes.joined(separator: " "))])
    }

    /// An error whose target the person has just approved, in this browser.
    package func approved(_ error: OAuthError, to address: ReturnAddress) -> AuthResponse {
        redirect(address, [("error", error.code.rawValue), ("error_description", error.description)], [])
    }

    /// An error that nobody has approved the target of: a browser is only sent on by itself to an address that is
    /// known.
    ///
    /// Otherwise anybody could register an address and use this server's good name to lead people there (RFC 9700
    /// §4.11.2).
    package func error(
        _ error: OAuthError, to address: ReturnAddress, answering request: AuthRequest
    ) async -> AuthResponse {
        let answer = approved(error, to: address)
        guard request.acceptsHTML, let location = answer.header("Location"),
            !(await isTrusted(address, request))
        else { return answer }
        return rendering.page(
            ErrorPage(
                status: 400, title: "The application asked for something that is not possible",
                explanation: "It can be told so at its address, but this server does not know that address well.",
                advice: "Follow the link only if you know the application and were about to use it.",
                link: (Self.displayed(address.redirectURI), location)))
    }

    private func isTrusted(_ address: ReturnAddress, _ request: AuthRequest) async -> Bool {
        if address.isConfigured || RedirectURIRules.isLoopback(address.redirectURI) { return true }
        if let origin = RedirectURIRules.origin(address.redirectURI), trustedOrigins.contains(origin) { return true }
        // A store that does not answer vouches for nobody.
        return (try? await consents.knows(address, request)) ?? false
    }

    private func redirect(
        _ address: ReturnAddress, _ first: [(String, String)], _ last: [(String, String)]
    ) -> AuthResponse {
        let state = address.state.map { [("state", $0)] } ?? []
        let location = Self.url(address.redirectURI, adding: first + state + last + [("iss", issuer)])
        return AuthResponse(status: 303, headers: [("Location", location)])
    }

    /// The URI with more parameters behind those that it has (RFC 6749 §3.1.2).
    package static func url(_ uri: String, adding parameters: [(String, String)]) -> String {
        let query = parameters.map { "\($0.0)=\(encoded($0.1))" }.joined(separator: "&")
        guard uri.contains("?") else { return "\(uri)?\(query)" }
        return uri.hasSuffix("?") || uri.hasSuffix("&") ? uri + query : "\(uri)&\(query)"
    }

    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0x0F)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func displayed(_ uri: String) -> String {
        switch RedirectURIRules.target(uri) {
        case .host(let host): host
        case .loopback: "an application on this computer"
        case .scheme(let scheme): scheme + ":"
        case nil: "the application"
        }
    }
}
