// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Why a stdio backend could not be started or written to.
package enum StdioError: Error, Sendable, Hashable {
    /// The command cannot be expressed to the operating system.
    case invalidCommand(String)
    /// No directory of the child's PATH holds the bare name, or nothing is at the path.
    case executableNotFound(String, searched: [String])
    /// Something is there, but it is a directory, lacks the execute permission or is no program.
    case notExecutable(String, reason: String)
    case badWorkingDirectory(String, reason: String)
    case spawnFailed(String, reason: String)
    /// The gateway itself lacks file descriptors, memory or a suitable event loop.
    case noResources(String)
    case cancelled
    /// The process has ended, is being stopped or no longer reads.
    case notRunning
    /// The child does not read fast enough: `unwritten` bytes wait, `limit` are allowed.
    case queueFull(unwritten: Int, limit: Int)
}

extension StdioError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidCommand(let reason):
            "the stdio backend's command is not usable: \(reason)"
        case .executableNotFound(let name, let searched) where searched.isEmpty:
            name.hasPrefix("/")
                ? "\(name): no such file; check the path of the stdio backend's command"
                : "\"\(name)\" cannot be looked up: the backend's environment has no PATH with an absolute directory; "
                    + "set env.PATH or write the command as an absolute path"
        case .executableNotFound(let name, let searched):
            "\"\(name)\" was not found in the backend's PATH (\(searched.joined(separator: ":"))); "
                + "install it, set env.PATH or write the command as an absolute path"
        case .notExecutable(let path, let reason):
            "\(path) cannot be run: \(reason)"
        case .badWorkingDirectory(let path, let reason):
            "the working directory \(path) cannot be used: \(reason)"
        case .spawnFailed(let path, let reason):
            "starting \(path) failed: \(reason)"
        case .noResources(let reason):
            "the gateway could not prepare a stdio backend: \(reason)"
        case .cancelled:
            "starting the stdio backend was cancelled"
        case .notRunning:
            "the stdio backend's process is not running"
        case .queueFull(let unwritten, let limit):
            "the stdio backend does not read its input: \(unwritten) bytes wait, \(limit) are allowed"
        }
    }
}
