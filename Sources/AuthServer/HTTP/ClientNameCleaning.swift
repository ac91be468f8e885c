// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Makes the names that clients give themselves fit to be shown to a person who has to trust them.
package enum ClientNameCleaning {
    package static let maximumCharacters = 64
    package static let unnamed = "unnamed"
    /// More marks than any language puts on a letter would paint over the lines around it.
    private static let maximumScalarsPerCharacter = 8

    /// The name without everything invisible: control characters, direction changes, zero-width and other formatting
    /// characters, line breaks, fillers, and code points that have no meaning. At most 64 characters.
    package static func clean(_ name: String) -> String {
        var visible = String.UnicodeScalarView()
        for scalar in name.unicodeScalars {
            if isSpace(scalar) {
                visible.append(" ")
            } else if isVisible(scalar) {
                visible.append(scalar)
            }
        }
        var cleaned = ""
        var count = 0
        var isAfterSpace = true
        for character in String(visible) {
            if character == " " && isAfterSpace { continue }
            guard count < maximumCharacters else { break }
            cleaned.unicodeScalars.append(contentsOf: character.unicodeScalars.prefix(maximumScalarsPerCharacter))
            count += 1
            isAfterSpace = character == " "
        }
        if cleaned.hasSuffix(" ") { cleaned.removeLast() }
        return cleaned.isEmpty ? unnamed : cleaned
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\t", "\n", "\r", "\u{2800}": true
        default: scalar.properties.generalCategory == .spaceSeparator
        }
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        guard !scalar.properties.isDefaultIgnorableCodePoint else { return false }
        return switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
