// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Finds the program that a command names, so that a wrong name is reported as what it is.
///
/// The search uses the child's PATH only. Empty and relative entries are skipped: they would mean the working
/// directory, which a backend's files may share.
enum ExecutableSearch {
    /// Blocks on the file system; call it off the event loops.
    static func resolve(_ command: StdioCommand) throws(StdioError) -> String {
        if command.executable.hasPrefix("/") {
            switch inspect(command.executable) {
            case .runnable: return command.executable
            case .missing: throw .executableNotFound(command.executable, searched: [])
            case .unusable(let reason): throw .notExecutable(command.executable, reason: reason)
            }
        }
        let directories = (command.environment["PATH"] ?? "").split(separator: ":").map(String.init)
            .filter { $0.hasPrefix("/") }
        var unusable: (path: String, reason: String)?
        for directory in directories {
            let candidate = "\(directory)/\(command.executable)"
            switch inspect(candidate) {
            case .runnable: return candidate
            case .missing: continue
            case .unusable(let reason): unusable = unusable ?? (candidate, reason)
            }
        }
        if let unusable { throw .notExecutable(unusable.path, reason: unusable.reason) }
        throw .executableNotFound(command.executable, searched: directories)
    }

    /// Says why a directory cannot be a working directory; nil when it can. Blocks on the file system.
    static func problem(withDirectory path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return systemErrorText(errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { return "it is not a directory" }
        return access(path, X_OK) == 0 ? nil : systemErrorText(errno)
    }

    private enum Finding {
        case runnable, missing
        case unusable(String)
    }

    private static func inspect(_ path: String) -> Finding {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            return code == ENOENT || code == ENOTDIR ? .missing : .unusable(systemErrorText(code))
        }
        guard status.st_mode & S_IFMT != S_IFDIR else { return .unusable("it is a directory") }
        guard status.st_mode & S_IFMT == S_IFREG else { return .unusable("it is not a regular file") }
        guard access(path, X_OK) == 0 else { return .unusable("it has no execute permission for this user") }
        return .runnable
    }
}

/// The operating system's words for an error number.
func systemErrorText(_ code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    return "\(String(cString: text)) (errno \(code))"
}
