// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Logging

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A file of the bytes of one key, for the eyes of its owner only. Its calls block, and belong to the start.
package struct SealingKeyFile: Sendable {
    package let path: String
    private let logger: Logger

    package init(path: String, logger: Logger) {
        self.path = path
        self.logger = logger
    }

    /// The key of the file; a new one, written there first, when there is no file.
    ///
    /// Of two processes that create it at the same moment both get the key of the one that was first, and no crash
    /// leaves half a key behind.
    package func loadOrCreate() throws(SealingKeyFileError) -> SealingKey {
        do throws(SealingKeyFileError) {
            return try load()
        } catch {
            guard case .missing = error else { throw error }
        }
        do throws(SystemError) {
            try create(SealingKey())
        } catch {
            throw .inaccessible(path: path, reason: error.description)
        }
        logger.info("created a sealing key: back it up, apart from the database", metadata: ["file": "\(path)"])
        return try load()
    }

    /// The key of the file, which must be there.
    package func load() throws(SealingKeyFileError) -> SealingKey {
        // A pipe in its place must not hold us up.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let error = SystemError.last
            if error.code == ENOENT { throw .missing(path: path) }
            throw .inaccessible(path: path, reason: error.description)
        }
        defer { close(descriptor) }
        let status: FileStatus
        do throws(SystemError) {
            status = try FileStatus.read(descriptor: descriptor)
        } catch {
            throw .inaccessible(path: path, reason: error.description)
        }
        guard status.isRegularFile, status.size == Int64(SealingKey.byteCount) else { throw .malformed(path: path) }
        if status.isShared { try makePrivate(descriptor, status) }

        var bytes = [UInt8](repeating: 0, count: SealingKey.byteCount)
        defer { for index in bytes.indices { bytes[index] = 0 } }
        guard pread(descriptor, &bytes, bytes.count, 0) == bytes.count, let key = SealingKey(bytes: bytes) else {
            throw .malformed(path: path)
        }
        return key
    }

    private func makePrivate(_ descriptor: Int32, _ status: FileStatus) throws(SealingKeyFileError) {
        if fchmod(descriptor, 0o600) == 0 {
            logger.warning(
                "the sealing key could be read by other users: made it 0600",
                metadata: ["file": "\(path)", "mode": "\(status.octal)"])
            return
        }
        // Mounted secrets belong to another user and are lent to our group, read-only: nothing to repair there.
        guard status.permissions & 0o037 == 0 else { throw .notPrivate(path: path, mode: status.octal) }
    }

    /// Writes the key beside its place and links it there, which fails when another process was first.
    func create(_ key: SealingKey) throws(SystemError) {
        let directory = PrivateDirectory.parent(of: path)
        try PrivateDirectory.create(directory)
        let draft = "\(path).\(UInt64.random(in: .min ... .max)).new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .last }
        defer { unlink(draft) }
        defer { close(descriptor) }
        let written = key.key.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard written == SealingKey.byteCount, fsync(descriptor) == 0 else { throw .last }
        guard link(draft, path) == 0 || errno == EEXIST else { throw .last }
        try PrivateDirectory.synchronize(directory)
    }
}
