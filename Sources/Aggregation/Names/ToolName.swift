// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Rules for the names under which tools are listed (MCP 2025-11-25, server/tools, "Tool Names").
enum ToolName {
    /// The longest name of a backend that is considered at all, in bytes.
    static let maximumSourceLength = 1024
    /// The shortest usable limit: room for some of the name, a separator and the hash.
    static let minimumLimit = 16

    /// `[A-Za-z0-9_.-]` and the slash, which the conformance suite tolerates.
    static func isUsable(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"): true
        default: false
        }
    }

    /// Why the name cannot be listed, or nil when it can.
    static func defect(of name: String) -> String? {
        if name.isEmpty { return "the name is empty" }
        if name.utf8.count > maximumSourceLength { return "the name is longer than \(maximumSourceLength) bytes" }
        if name.utf8.allSatisfy(isUsable) { return nil }
        return "the name has characters other than A-Z, a-z, 0-9, \"_\", \"-\", \".\" and \"/\""
    }

    /// The name itself when it fits, else its beginning and a hash of the whole.
    ///
    /// The result depends on the name and the limit only, never on what else is listed.
    static func fitted(_ name: String, limit: Int) -> String {
        guard limit > 0 else { return name }
        let limit = max(limit, minimumLimit)
        guard name.utf8.count > limit else { return name }
        return String(decoding: name.utf8.prefix(limit - 9), as: UTF8.self) + "_" + StableHash.suffix(of: name)
    }
}
