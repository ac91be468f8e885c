// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import AuthServer
import Authentication
import Foundation
import Logging
import Observability
import TestSupport
import Testing

struct HMACSecretTests {
    private let log = RecordedLog()
    private let first = [UInt8](repeating: 1, count: 32)
    private let second = [UInt8](repeating: 2, count: 32)

    @Test("a secret has at least 32 bytes, and the error tells both lengths")
    func length() throws {
        let directory = try KeysDirectory()
        try directory.write(first, to: "good")
        try directory.write(Array(first.dropLast()), to: "short")
        let error = HMACSecretError.tooShort(source: directory.path("short"), bytes: 31, minimum: 32)
        #expect(throws: error) {
            try HMACSecrets(paths: [directory.path("good"), directory.path("short")], logger: log.logger)
        }
        #expect(error.description.contains("31"))
        #expect(error.description.contains("32"))
        #expect(throws: HMACSecretError.tooShort(source: "HMAC secret 1", bytes: 0, minimum: 32)) {
            try HMACSecrets(secrets: [first, []])
        }
    }

    @Test("empty paths after the first are skipped, an empty first one is an error")
    func emptyPaths() throws {
        let directory = try KeysDirectory()
        try directory.write(first, to: "a")
        try directory.write(second, to: "b")
        let secrets = try HMACSecrets(paths: [directory.path("a"), "", directory.path("b"), ""], logger: log.logger)
        let old = OpaqueTokens(secrets: try HMACSecrets(secrets: [second])).mint(.refreshToken)
        #expect(OpaqueTokens(secrets: secrets).verify(old.value.exposed, as: .refreshToken) == old.signature)
        #expect(throws: HMACSecretError.file(.emptyName)) { try HMACSecrets(paths: [""], logger: log.logger) }
        #expect(throws: HMACSecretError.noSecrets) { try HMACSecrets(paths: [], logger: log.logger) }
        #expect(throws: HMACSecretError.noSecrets) { try HMACSecrets(secrets: []) }
        #expect(throws: HMACSecretError.tooManySecrets(limit: 16)) {
            try HMACSecrets(secrets: Array(repeating: first, count: 17))
        }
    }

    @Test("bytes are taken as they are: a newline at the end and every byte after the 32nd count")
    func raw() throws {
        let token = OpaqueTokens(secrets: try HMACSecrets(secrets: [first])).mint(.refreshToken).value.exposed
        for other in [first + [0x0A], first + first] {
            let tokens = OpaqueTokens(secrets: try HMACSecrets(secrets: [other]))
            #expect(tokens.verify(token, as: .refreshToken) == nil)
        }
    }

    @Test("changed files are taken over, broken ones are not and are logged once")
    func reload() throws {
        let directory = try KeysDirectory()
        try directory.write(first, to: "a")
        let secrets = try HMACSecrets(paths: [directory.path("a")], logger: log.logger)
        let tokens = OpaqueTokens(secrets: secrets)
        let token = tokens.mint(.authorizationCode)

        try directory.write("short", to: "a")
        for _ in 0..<3 { #expect(!secrets.refresh()) }
        #expect(tokens.verify(token.value.exposed, as: .authorizationCode) == token.signature)
        #expect(log.lines(.error).count == 1)

        try directory.write(second, to: "a")
        #expect(secrets.refresh())
        #expect(tokens.verify(token.value.exposed, as: .authorizationCode) == nil)
        #expect(log.lines.allSatisfy { !"\($0.metadata)".contains("\u{1}") })
    }

    @Test("nonces follow the secrets through a rotation")
    func nonces() throws {
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        let old = try HMACSecrets(secrets: [first])
        let rotated = try HMACSecrets(secrets: [second, first])
        let nonce = old.keys.dpopNonces.issue(now: now)
        #expect(rotated.keys.dpopNonces.check(nonce, now: now) == .fresh)
        #expect(try HMACSecrets(secrets: [second]).keys.dpopNonces.check(nonce, now: now) == .stale)
    }
}
