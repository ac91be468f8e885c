// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Text in `Mcp-Name` and `Mcp-Param-*` header values (2026-07-28, Transports, Custom Headers).
///
/// What a header cannot carry as it is travels as `=?base64?` + base64 of its UTF-8 + `?=`.
package enum HeaderText {
    private static let opening = "=?base64?"
    private static let closing = "?="

    /// `text` as a header value.
    package static func encoded(_ text: String) -> String {
        isPlain(text) ? text : opening + Data(text.utf8).base64EncodedString() + closing
    }

    /// Whether a header value is what it says, and reads the same in JSON, as nearly every one does: visible ASCII
    /// without a backslash that is no base64.
    package static func isWord(_ value: String) -> Bool {
        value.utf8.first != UInt8(ascii: "=")
            && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
    }

    /// What a header value says, optional white space around it cut; `nil` when its base64 is not.
    package static func decoded(_ value: String) -> String? {
        let trimmed = value.trimmingOptionalWhiteSpace
        guard trimmed.hasPrefix(opening), trimmed.hasSuffix(closing),
            trimmed.utf8.count >= opening.utf8.count + closing.utf8.count
        else {
            // Anything else is what it says, the bytes that no header may have excepted.
            return trimmed.utf8.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 < 0x7F) } ? String(trimmed) : nil
        }
        let base64 = String(trimmed.dropFirst(opening.count).dropLast(closing.count))
        guard let data = Data(base64Encoded: base64), data.base64EncodedString() == base64 else { return nil }
        return String(validating: data, as: UTF8.self)
    }

    private static func isPlain(_ text: String) -> Bool {
        guard text.utf8.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 < 0x7F) }) else { return false }
        if let first = text.utf8.first, let last = text.utf8.last {
            let blank: [UInt8] = [0x20, 0x09]
            if blank.contains(first) || blank.contains(last) { return false }
        }
        return !(text.hasPrefix(opening) && text.hasSuffix(closing))
    }
}

extension String {
    /// RFC 9110 §5.6.3.
    fileprivate var trimmingOptionalWhiteSpace: Substring {
        var slice = self[...]
        while let first = slice.utf8.first, first == 0x20 || first == 0x09 { slice = slice.dropFirst() }
        while let last = slice.utf8.last, last == 0x20 || last == 0x09 { slice = slice.dropLast() }
        return slice
    }
}
