// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Rules for identities that may hold any script: prompt names, resource URIs and URI templates.
package enum FreeText {
    static let maximumPromptNameLength = 1024
    /// Longer ones are not listed, so nobody can read them or listen to them.
    package static let maximumURILength = 8192

    /// Why the text cannot be listed, or nil when it can.
    ///
    /// Refused is what a reader cannot see or what changes how the rest is shown: controls, line separators,
    /// directional formatting, and the replacement character that stands for broken input.
    static func defect(of text: String, limit: Int) -> String? {
        if text.isEmpty { return "it is empty" }
        if text.utf8.count > limit { return "it is longer than \(limit) bytes" }
        if text.unicodeScalars.contains(where: isHidden) { return "it has control or invisible characters" }
        return nil
    }

    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1F, 0x7F...0x9F: true
        case 0x061C, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x2069: true
        case 0xFEFF, 0xFFF9...0xFFFD, 0xE0000...0xE007F: true
        default: false
        }
    }
}
