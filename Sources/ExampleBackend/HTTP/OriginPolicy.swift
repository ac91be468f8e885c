// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Which web pages may talk to the server: those of this machine (MCP transports, security warning).
enum OriginPolicy {
    static func allows(_ origin: String) -> Bool {
        for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) {
            let authority = origin.dropFirst(scheme.count)
            return ["localhost", "127.0.0.1", "[::1]"].contains { host in
                authority.hasPrefix(host) && isPort(authority.dropFirst(host.count))
            }
        }
        return false
    }

    /// True for nothing at all, and for a colon with digits.
    private static func isPort(_ text: Substring) -> Bool {
        guard let first = text.first else { return true }
        return first == ":" && text.count > 1 && text.dropFirst().utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}
