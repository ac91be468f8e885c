// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Logging
import Storage
import TestSupport
import Testing

extension StorageError {
    fileprivate var path: String? { if case .cannotOpen(let path, _) = self { path } else { nil } }
}

@Suite("The file of SQLite storage")
struct SQLiteFileTests {
    private let directory: TemporaryDirectory
    private let key = StorageKey(StorageTable("t"), "a")

    init() throws { directory = try TemporaryDirectory() }

    private func openFailure(_ path: String, options: SQLiteOptions = SQLiteOptions()) async throws -> StorageError {
        let error = try await storageError {
            let storage = try await SQLiteStorage(path, options: options)
            try await storage.close()
        }
        return try error.orThrow("a failure to open \(path)")
    }

    // MARK: Permissions

    @Test("what it creates is for its owner only: directories 0700, the file and those beside it 0600")
    func created() async throws {
        let path = directory.file("new/deep/vmcp.db")
        let storage = try await SQLiteStorage(path)
        _ = try await storage.put(key, [1], expires: nil)
        #expect(try mode(directory.file("new")) == 0o700)
        #expect(try mode(directory.file("new/deep")) == 0o700)
        for suffix in ["", "-wal", "-shm", ".lock"] { #expect(try mode(path + suffix) == 0o600, "\(suffix)") }
        try await storage.close()
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.file("new/deep")).sorted() == [
                "vmcp.db", "vmcp.db.lock",
            ])
    }

    @Test("files that others can read are made private, with a warning; a private file is not mentioned")
    func repaired() async throws {
        let path = directory.file("vmcp.db")
        let storage = try await SQLiteStorage(path)
        _ = try await storage.put(key, [1], expires: nil)
        try await storage.close()
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let record = RecordedLog()
        let again = try await SQLiteStorage(path: path, now: { .now }, logger: record.logger)
        #expect(try mode(path) == 0o600)
        #expect(record.all.count == 1)
        #expect(record.all.first?.hasPrefix("warning the storage file could be read by other users") == true)
        #expect(record.all.first?.contains("mode=0644") == true)
        #expect(try await again.load(key)?.bytes == [1])
        try await again.close()
        let quiet = RecordedLog()
        try await SQLiteStorage(path: path, now: { .now }, logger: quiet.logger).close()
        #expect(quiet.all == [])
    }

    @Test("a directory that exists keeps its mode; one that others can write is warned about")
    func directories() async throws {
        for (mode, warns) in [(0o755, false), (0o777, true), (0o770, true), (0o1777, false)] {
            let path = directory.file("d\(mode)")
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            let record = RecordedLog()
            try await SQLiteStorage(path: path + "/vmcp.db", now: { .now }, logger: record.logger).close()
            #expect(record.all.isEmpty != warns, "\(String(mode, radix: 8))")
            let found = try StorageTests.mode(path)
            #expect(found == mode)
        }
    }

    @Test(
        "a path that cannot be a file is refused, with the path",
        arguments: ["", "sub/", "file/vmcp.db", "dir", "a\u{0}b"])
    func impossible(name: String) async throws {
        try directory.write([1], to: "file")
        try FileManager.default.createDirectory(atPath: directory.file("dir"), withIntermediateDirectories: false)
        let path = name.isEmpty ? "" : directory.file(name)
        let error = try await openFailure(path)
        #expect("\(error)".hasPrefix("cannot open the storage file \(path): "), "\(error)")
        #expect(error.path == path)
    }

    // MARK: One process

    @Test("a file that is in use is not opened again, by whatever name, until it is closed")
    func inUse() async throws {
        let path = directory.file("vmcp.db")
        let storage = try await SQLiteStorage(path)
        _ = try await storage.put(key, [1], expires: nil)
        try FileManager.default.createSymbolicLink(atPath: directory.file("link"), withDestinationPath: directory.path)
        try FileManager.default.createSymbolicLink(atPath: directory.file("vmcp.link"), withDestinationPath: path)
        for name in ["vmcp.db", "link/vmcp.db", "vmcp.link", "./vmcp.db", "link//./vmcp.db"] {
            let other = directory.file(name)
            #expect(try await openFailure(other) == .inUse(path: other, process: getpid()), "\(name)")
        }
        #expect(try await storage.put(key, [2], expires: nil) == .committed)
        try await storage.close()
        let again = try await SQLiteStorage(directory.file("vmcp.link"))
        #expect(try await again.load(key)?.bytes == [2])
        try await again.close()
    }

    @Test("a storage that was dropped without closing lets go of the file")
    func dropped() async throws {
        let path = directory.file("vmcp.db")
        do {
            let storage = try await SQLiteStorage(path)
            _ = try await storage.put(key, [1], expires: nil)
        }
        try await eventually("the file is free") {
            let error = try await storageError {
                let storage = try await SQLiteStorage(path)
                let row = try await storage.load(key)
                try await storage.close()
                #expect(row?.bytes == [1])
            }
            #expect(error == nil || error == .inUse(path: path, process: getpid()))
            return error == nil
        }
    }

    @Test("a file that was removed or replaced under it is noticed")
    func replaced() async throws {
        let path = directory.file("vmcp.db")
        let storage = try await SQLiteStorage(path)
        try await storage.check()
        try FileManager.default.moveItem(atPath: path, toPath: path + ".old")
        await #expect(throws: StorageError.unavailable("the file \(path) was removed or replaced while it is open")) {
            try await storage.check()
        }
        try Data().write(to: URL(fileURLWithPath: path))
        await #expect(throws: StorageError.self) { try await storage.check() }
        try await storage.close()
    }

    // MARK: Not our file

    @Test("a newer schema is refused and left as it is")
    func newer() async throws {
        let path = directory.file("vmcp.db")
        try await SQLiteStorage(path).close()
        let queue = try DatabaseQueue(path: path)
        try await queue.write { try $0.execute(sql: "PRAGMA user_version = 2") }
        try queue.close()
        let before = try directory.bytes("vmcp.db")
        #expect(try await openFailure(path) == .newerSchema(path: path, found: 2, known: 1))
        #expect(try directory.bytes("vmcp.db") == before)
    }

    @Test("the database of another program is refused and left as it is")
    func foreign() async throws {
        let path = directory.file("vmcp.db")
        let queue = try DatabaseQueue(path: path)
        try await queue.write { try $0.execute(sql: "CREATE TABLE notes (text TEXT)") }
        try queue.close()
        let before = try directory.bytes("vmcp.db")
        #expect(try await openFailure(path) == .foreign(path: path))
        #expect(try directory.bytes("vmcp.db") == before)
    }

    @Test("a file that is no database is reported as damaged, and left as it is", arguments: [100, 4096, 100_000])
    func garbage(size: Int) async throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
        try directory.write(bytes, to: "vmcp.db")
        #expect(try await openFailure(directory.file("vmcp.db")) == .corrupt(path: directory.file("vmcp.db")))
        #expect(try directory.bytes("vmcp.db") == bytes)
    }

    @Test("an empty file is a new storage")
    func empty() async throws {
        try directory.write([], to: "vmcp.db")
        let storage = try await SQLiteStorage(directory.file("vmcp.db"))
        #expect(try await storage.put(key, [1], expires: nil) == .committed)
        try await storage.close()
    }

    /// A file of many pages, with the second half of them overwritten.
    private func damaged() async throws -> String {
        let path = directory.file("vmcp.db")
        let storage = try await SQLiteStorage(path)
        for index in 0..<200 {
            _ = try await storage.put(
                StorageKey(StorageTable("t"), "\(index)"), [UInt8](repeating: UInt8(index), count: 3000), expires: nil)
        }
        try await storage.close()
        var bytes = try directory.bytes("vmcp.db")
        for index in bytes.count / 2..<bytes.count { bytes[index] = 0xA5 }
        try directory.write(bytes, to: "vmcp.db")
        return path
    }

    @Test("damage is found when the file is opened")
    func damage() async throws {
        let path = try await damaged()
        #expect(try await openFailure(path) == .corrupt(path: path))
    }

    @Test("damage in a file too big to be checked is an error of what meets it")
    func lateDamage() async throws {
        let path = try await damaged()
        var options = SQLiteOptions()
        options.checkedFileBytes = 0
        // Where the damage is decides whether opening meets it; either way it is this error.
        await #expect(throws: StorageError.corrupt(path: path)) {
            let storage = try await SQLiteStorage(path, options: options)
            for index in 0..<200 { _ = try await storage.load(StorageKey(StorageTable("t"), "\(index)")) }
        }
    }

    @Test("after a failure to open nothing holds the file")
    func released() async throws {
        try directory.write([UInt8](repeating: 7, count: 5000), to: "vmcp.db")
        _ = try await openFailure(directory.file("vmcp.db"))
        try FileManager.default.removeItem(atPath: directory.file("vmcp.db"))
        try await SQLiteStorage(directory.file("vmcp.db")).close()
    }
}
