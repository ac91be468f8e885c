// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import AuthServer
import Authentication
import Observability
import Testing

struct OpaqueTokenTests {
    private static let current = [UInt8](repeating: 1, count: 32)
    private static let former = [UInt8](repeating: 2, count: 40)

    private func tokens(_ secrets: [[UInt8]] = [current], seed: UInt64 = 1) throws -> OpaqueTokens {
        OpaqueTokens(secrets: try HMACSecrets(secrets: secrets), random: PredictableRandomSource(seed: seed))
    }

    @Test("a token is a prefix, 32 random bytes and a tag that is its storage key", arguments: OpaqueTokenKind.allCases)
    func form(kind: OpaqueTokenKind) throws {
        let token = try tokens().mint(kind)
        let text = token.value.exposed
        #expect(text.hasPrefix(kind == .refreshToken ? "vmcp_rt_" : "vmcp_ac_"))
        let parts = text.dropFirst(8).split(separator: ".").map(String.init)
        #expect(parts.map { Base64URL.decode($0)?.count } == [32, 32])
        #expect(parts.last == token.signature)
        #expect(try tokens().verify(text, as: kind) == token.signature)
        #expect(!"\(token)".contains(parts[0]))
    }

    @Test("two tokens are never the same")
    func unique() throws {
        let tokens = OpaqueTokens(secrets: try HMACSecrets(secrets: [Self.current]))
        #expect(Set((0..<100).map { _ in tokens.mint(.refreshToken).signature }).count == 100)
    }

    @Test("a code is no refresh token, also with its prefix changed")
    func kinds() throws {
        let tokens = try tokens()
        let code = tokens.mint(.authorizationCode).value.exposed
        #expect(tokens.verify(code, as: .refreshToken) == nil)
        let renamed = code.replacing("vmcp_ac_", with: "vmcp_rt_")
        #expect(tokens.verify(renamed, as: .refreshToken) == nil)
    }

    @Test("every changed, missing or extra character is noticed")
    func tampered() throws {
        let tokens = try tokens()
        let text = Array(tokens.mint(.refreshToken).value.exposed.utf8)
        for index in text.indices {
            for character in "Aa0-_.= ".utf8 where text[index] != character {
                var changed = text
                changed[index] = character
                #expect(tokens.verify(String(decoding: changed, as: UTF8.self), as: .refreshToken) == nil)
            }
            var shorter = text
            shorter.remove(at: index)
            #expect(tokens.verify(String(decoding: shorter, as: UTF8.self), as: .refreshToken) == nil)
        }
        for other in ["", "vmcp_rt_", "vmcp_rt_.", String(decoding: text, as: UTF8.self) + "=", "x"] {
            #expect(tokens.verify(other, as: .refreshToken) == nil)
        }
    }

    @Test("after a rotation former secrets verify and do not sign")
    func rotation() throws {
        let old = try tokens([Self.former]).mint(.refreshToken)
        let rotated = try tokens([Self.current, Self.former])
        #expect(rotated.verify(old.value.exposed, as: .refreshToken) == old.signature)
        let new = rotated.mint(.refreshToken)
        #expect(try tokens([Self.current]).verify(new.value.exposed, as: .refreshToken) == new.signature)
        #expect(try tokens([Self.former]).verify(new.value.exposed, as: .refreshToken) == nil)
    }

    @Test("the successor is always the same, a good token, and not to be guessed without the secret")
    func successor() throws {
        let tokens = try tokens()
        let presented = tokens.mint(.refreshToken).value.exposed
        let successor = tokens.successor(of: presented)
        #expect(tokens.successor(of: presented) == successor)
        #expect(try self.tokens(seed: 9).successor(of: presented) == successor, "randomness plays no part")
        #expect(tokens.verify(successor.value.exposed, as: .refreshToken) == successor.signature)
        #expect(tokens.successor(of: presented + "x") != successor)
        #expect(try self.tokens([Self.former]).successor(of: presented) != successor)
        #expect(tokens.successor(of: successor.value.exposed) != successor)
    }

    @Test("after a rotation the successor that was handed out is among those of all secrets")
    func rotatedSuccessor() throws {
        let old = try tokens([Self.former])
        let presented = old.mint(.refreshToken).value.exposed
        let handedOut = old.successor(of: presented)
        let rotated = try tokens([Self.current, Self.former])
        let successors = rotated.successors(of: presented)
        #expect(successors.count == 2)
        #expect(successors.first == rotated.successor(of: presented))
        #expect(successors.last == handedOut)
        #expect(rotated.verify(handedOut.value.exposed, as: .refreshToken) == handedOut.signature)
    }
}
