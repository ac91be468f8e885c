// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Observability
import Testing

@testable import AuthServer

@Suite struct ClientAuthenticatorTests {
    /// Knows four clients, and one for which the store does not answer.
    private struct Directory: ClientDirectory {
        func client(_ id: String) async throws(ClientLookupError) -> OAuthClient {
            switch id {
            case "public": return .sample(id: id)
            case "basic": return .sample(id: id, secret: "s3cret", method: .clientSecretBasic)
            case "post": return .sample(id: id, secret: "s3cret", method: .clientSecretPost)
            case "either": return .sample(id: id, secret: "s3cret", method: nil)
            case "odd:id %+&": return .sample(id: id, secret: "p:a+ss w%rd&é", method: nil)
            case "broken": throw .unavailable
            default: throw .unknown
            }
        }

        func proveUse(of client: OAuthClient) async {}
    }

    private enum Result: Equatable, Sendable {
        case client(String)
        case error(OAuthError.Code, Int)
    }

    private static func authenticate(
        _ form: [(name: String, value: String)], _ authorization: [String] = []
    ) async -> Result {
        let authenticator = ClientAuthenticator(directory: Directory(), issuer: "https://as.example.com")
        let request = EndpointRequest.form(form, headers: authorization.map { ("Authorization", $0) })
        do {
            return .client(try await authenticator.authenticate(request).id)
        } catch {
            return .error(error.code, error.status)
        }
    }

    private static func basic(_ text: String) -> String { "Basic " + base64(text) }

    private static func base64(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var bits = text.utf8.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
        while !bits.count.isMultiple(of: 6) { bits.append(0) }
        let digits = stride(from: 0, to: bits.count, by: 6).map { start in
            alphabet[Int(bits[start..<start + 6].reduce(0) { $0 << 1 | $1 })]
        }
        return String(digits) + String(repeating: "=", count: (4 - digits.count % 4) % 4)
    }

    @Test("A public client names itself in the body, or in the header with an empty secret")
    func publicClient() async {
        #expect(await Self.authenticate([("client_id", "public")]) == .client("public"))
        #expect(await Self.authenticate([("client_id", "public"), ("client_secret", "")]) == .client("public"))
        #expect(await Self.authenticate([], [Self.basic("public:")]) == .client("public"))
    }

    @Test("A public client that sends a secret is refused")
    func publicClientWithSecret() async {
        let refused = Result.error(.invalidClient, 401)
        #expect(await Self.authenticate([("client_id", "public"), ("client_secret", "x")]) == refused)
        #expect(await Self.authenticate([], [Self.basic("public:x")]) == refused)
    }

    @Test(
        "A secret counts only over the channel that the client registered",
        arguments: [("basic", true, false), ("post", false, true), ("either", true, true)])
    func channels(id: String, byHeader: Bool, byBody: Bool) async {
        let refused = Result.error(.invalidClient, 401)
        #expect(await Self.authenticate([], [Self.basic("\(id):s3cret")]) == (byHeader ? .client(id) : refused))
        let body = [(name: "client_id", value: id), (name: "client_secret", value: "s3cret")]
        #expect(await Self.authenticate(body) == (byBody ? .client(id) : refused))
    }

    @Test("A wrong, empty or missing secret and an unknown client get the same answer")
    func sameRefusal() async throws {
        let authenticator = ClientAuthenticator(directory: Directory(), issuer: "https://as.example.com")
        var errors: Set<OAuthError> = []
        for (id, secret) in [
            ("either", "wrong"), ("either", ""), ("nobody", "s3cret"), ("nobody", ""), ("public", "x"),
        ] {
            for isHeader in [true, false] {
                let request =
                    isHeader
                    ? EndpointRequest.form([], headers: [("Authorization", Self.basic("\(id):\(secret)"))])
                    : .form([("client_id", id), ("client_secret", secret)])
                do {
                    _ = try await authenticator.authenticate(request)
                    Issue.record("\(id) was let in")
                } catch {
                    errors.insert(error)
                }
            }
        }
        #expect(errors.count == 1)
        #expect(errors.first?.code == .invalidClient && errors.first?.status == 401)
    }

