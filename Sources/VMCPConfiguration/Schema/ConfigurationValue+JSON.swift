// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension ConfigurationValue {
    /// The value as JSON text, in the order of the file.
    ///
    /// With an indentation the text has one member a line, as a file that people read should.
    package func json(indentation: Int? = nil) -> String {
        var text = ""
        write(to: &text, indentation: indentation, level: 0)
        return text
    }

    private func write(to text: inout String, indentation: Int?, level: Int) {
        switch self {
        case .null: text += "null"
        case .boolean(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let number): text += number
        case .string(let value): Self.write(value, to: &text)
        case .list(let items):
            // A list of scalars stays on its line.
            let isShort = items.allSatisfy { $0.items == nil && $0.members == nil }
            Self.write(items, "[", "]", to: &text, indentation: isShort ? nil : indentation, level: level) {
                item, text in
                item.write(to: &text, indentation: indentation, level: level + 1)
            }
        case .map(let members):
            Self.write(members, "{", "}", to: &text, indentation: indentation, level: level) { member, text in
                Self.write(member.key, to: &text)
                text += indentation == nil ? ":" : ": "
                member.value.write(to: &text, indentation: indentation, level: level + 1)
            }
        }
    }

    private static func write<Item>(
        _ items: [Item], _ open: String, _ close: String, to text: inout String, indentation: Int?, level: Int,
        _ body: (Item, inout String) -> Void
    ) {
        text += open
        for (index, item) in items.enumerated() {
            if index > 0 { text += "," }
            if let indentation { text += "\n" + String(repeating: " ", count: indentation * (level + 1)) }
            body(item, &text)
        }
        if let indentation, !items.isEmpty { text += "\n" + String(repeating: " ", count: indentation * level) }
        text += close
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
