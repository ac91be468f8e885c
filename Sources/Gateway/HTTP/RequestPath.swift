// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The path of a request target, without its query.
///
/// A target may be a whole URL, which names the same resource as its path does (RFC 9112 §3.2.2).
func requestPath(of target: String) -> Substring {
    var target = target[...]
    if target.utf8.first != UInt8(ascii: "/"), let slashes = target.firstRange(of: "://") {
        let rest = target[slashes.upperBound...]
        target = rest.firstIndex(of: "/").map { rest[$0...] } ?? "/"
    }
    return target[..<(target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex)]
}