    @Test("Exactly one method is used")
    func oneMethod() async {
        let invalid = Result.error(.invalidRequest, 400)
        #expect(await Self.authenticate([]) == invalid)
        #expect(await Self.authenticate([("client_secret", "s3cret")]) == invalid)
        #expect(await Self.authenticate([("client_secret", "s3cret")], [Self.basic("either:s3cret")]) == invalid)
        #expect(await Self.authenticate([("client_id", "public")], [Self.basic("either:s3cret")]) == invalid)
        #expect(await Self.authenticate([("client_id", "either")], [Self.basic("either:s3cret")]) == .client("either"))
        let twice = [Self.basic("either:s3cret"), Self.basic("either:s3cret")]
        #expect(await Self.authenticate([], twice) == invalid)
    }

    @Test("The halves of Basic credentials are form-urlencoded")
    func encoding() async {
        let encoded = Self.basic("odd%3Aid+%25%2B%26:p%3Aa%2Bss+w%25rd%26%C3%A9")
        #expect(await Self.authenticate([], [encoded]) == .client("odd:id %+&"))
        #expect(await Self.authenticate([], [encoded.replacing("Basic", with: "bAsIc")]) == .client("odd:id %+&"))
    }

    @Test(
        "A header without readable Basic credentials is an authentication that failed",
        arguments: [
            "", "Basic", "Basic ", "Basic !!!", "Basic " + base64("nocolon"), "Basic " + base64(":secret"),
            "Basic " + base64("a%zz:b"), "Basic " + base64("a:%ff"), "Bearer abc", "DPoP abc", "Digest x=y",
            "Basic " + String(repeating: "A", count: 9000), base64("either:s3cret"),
        ])
    func unreadable(header: String) async {
        #expect(await Self.authenticate([], [header]) == .error(.invalidClient, 401))
        // A body cannot make up for it.
        #expect(await Self.authenticate([("client_id", "public")], [header]) == .error(.invalidClient, 401))
    }

    @Test("Client assertions are refused, incomplete ones and unknown types as invalid requests")
    func assertions() async {
        let type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        let full = [(name: "client_assertion_type", value: type), (name: "client_assertion", value: "a.b.c")]
        #expect(await Self.authenticate(full) == .error(.invalidClient, 401))
        #expect(await Self.authenticate(full + [("client_id", "public")]) == .error(.invalidClient, 401))
        let invalid = Result.error(.invalidRequest, 400)
        #expect(await Self.authenticate([full[0]]) == invalid)
        #expect(await Self.authenticate([full[1]]) == invalid)
        #expect(await Self.authenticate([("client_assertion_type", "saml"), full[1]]) == invalid)
        #expect(await Self.authenticate(full + [("client_secret", "x"), ("client_id", "either")]) == invalid)
        #expect(await Self.authenticate(full, [Self.basic("either:s3cret")]) == invalid)
    }

    @Test("A store that does not answer is no verdict on the client")
    func unavailable() async {
        #expect(await Self.authenticate([("client_id", "broken")]) == .error(.serverError, 500))
    }

    @Test("Any trace of credentials counts as an attempt to authenticate")
    func presence() {
        #expect(!ClientCredentials.arePresent(in: .form([("grant_type", "x"), ("client_id", "")])))
        #expect(ClientCredentials.arePresent(in: .form([("client_id", "x")])))
        #expect(ClientCredentials.arePresent(in: .form([("client_secret", "x")])))
        #expect(ClientCredentials.arePresent(in: .form([("client_assertion", "x")])))
        #expect(ClientCredentials.arePresent(in: .form([], headers: [("Authorization", "Bearer x")])))
    }

    @Test("Secrets have 256 random bits and match only their own digest")
    func secrets() {
        var generator = SystemRandomNumberGenerator()
        let secrets = (0..<50).map { _ in ClientSecret.make(using: &generator) }
        #expect(Set(secrets).count == 50)
        for secret in secrets {
            #expect(secret.exposed.utf8.count == 43)
            #expect(secret.exposed.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
            #expect(ClientSecret.matches(secret, digest: ClientSecret.digest(secret)))
        }
        #expect(!ClientSecret.matches(secrets[0], digest: ClientSecret.digest(secrets[1])))
        #expect(!ClientSecret.matches(secrets[0], digest: nil))
        #expect(!ClientSecret.matches(secrets[0], digest: []))
        #expect(!ClientSecret.matches(Secret(""), digest: nil))
    }
}
