// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The right of one process to a database file, held until `release`, the last reference or the end of the process.
///
/// It lies on a file of its own: SQLite's locks on the database belong to the process, and closing any other descriptor
/// of the database would drop them. The file stays behind, since removing it would let two processes hold two files.
final class DatabaseLock: Sendable {
    private let descriptor: Mutex<Int32?>

    init(path: String, of database: String) throws(StorageError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw .cannotOpen(path: database, reason: "the lock file \(path): \(SystemError.last)")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = SystemError.last
            defer { close(descriptor) }
            guard error.code == EWOULDBLOCK else {
                throw .cannotOpen(path: database, reason: "the lock file \(path): \(error)")
            }
            throw .inUse(path: database, process: Self.holder(descriptor))
        }
        // Only for the error that the next one gets: the lock holds without it.
        let process = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, process, process.count, 0) }
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    func release() {
        descriptor.withLock {
            if let descriptor = $0 { close(descriptor) }
            $0 = nil
        }
    }

    private static func holder(_ descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
