// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A file that holds a secret or a key: a regular file, small, and read whole.
///
/// Pipes and devices are refused because they can be read only once, and the file is looked at before it is used.
package enum SecretFile {
    /// No secret and no key is that long; a larger file is the wrong file.
    package static let maximumBytes = 65_536

    /// The content as it is, without any trimming: a trailing line break is part of a raw key.
    package static func bytes(at path: String, atLeast minimum: Int = 1) throws(SecretError) -> [UInt8] {
        try check(path, atLeast: minimum)
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            data = try file.read(upToCount: maximumBytes + 1) ?? Data()
        } catch {
            throw .unreadable(path: path)
        }
        guard data.count <= maximumBytes else { throw .tooLarge(path: path, limit: maximumBytes) }
        guard data.count >= minimum else { throw .tooShort(path: path, minimum: minimum) }
        return [UInt8](data)
    }

    /// Looks at the file without reading it: whether it is there, regular, readable and of a sensible size.
    package static func check(
        _ path: String, atLeast minimum: Int = 1, atMost maximum: Int = maximumBytes
    ) throws(SecretError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw errno == ENOENT || errno == ENOTDIR ? .missing(path: path) : .unreadable(path: path)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular(path: path) }
        guard access(path, R_OK) == 0 else { throw .unreadable(path: path) }
        guard status.st_size <= maximum else { throw .tooLarge(path: path, limit: maximum) }
        guard status.st_size >= minimum else { throw .tooShort(path: path, minimum: minimum) }
    }
}
