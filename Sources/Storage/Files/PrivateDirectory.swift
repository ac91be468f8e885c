// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The directory of a file that only its owner may read.
enum PrivateDirectory {
    /// The directory part of a path; `.` for a bare name.
    static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Creates what is missing of the directory, each part with mode 0700; what exists stays as it is.
    static func create(_ path: String) throws(SystemError) {
        if let status = try FileStatus.read(path) {
            guard status.isDirectory else { throw SystemError(code: ENOTDIR) }
            return
        }
        let parent = parent(of: path)
        if parent != path { try create(parent) }
        // Another process may create it at the same moment.
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .last }
    }

    /// The path without links; names the same file whichever way it was reached.
    static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Makes a file that was created or renamed in the directory survive a loss of power.
    static func synchronize(_ path: String) throws(SystemError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        // Some network file systems cannot do it for a directory, and need not.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw .last }
    }
}
