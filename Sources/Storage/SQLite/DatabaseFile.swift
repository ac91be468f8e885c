// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Logging

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The file of a database: ours alone, and for no other user's eyes.
struct DatabaseFile: Sendable {
    /// Without links.
    let path: String
    private let identity: FileStatus.Identity
    private let lock: DatabaseLock

    /// Locks the file, and creates it with its directory if need be.
    ///
    /// SQLite gives the files that it puts beside it, `-wal` and `-shm`, the same permissions.
    init(path: String, logger: Logger) throws(StorageError) {
        guard !path.isEmpty, !path.utf8.contains(0), path.utf8.last != UInt8(ascii: "/") else {
            throw .cannotOpen(path: path, reason: "the path names no file")
        }
        self.path = try Self.locate(path, logger: logger)
        lock = try DatabaseLock(path: self.path + ".lock", of: path)
        do throws(SystemError) {
            try Self.create(self.path)
        } catch {
            throw .cannotOpen(path: path, reason: error.description)
        }
        identity = try Self.inspect(self.path, logger: logger)
        for suffix in ["-wal", "-shm"] { try Self.makePrivate(self.path + suffix, logger: logger) }
    }

    /// Fails when the path does not name the file any more that was opened: what is written now would be lost.
    func check() throws(StorageError) {
        let status = try? FileStatus.read(path)
        guard status?.identity == identity else {
            throw .unavailable("the file \(path) was removed or replaced while it is open")
        }
    }

    /// Lets another process have the file.
    func release() { lock.release() }

    private static func locate(_ path: String, logger: Logger) throws(StorageError) -> String {
        if let resolved = PrivateDirectory.resolve(path) { return resolved }
        let parent = PrivateDirectory.parent(of: path)
        do throws(SystemError) {
            try PrivateDirectory.create(parent)
            guard let directory = PrivateDirectory.resolve(parent) else { throw .last }
            let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.index(after: $0)...] } ?? path[...]
            return directory == "/" ? "/\(name)" : "\(directory)/\(name)"
        } catch {
            throw .cannotOpen(path: path, reason: "its directory \(parent): \(error)")
        }
    }

    private static func create(_ path: String) throws(SystemError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let error = SystemError.last
            if error.code == EEXIST { return }
            throw error
        }
        close(descriptor)
        try PrivateDirectory.synchronize(PrivateDirectory.parent(of: path))
    }

    private static func inspect(_ path: String, logger: Logger) throws(StorageError) -> FileStatus.Identity {
        let directory = PrivateDirectory.parent(of: path)
        if let status = try? FileStatus.read(directory), status.isReplaceableByOthers {
            logger.warning(
                "the storage directory can be written by other users: make it 0700",
                metadata: ["directory": "\(directory)", "mode": "\(status.octal)"])
        }
        guard let status = try makePrivate(path, logger: logger) else {
            throw .cannotOpen(path: path, reason: "it was removed")
        }
        return status.identity
    }

    /// Takes the rights of other users away: volumes are mounted with their own idea of permissions.
    @discardableResult
    private static func makePrivate(_ path: String, logger: Logger) throws(StorageError) -> FileStatus? {
        do throws(SystemError) {
            guard let status = try FileStatus.read(path) else { return nil }
            guard status.isRegularFile else { throw SystemError(code: status.isDirectory ? EISDIR : EINVAL) }
            guard status.isShared else { return status }
            guard chmod(path, 0o600) == 0 else { throw .last }
            logger.warning(
                "the storage file could be read by other users: made it 0600",
                metadata: ["file": "\(path)", "mode": "\(status.octal)"])
            return status
        } catch {
            throw .cannotOpen(path: path, reason: "it must be a file of our own with mode 0600: \(error)")
        }
    }
}
