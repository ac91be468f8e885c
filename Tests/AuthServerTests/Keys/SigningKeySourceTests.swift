// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import AuthServer
import Authentication
import Foundation
import JSONTypes
import Logging
import TestSupport
import Testing

struct SigningKeySourceTests {
    private let log = RecordedLog()

    private func directory() throws -> KeysDirectory {
        let directory = try KeysDirectory()
        try directory.write(PEMFixtures.p256PKCS8, to: "a.pem")
        try directory.write(PEMFixtures.rsaPKCS8, to: "b.pem")
        try directory.write(PEMFixtures.ed25519, to: "c.pem")
        return directory
    }

    private func source(
        _ directory: KeysDirectory, active: String = "a.pem", fallbacks: [String] = []
    ) throws -> SigningKeySource {
        try SigningKeySource(
            files: SigningKeyFiles(directory: directory.path, active: active, fallbacks: fallbacks), logger: log.logger)
    }

    @Test("the active key comes first and all keys are published")
    func order() throws {
        let directory = try directory()
        let source = try source(directory, active: "b.pem", fallbacks: ["c.pem", "a.pem"])
        #expect(source.active.algorithm == .RS256)
        #expect(source.publicKeys.publicKeys().map(\.algorithm) == [.RS256, .EdDSA, .ES256])
        #expect(source.publicKeys.publicKeys().first == source.active.publicKey)
        #expect(source.publicKeys.algorithms == [.RS256, .EdDSA, .ES256])
    }

    @Test("one key under two names is published once")
    func deduplicated() throws {
        let directory = try directory()
        try directory.write(PEMFixtures.p256SEC1, to: "same.pem")
        let source = try source(directory, fallbacks: ["same.pem", "a.pem", "c.pem"])
        #expect(source.publicKeys.publicKeys().map(\.algorithm) == [.ES256, .EdDSA])
    }

    @Test("the published document has no private member")
    func document() throws {
        let directory = try directory()
        let source = try source(directory, fallbacks: ["b.pem", "c.pem"])
        let document = source.publicKeys.document
        guard case .array(let keys)? = document["keys"] else {
            Issue.record("no keys")
            return
        }
        #expect(keys.count == 3)
        for key in keys {
            #expect(key["use"] == "sig")
            #expect(["d", "p", "q", "dp", "dq", "qi"].allSatisfy { key[$0] == nil })
        }
    }

