// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What a file is and who may read it.
struct FileStatus: Hashable, Sendable {
    let identity: Identity
    let permissions: mode_t
    let isRegularFile: Bool
    let isDirectory: Bool
    let size: Int64

    /// The file itself, whatever its names are.
    struct Identity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64
    }

    /// Others than the owner have some right to it.
    var isShared: Bool { permissions & 0o077 != 0 }

    /// Others than the owner may put another file in its place.
    var isReplaceableByOthers: Bool { permissions & 0o022 != 0 && permissions & 0o1000 == 0 }

    /// `0644`, as `chmod` takes it.
    var octal: String {
        let digits = String(permissions, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// The status of the file with this path; `nil` when there is none.
    static func read(_ path: String) throws(SystemError) -> FileStatus? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let error = SystemError.last
            if error.code == ENOENT || error.code == ENOTDIR { return nil }
            throw error
        }
        return FileStatus(status)
    }

    static func read(descriptor: Int32) throws(SystemError) -> FileStatus {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last }
        return FileStatus(status)
    }

    private init(_ status: stat) {
        identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        permissions = status.st_mode & 0o7777
        isRegularFile = status.st_mode & S_IFMT == S_IFREG
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
        size = Int64(status.st_size)
    }
}
