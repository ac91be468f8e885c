// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Observability

/// Texts of an upstream's answer, each with the bound that makes it safe to keep, to log or to send on.
enum UpstreamText {
    static let maximumSubjectBytes = 512
    static let maximumNameBytes = 512
    static let maximumTokenBytes = 32 * 1024
    static let maximumCodeBytes = 64

    /// A subject: a non-empty string, or a number with the digits that it is spelled with, so that ids above 2^53 keep
    /// their last ones.
    static func subject(_ value: JSONSlice?) -> String? {
        guard let value else { return nil }
        if value.kind == .number {
            return value.description.utf8.count <= maximumSubjectBytes ? value.description : nil
        }
        return subjectString(value)
    }

    /// U+FFFD stands for what is no text; two subjects must not become one through it.
    static func subjectString(_ value: JSONSlice?) -> String? {
        guard let text = plain(value, maximumBytes: maximumSubjectBytes), !text.unicodeScalars.contains("\u{FFFD}")
        else { return nil }
        return text
    }

    /// A name or an e-mail address, if it is usable; a login goes on without.
    static func name(_ value: JSONSlice?) -> String? {
        plain(value, maximumBytes: maximumNameBytes)
    }

    /// A token or a secret: visible ASCII (RFC 6749 appendix A), so it cannot break out of a header.
    static func token(_ value: JSONSlice?) -> Secret? {
        guard let text = value?.string, (1...maximumTokenBytes).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return Secret(text)
    }

    /// An error code, cut short and without anything that is not of a code's alphabet.
    static func errorCode(_ value: JSONSlice?) -> String? {
        guard let text = value?.string, !text.isEmpty else { return nil }
        let code = text.utf8.prefix(maximumCodeBytes).filter { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return code.isEmpty ? "unknown_error" : String(decoding: code, as: UTF8.self)
    }

    /// Whether both are spelled with the same bytes; `==` would take two spellings of "é" for one person.
    static func areEqual(_ left: String, _ right: String) -> Bool {
        left.utf8.elementsEqual(right.utf8)
    }

    private static func plain(_ value: JSONSlice?, maximumBytes: Int) -> String? {
        guard let text = value?.string, (1...maximumBytes).contains(text.utf8.count),
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
        else { return nil }
        return text
    }
}
