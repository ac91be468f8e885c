// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A scalar as it was written, and what it means.
struct YAMLScalar {
    /// What an unquoted scalar stands for (YAML 1.2 core schema, plus the YAML 1.1 spellings of integers).
    enum Resolved: Equatable {
        case null
        case boolean(Bool)
        case integer(Int)
        case number(Double)
        case string
    }

    let text: String
    let resolved: Resolved
    let isQuoted: Bool

    /// Reads a scalar under the tag that was written before it, if any.
    ///
    /// A quoted scalar is text unless a tag says otherwise; an unknown tag leaves text as well.
    init(text: String, isQuoted: Bool, tag: String?) {
        self.text = text
        self.isQuoted = isQuoted
        switch tag {
        case nil: resolved = isQuoted ? .string : Self.resolve(text)
        case "tag:yaml.org,2002:int", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:float", "tag:yaml.org,2002:null":
            resolved = Self.resolve(text)
        default: resolved = .string
        }
    }

    static func resolve(_ text: String) -> Resolved {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .number(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .number(-.infinity)
        case ".nan", ".NaN", ".NAN": return .number(.nan)
        default: break
        }
        guard let first = text.utf8.first, (0x30...0x39).contains(first) || [0x2B, 0x2D, 0x2E].contains(first) else {
            return .string
        }
        let plain = text.utf8.contains(0x5F) ? text.filter { $0 != "_" } : text
        if let integer = integer(plain) { return .integer(integer) }
        if isDecimal(plain), let number = Double(plain) { return .number(number) }
        return .string
    }

    /// An integer with the prefixes `0x`, `0o`, `0b` or the leading zero of an octal.
    private static func integer(_ text: String) -> Int? {
        var digits = Substring(text)
        var sign = ""
        if let first = digits.first, first == "-" || first == "+" {
            sign = first == "-" ? "-" : ""
            digits = digits.dropFirst()
        }
        guard let first = digits.utf8.first, (0x30...0x39).contains(first) else { return nil }
        for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)]
        where digits.hasPrefix(prefix) {
            let rest = digits.dropFirst(2)
            return rest.first == "-" || rest.first == "+" ? nil : Int(sign + rest, radix: radix)
        }
        return Int(sign + digits, radix: first == 0x30 && digits.utf8.count > 1 ? 8 : 10)
    }

    /// `[-+]? ( . digits | digits [ . digits? ] ) [ (e|E) [-+]? digits ]`
    private static func isDecimal(_ text: String) -> Bool {
        var rest = Substring(text).utf8
        func takeSign() { if rest.first == 0x2B || rest.first == 0x2D { rest = rest.dropFirst() } }
        func takeDigits() -> Int {
            let tail = rest.drop { (0x30...0x39).contains($0) }
            let count = rest.count - tail.count
            rest = tail
            return count
        }
        takeSign()
        let whole = takeDigits()
        var fraction = 0
        if rest.first == 0x2E {
            rest = rest.dropFirst()
            fraction = takeDigits()
        }
        guard whole > 0 || fraction > 0 else { return false }
        if rest.first == 0x65 || rest.first == 0x45 {
            rest = rest.dropFirst()
            takeSign()
            guard takeDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