    @Test(
        "names that leave the directory are refused",
        arguments: [
            ("", KeyFileError.emptyName), ("/etc/passwd", .absoluteName("/etc/passwd")),
            ("../a.pem", .escapesDirectory("../a.pem")), ("x/../../a.pem", .escapesDirectory("x/../../a.pem")),
            ("..", .escapesDirectory("..")), ("a.pem/..", .escapesDirectory("a.pem/..")), ("a\0.pem", .emptyName),
        ])
    func names(name: String, error: KeyFileError) {
        #expect(throws: SigningKeyError.file(error)) { try SigningKeyFiles(directory: "/keys", active: name) }
        #expect(throws: SigningKeyError.file(error)) {
            try SigningKeyFiles(directory: "/keys", active: "a", fallbacks: ["b", name])
        }
    }

    @Test(
        "names inside the directory are joined to it",
        arguments: [
            ("/keys", "a.pem", "/keys/a.pem"), ("/keys/", "a.pem", "/keys/a.pem"), ("", "a.pem", "a.pem"),
            ("k", "..data/a.pem", "k/..data/a.pem"), ("k", "a..pem", "k/a..pem"),
        ])
    func joined(directory: String, name: String, path: String) throws {
        #expect(try SigningKeyFiles(directory: directory, active: name).active.path == path)
    }

    @Test("a missing, unreadable or invalid file is an error at the start")
    func startErrors() throws {
        let directory = try directory()
        try directory.write("nonsense", to: "bad.pem")
        try directory.write([UInt8](repeating: 0x41, count: KeyFile.maximumBytes + 1), to: "big.pem")
        #expect(
            throws: SigningKeyError.file(
                .unreadable(path: directory.path("none.pem"), reason: "No such file or directory"))
        ) { try source(directory, active: "none.pem") }
        #expect(throws: SigningKeyError.notPEM(source: directory.path("bad.pem"))) {
            try source(directory, fallbacks: ["bad.pem"])
        }
        #expect(throws: SigningKeyError.file(.tooLarge(path: directory.path("big.pem"), limit: KeyFile.maximumBytes))) {
            try source(directory, active: "big.pem")
        }
        #expect(throws: SigningKeyError.file(.notAFile(path: directory.path(".")))) {
            try source(directory, active: ".")
        }
    }

    @Test("without a change nothing is reloaded or logged")
    func unchanged() throws {
        let directory = try directory()
        let source = try source(directory, fallbacks: ["b.pem"])
        let before = source.publicKeys.publicKeys()
        try directory.write(PEMFixtures.p256PKCS8, to: "a.pem")
        #expect(!source.refresh())
        #expect(source.publicKeys.publicKeys() == before)
        #expect(source.publicKeys.generation == 0)
        #expect(log.lines.isEmpty)
    }

    @Test("changed files are taken over as one set, also by views that were handed out before")
    func swap() throws {
        let directory = try directory()
        let source = try source(directory, fallbacks: ["b.pem"])
        let view = source.publicKeys
        let old = source.active
        try directory.write(PEMFixtures.ed25519, to: "a.pem")
        try directory.write(PEMFixtures.p256PKCS8, to: "b.pem")
        #expect(source.refresh())
        #expect(source.active.algorithm == .EdDSA)
        #expect(view.publicKeys().map(\.algorithm) == [.EdDSA, .ES256])
        #expect(view.publicKeys().last == old.publicKey)
        #expect(view.generation == 1, "who believes what the old keys verified learns of the new ones")
        #expect(!source.refresh())
        #expect(view.generation == 1)
        #expect(log.lines(.info).map(\.message) == ["signing keys reloaded"])
    }

    @Test("a broken new file keeps the old keys, is logged once, and a good one after it is taken")
    func broken() throws {
        let directory = try directory()
        let source = try source(directory, fallbacks: ["c.pem"])
        let before = source.publicKeys.publicKeys()
        try directory.write(PEMFixtures.rsa1024, to: "a.pem")
        try directory.write(PEMFixtures.rsaPKCS8, to: "c.pem")
        for _ in 0..<3 { #expect(!source.refresh()) }
        #expect(source.publicKeys.publicKeys() == before)
        #expect(source.publicKeys.generation == 0)
        #expect(source.active.algorithm == .ES256)
        #expect(log.lines(.error).count == 1)
        let problem = log.lines(.error).first.map { "\($0.metadata)" } ?? ""
        #expect(problem.contains(directory.path("a.pem")))
        #expect(problem.contains("1024"))

        try directory.write("other nonsense", to: "a.pem")
        for _ in 0..<3 { #expect(!source.refresh()) }
        #expect(log.lines(.error).count == 2, "another problem is another line")

        try directory.write(PEMFixtures.p384SEC1, to: "a.pem")
        #expect(source.refresh())
        #expect(source.publicKeys.publicKeys().map(\.algorithm) == [.ES384, .RS256])
    }

    @Test("a file that is gone for a while keeps the keys and is logged once each time")
    func vanished() throws {
        let directory = try directory()
        let source = try source(directory)
        for round in 1...2 {
            try directory.remove("a.pem")
            for _ in 0..<3 { #expect(!source.refresh()) }
            #expect(source.active.algorithm == .ES256)
            #expect(log.lines(.error).count == round)
            try directory.write(PEMFixtures.p256PKCS8, to: "a.pem")
            #expect(!source.refresh())
            #expect(log.lines(.info).count == round)
        }
    }

    @Test("no log line shows a byte of a key")
    func silence() throws {
        let directory = try directory()
        let source = try source(directory)
        try directory.write(PEMFixtures.p256WrongPoint, to: "a.pem", mode: 0o644)
        source.refresh()
        try directory.write(PEMFixtures.p384SEC1, to: "a.pem", mode: 0o644)
        source.refresh()
        let text = log.lines.map { "\($0.message) \($0.metadata)" }.joined(separator: "\n")
        #expect(!text.isEmpty)
        for pem in [PEMFixtures.p256WrongPoint, PEMFixtures.p384SEC1] {
            for line in pem.split(separator: "\n").dropFirst().dropLast() { #expect(!text.contains(line)) }
        }
    }

    @Test(
        "files that others can use are warned of once, at the start and when they change",
        arguments: [
            (0o600, false), (0o400, false), (0o700, false), (0o640, true), (0o604, true), (0o620, true), (0o601, true),
        ])
    func permissions(mode: Int, isWarned: Bool) throws {
        let directory = try directory()
        try directory.write(PEMFixtures.p256PKCS8, to: "a.pem", mode: mode)
        let source = try source(directory, fallbacks: ["b.pem"])
        let expected = isWarned ? [directory.path("a.pem")] : []
        #expect(log.lines(.warning).map { "\($0.metadata["path"] ?? "")" } == expected)
        log.clear()
        for _ in 0..<2 { source.refresh() }
        #expect(log.lines.isEmpty)
        try directory.write(PEMFixtures.p384SEC1, to: "a.pem", mode: mode)
        source.refresh()
        #expect(log.lines(.warning).map { "\($0.metadata["path"] ?? "")" } == expected)
    }

    @Test("mounted secrets, whose files are links through a directory that is swapped, are followed")
    func links() throws {
        let directory = try KeysDirectory()
        let manager = FileManager.default
        for (version, pem) in [("v1", PEMFixtures.p256SEC1), ("v2", PEMFixtures.ed25519)] {
            try manager.createDirectory(atPath: directory.path(version), withIntermediateDirectories: false)
            try directory.write(pem, to: "\(version)/key.pem")
        }
        try manager.createSymbolicLink(atPath: directory.path("..data"), withDestinationPath: "v1")
        try manager.createSymbolicLink(atPath: directory.path("key.pem"), withDestinationPath: "..data/key.pem")
        let source = try source(directory, active: "key.pem")
        #expect(source.active.algorithm == .ES256)
        try directory.remove("..data")
        try manager.createSymbolicLink(atPath: directory.path("..data"), withDestinationPath: "v2")
        #expect(source.refresh())
        #expect(source.active.algorithm == .EdDSA)
    }

    @Test("a pipe in place of a key file is refused without waiting for a writer")
    func pipe() throws {
        let directory = try KeysDirectory()
        #expect(mkfifo(directory.path("pipe"), 0o600) == 0)
        #expect(throws: SigningKeyError.file(.notAFile(path: directory.path("pipe")))) {
            try source(directory, active: "pipe")
        }
    }

    @Test("given keys never change, and there must be one to sign and not too many")
    func given() throws {
        let keys = [try SigningKey(generating: .ES256), try SigningKey(generating: .EdDSA)]
        let source = try SigningKeySource(keys: keys + keys)
        #expect(source.active.id == keys[0].id)
        #expect(source.publicKeys.publicKeys() == keys.map(\.publicKey))
        #expect(!source.refresh())
        #expect(throws: SigningKeyError.noKeys) { try SigningKeySource(keys: []) }
        #expect(throws: SigningKeyError.tooManyKeys(limit: 100)) {
            try SigningKeySource(keys: Array(repeating: keys[0], count: 101))
        }
    }

    @Test("reflection of the public view finds public keys only")
    func reflection() throws {
        let source = try SigningKeySource(keys: [try SigningKey(generating: .ES256)])
        func visit(_ value: Any, depth: Int) {
            #expect(!(value is SigningKey))
            #expect(!(value is SigningKeySource))
            #expect(!"\(type(of: value))".contains("PrivateKey"))
            guard depth < 12 else { return }
            for child in Mirror(reflecting: value).children { visit(child.value, depth: depth + 1) }
        }
        visit(source.publicKeys, depth: 0)
    }

    @Test("tokens signed while keys are swapped can always be verified with the published keys or the former ones")
    func concurrentSwap() async throws {
        let directory = try directory()
        let source = try source(directory, fallbacks: ["c.pem"])
        let signer = JWTSigner(keys: source)
        // Both sets hold both keys, only their order changes.
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for round in 0..<20 {
                    let (first, second) =
                        round % 2 == 0
                        ? (PEMFixtures.ed25519, PEMFixtures.p256PKCS8) : (PEMFixtures.p256PKCS8, PEMFixtures.ed25519)
                    try directory.write(first, to: "a.pem")
                    try directory.write(second, to: "c.pem")
                    #expect(source.refresh())
                    await Task.yield()
                }
            }
            for _ in 0..<2 {
                group.addTask {
                    for _ in 0..<50 {
                        let jws = try CompactJWS(parsing: signer.sign(["sub": "x"]))
                        let keys = source.publicKeys.publicKeys()
                        #expect(keys.count == 2)
                        #expect(keys.contains { $0.id == jws.keyID && jws.isSigned(by: $0) })
                        await Task.yield()
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
