// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AuthServer

struct CodeVerifierTests {
    @Test("the example of RFC 7636 appendix B matches")
    func example() {
        #expect(CodeVerifier.matches(TokensServer.verifier, challenge: TokensServer.challenge))
    }

    @Test(
        "AU-14: other verifiers do not",
        arguments: [
            "", "a", String(TokensServer.verifier.dropLast()), TokensServer.verifier + "a",
            TokensServer.verifier.uppercased(), TokensServer.challenge, String(repeating: "a", count: 42),
            String(repeating: "a", count: 129),
        ])
    func mismatch(_ verifier: String) {
        #expect(!CodeVerifier.matches(verifier, challenge: TokensServer.challenge))
    }

    @Test("length and alphabet are those of RFC 7636 even where the hash would match")
    func form() {
        for verifier in [
            String(repeating: "a", count: 42), String(repeating: "a", count: 129),
            String(repeating: "a", count: 42) + "+", String(repeating: "a", count: 42) + "é",
        ] {
            #expect(!CodeVerifier.matches(verifier, challenge: Self.challenge(verifier)))
        }
        for verifier in [
            String(repeating: "a", count: 43), String(repeating: "~", count: 128),
            String(repeating: "a", count: 39) + "-._~",
        ] {
            #expect(CodeVerifier.matches(verifier, challenge: Self.challenge(verifier)))
        }
    }

    private static func challenge(_ verifier: String) -> String { TokensServer.challenge(of: verifier) }
}
