// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// Where `JSONSerialization` answers otherwise than we do, and why.
enum JSONSerializationDifference {
    /// We pass an unpaired `\uD800` through; Foundation refuses it because a `String` cannot hold it.
    case loneSurrogate
    /// We keep the spelling of 1e400; Foundation refuses what overflows `Double`.
    case beyondDouble
    /// Foundation takes a byte order mark, and NULs among the first bytes, as signs of UTF-8, UTF-16 and UTF-32.
    case encodingDetection
    /// Foundation accepts a comma before a closing bracket.
    case trailingComma
    /// Foundation drops U+FEFF from strings.
    case byteOrderMarkInString
    /// A dictionary keeps one of several members whose keys are the same or canonically equivalent.
    case duplicateKey

    /// Whether the difference can show in a text, which we decode as `value` if we accept it.
    func applies(to bytes: [UInt8], decoding value: JSONValue?) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        switch self {
        case .loneSurrogate:
            return text.contains(/\\u[dD][89a-fA-F]/)
        case .beyondDouble:
            return value?.containsScalar { if case .number(let number) = $0 { number.double == nil } else { false } }
                ?? false
        case .encodingDetection:
            return bytes.prefix(4).contains(0) || bytes.starts(with: [0xEF, 0xBB, 0xBF])
                || bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE])
        case .trailingComma:
            return text.contains(/,\s*[\]}]/)
        case .byteOrderMarkInString:
            return text.unicodeScalars.contains("\u{FEFF}")
        case .duplicateKey:
            return value?.losesMembersInDictionaries ?? false
        }
    }
}

extension JSONValue {
    fileprivate func containsScalar(where isSought: (JSONValue) -> Bool) -> Bool {
        switch self {
        case .array(let elements): elements.contains { $0.containsScalar(where: isSought) }
        case .object(let object): object.contains { $0.value.containsScalar(where: isSought) }
        default: isSought(self)
        }
    }

    fileprivate var losesMembersInDictionaries: Bool {
        switch self {
        case .array(let elements):
            elements.contains(where: \.losesMembersInDictionaries)
        case .object(let object):
            Set(object.map(\.key)).count < object.count || object.contains { $0.value.losesMembersInDictionaries }
        default: false
        }
    }
}
