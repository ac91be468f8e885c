// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Where a server keeps what must survive a restart, when the configuration does not say.
struct StateDirectory {
    let environment: [String: String]

    /// The database of the server with that name; nil when the environment says nothing or the name is too long.
    ///
    /// Under systemd the folder is the unit's own (`StateDirectory=`), elsewhere the user's (XDG Base Directory
    /// Specification), which several servers may share.
    func path(serverName: String) -> String? {
        // systemd separates several folders by colons; relative ones are invalid in all three variables.
        if let own = folder("STATE_DIRECTORY", separator: ":") { return own + "/vmcp.sqlite" }
        guard let name = Self.fileName(serverName) else { return nil }
        if let state = folder("XDG_STATE_HOME") { return "\(state)/vmcp/\(name).sqlite" }
        if let home = folder("HOME") { return "\(home)/.local/state/vmcp/\(name).sqlite" }
        return nil
    }

    private func folder(_ variable: String, separator: Character? = nil) -> String? {
        guard var value = environment[variable] else { return nil }
        if let separator { value = String(value.prefix { $0 != separator }) }
        while value.count > 1, value.hasSuffix("/") { value.removeLast() }
        guard value.hasPrefix("/") else { return nil }
        return value == "/" ? "" : value
    }

    /// A file name that two different names never share: what is no letter, digit, dot, hyphen or underscore is
    /// written as `%` and two digits. Nil for an empty name and for one that no file system takes.
    static func fileName(_ name: String) -> String? {
        var result = ""
        for (index, byte) in name.utf8.enumerated() {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: result.unicodeScalars.append(Unicode.Scalar(byte))
            // A dot in front hides a file, or is a folder.
            case 0x2E where index > 0: result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return result.isEmpty || result.utf8.count > 200 ? nil : result
    }
}
