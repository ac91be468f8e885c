// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension ValueType where Value == String {
    /// An absolute path without `..`; empty counts as absent.
    static var absolutePath: ValueType {
        ValueType.string.checked { path in
            if path.isEmpty { return nil }
            if path.utf8.contains(0) { return "contains a NUL character; write an absolute path" }
            if !path.hasPrefix("/") { return "\(quoted(path)) must be absolute; start it with /" }
            if path.contains("..") { return "\(quoted(path)) contains \"..\"; write the path without it" }
            return nil
        }
    }
}
