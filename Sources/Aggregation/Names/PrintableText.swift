// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The text as printable ASCII of bounded length, for logs and error messages.
///
/// Quotes, backslashes and everything outside printable ASCII are escaped: a backend chooses these strings, and a log
/// line must not be split, reordered or coloured by them.
func printable(_ text: String, limit: Int = 80) -> String {
    var result = ""
    var length = 0
    for scalar in text.unicodeScalars {
        let piece: String
        switch scalar {
        case "\"", "\\": piece = "\\\(scalar)"
        case " "..."~": piece = String(scalar)
        default: piece = "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        }
        length += piece.utf8.count
        if length > limit {
            return result + "... (\(text.utf8.count) bytes)"
        }
        result += piece
    }
    return result
}
