// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Whether a person may be sent to a page that a backend names: only where nobody can change it on the way, and where
/// the address does not look like another one.
enum PageAddress {
    enum Problem: Sendable {
        /// Not absolute, too long, or with a user name, spaces or characters beyond ASCII.
        case malformed
        case insecure
    }

    private static let maximumBytes = 8 << 10

    static func problem(_ text: String?, allowsLoopbackHTTP: Bool) -> Problem? {
        guard let text, text.utf8.count <= maximumBytes, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty, parts.user == nil,
            parts.password == nil
        else { return .malformed }
        switch parts.scheme?.lowercased() {
        case "https": return nil
        case "http" where allowsLoopbackHTTP && ["localhost", "127.0.0.1", "[::1]", "::1"].contains(host): return nil
        default: return .insecure
        }
    }
}
