// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A file that holds key material, read whole and bounded.
package struct KeyFile: Sendable, Hashable {
    /// No PEM key or secret is near this size.
    package static let maximumBytes = 64 * 1024

    package let path: String

    /// A path that the operator wrote out.
    package init(path: String) {
        self.path = path
    }

    /// A name that must stay inside a directory: relative and without `..` components.
    ///
    /// Symbolic links are followed; mounted secrets consist of them.
    package init(named name: String, in directory: String) throws(KeyFileError) {
        guard !name.isEmpty, !name.utf8.contains(0) else { throw .emptyName }
        guard !name.hasPrefix("/") else { throw .absoluteName(name) }
        guard !name.split(separator: "/").contains("..") else { throw .escapesDirectory(name) }
        guard !directory.isEmpty else {
            path = name
            return
        }
        path = directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
    }

    /// What was found at one moment.
    struct Contents: Sendable {
        let path: String
        let bytes: [UInt8]
        /// The permission bits.
        let mode: UInt32

        /// Whether others than the owner may do anything with the file.
        var isOpenToOthers: Bool { mode & 0o077 != 0 }
    }

    /// Reads the file; never waits for a pipe or device.
    func read() throws(KeyFileError) -> Contents {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(path: path, reason: Self.reason(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(path: path, reason: Self.reason(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
        let bytes = try Self.bytes(of: descriptor, path: path)
        return Contents(path: path, bytes: bytes, mode: UInt32(status.st_mode & 0o777))
    }

    private static func bytes(of descriptor: Int32, path: String) throws(KeyFileError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: maximumBytes + 1)
        var filled = 0
        while filled < buffer.count {
            let count = buffer.withUnsafeMutableBytes { pointer in
                #if canImport(Darwin)
                Darwin.read(descriptor, pointer.baseAddress?.advanced(by: filled), pointer.count - filled)
                #elseif canImport(Musl)
                Musl.read(descriptor, pointer.baseAddress?.advanced(by: filled), pointer.count - filled)
                #else
                Glibc.read(descriptor, pointer.baseAddress?.advanced(by: filled), pointer.count - filled)
                #endif
            }
            if count < 0 {
                guard errno == EINTR else { throw .unreadable(path: path, reason: reason(errno)) }
                continue
            }
            if count == 0 { break }
            filled += count
        }
        guard filled <= maximumBytes else { throw .tooLarge(path: path, limit: maximumBytes) }
        return Array(buffer[..<filled])
    }

    private static func reason(_ code: Int32) -> String {
        strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}

/// Why a file with key material could not be read.
package enum KeyFileError: Error, Hashable {
    case emptyName
    case absoluteName(String)
    case escapesDirectory(String)
    case unreadable(path: String, reason: String)
    case notAFile(path: String)
    case tooLarge(path: String, limit: Int)
}

extension KeyFileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .emptyName: "a key file name is empty; write the name of a file in key_dir"
        case .absoluteName(let name): "the key file name \"\(name)\" is absolute; write a name relative to key_dir"
        case .escapesDirectory(let name): "the key file name \"\(name)\" has a \"..\"; key files must be inside key_dir"
        case .unreadable(let path, let reason): "the file \(path) cannot be read: \(reason)"
        case .notAFile(let path): "\(path) is not a regular file"
        case .tooLarge(let path, let limit): "the file \(path) has more than \(limit) bytes"
        }
    }
}
