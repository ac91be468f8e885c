// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import TestSupport
import Testing

@testable import Storage

@Suite("Key files")
struct SealingKeyFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func file(_ name: String = "seal.key", _ logger: Logger = .silent) -> SealingKeyFile {
        SealingKeyFile(path: directory.file(name), logger: logger)
    }

    @Test("a missing file is created for its owner only, and read from then on")
    func created() throws {
        let record = RecordedLog()
        let key = try file("new/seal.key", record.logger).loadOrCreate()
        #expect(try mode(directory.file("new/seal.key")) == 0o600)
        #expect(try mode(directory.file("new")) == 0o700)
        #expect(try directory.bytes("new/seal.key").count == 32)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.file("new")) == ["seal.key"])
        #expect(record.all.count == 1)
        #expect(try file("new/seal.key").loadOrCreate().id == key.id)
        #expect(try file("new/seal.key").load().id == key.id)
        #expect(try file("other.key").loadOrCreate().id != key.id)
    }

    @Test("of many that create it all get the same key, and no draft stays behind")
    func race() async throws {
        let ids = try await withThrowingTaskGroup(of: UInt64.self) { group in
            for _ in 0..<32 { group.addTask { try file().loadOrCreate().id } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        #expect(try directory.names() == ["seal.key"])
    }

    @Test("who comes second does not replace the key of who was first")
    func second() throws {
        let first = SealingKey()
        try file().create(first)
        try file().create(SealingKey())
        #expect(try file().load().id == first.id)
        #expect(try directory.names() == ["seal.key"])
    }

    @Test("load does not create")
    func missing() throws {
        #expect(throws: SealingKeyFileError.missing(path: directory.file("seal.key"))) { try file().load() }
        #expect(try directory.names() == [])
    }

    @Test("a file of another size, or of zeros, is refused and left as it is", arguments: [0, 1, 31, 33, 64, -32])
    func malformed(size: Int) throws {
        let bytes = [UInt8](repeating: size < 0 ? 0 : 7, count: abs(size))
        try directory.write(bytes, to: "seal.key")
        #expect(throws: SealingKeyFileError.malformed(path: directory.file("seal.key"))) {
            try file().loadOrCreate()
        }
        #expect(try directory.bytes("seal.key") == bytes)
    }

    @Test("a file that others can read is made private, with a warning", arguments: [0o644, 0o660, 0o604, 0o777])
    func repaired(wide: Int) throws {
        try directory.write(Array(1...32), to: "seal.key", mode: wide)
        let record = RecordedLog()
        let key = try file("seal.key", record.logger).load()
        #expect(key.id == SealingKey(bytes: 1...32)?.id)
        #expect(try mode(directory.file("seal.key")) == 0o600)
        #expect(record.all.count == 1)
        #expect(record.all.first?.hasPrefix("warning the sealing key could be read by other users") == true)
    }

    @Test("a link to a key file is followed, as mounted secrets are links")
    func link() throws {
        try directory.write(Array(1...32), to: "data")
        try FileManager.default.createSymbolicLink(
            atPath: directory.file("seal.key"), withDestinationPath: directory.file("data"))
        #expect(try file().loadOrCreate().id == SealingKey(bytes: 1...32)?.id)
    }

    @Test("what is no file is refused without waiting for it")
    func noFile() throws {
        #expect(mkfifo(directory.file("pipe"), 0o600) == 0)
        #expect(throws: SealingKeyFileError.malformed(path: directory.file("pipe"))) { try file("pipe").load() }
        #expect(throws: SealingKeyFileError.malformed(path: directory.path)) {
            try SealingKeyFile(path: directory.path, logger: .silent).load()
        }
        try directory.write([1], to: "file")
        #expect(throws: SealingKeyFileError.self) { try file("file/seal.key").loadOrCreate() }
    }

    @Test("no error shows the key")
    func hidden() throws {
        try directory.write([UInt8](repeating: 0xAB, count: 33), to: "seal.key")
        do {
            _ = try file().load()
            Issue.record("accepted")
        } catch {
            #expect("\(error)".contains(directory.file("seal.key")))
            #expect(!String(reflecting: error).contains("171"))
        }
    }
}
