// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The outside of a Go text template: where its actions are and which step answers they mention.
///
/// This finds what can be found without running anything: actions, texts or comments that do not end, empty actions.
/// The template engine is the authority on the rest.
struct TemplateText {
    /// Why the text is no template, with what to write instead; nil when its shape is right.
    let problem: String?
    /// The fields `.steps.<step>.output.<field>` that it reads.
    let references: [Reference]

    struct Reference: Hashable {
        let step: String
        let field: String
    }

    init(_ text: String) {
        var rest = Array(text.unicodeScalars)[...]
        var references: [Reference] = []
        while let start = Self.find("{{", in: rest) {
            rest = rest[(start + 2)...]
            guard let (code, after) = Self.takeAction(rest) else {
                problem = "has {{ without }}; close the action"
                self.references = references
                return
            }
            guard !code.allSatisfy(\.properties.isWhitespace) else {
                problem = "has an action without content; write something between {{ and }}"
                self.references = references
                return
            }
            references += Self.references(in: code)
            rest = after
        }
        problem = nil
        self.references = references
    }

    /// A letter or underscore, then letters, digits and underscores.
    static func isIdentifier(_ text: String) -> Bool {
        text.unicodeScalars.first?.properties.isAlphabetic == true || text.hasPrefix("_")
            ? text.unicodeScalars.allSatisfy(isWordScalar) : false
    }

    private static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }

    private static func find(_ mark: String, in text: ArraySlice<Unicode.Scalar>) -> Int? {
        let mark = Array(mark.unicodeScalars)
        guard text.count >= mark.count else { return nil }
        return (text.startIndex...(text.endIndex - mark.count)).first {
            text[$0..<($0 + mark.count)].elementsEqual(mark)
        }
    }

    /// The code up to the end of an action, texts in it blanked, and what follows; nil when it does not end.
    private static func takeAction(
        _ text: ArraySlice<Unicode.Scalar>
    ) -> (code: [Unicode.Scalar], rest: ArraySlice<Unicode.Scalar>)? {
        let trimmed = text.drop { $0 == "-" || $0 == " " }
        if trimmed.starts(with: "/*".unicodeScalars) {
            guard let end = find("*/", in: trimmed.dropFirst(2)), let close = find("}}", in: trimmed[(end + 2)...])
            else {
                return nil
            }
            return (["c"], trimmed[(close + 2)...])
        }
        var code: [Unicode.Scalar] = []
        var index = text.startIndex
        while index < text.endIndex {
            let scalar = text[index]
            if scalar == "}", text[index...].starts(with: "}}".unicodeScalars) { return (code, text[(index + 2)...]) }
            if scalar == "\"" || scalar == "`" || scalar == "'" {
                guard let end = endOfText(text, from: index) else { return nil }
                code.append("\"")
                index = end
            } else {
                code.append(scalar)
            }
            index += 1
        }
        return nil
    }

    /// The index of the quotation mark that ends a text.
    private static func endOfText(_ text: ArraySlice<Unicode.Scalar>, from start: Int) -> Int? {
        let mark = text[start]
        var index = start + 1
        while index < text.endIndex, text[index] != mark {
            if mark != "`" {
                if text[index] == "\n" { return nil }
                if text[index] == "\\" { index += 1 }
            }
            index += 1
        }
        return index < text.endIndex ? index : nil
    }

    private static func references(in code: [Unicode.Scalar]) -> [Reference] {
        var result: [Reference] = []
        for chain in code.split(whereSeparator: { !isWordScalar($0) && $0 != "." }) {
            let parts = String(String.UnicodeScalarView(chain)).split(separator: ".")
            guard parts.count >= 4, parts[0] == "steps", parts[2] == "output" else { continue }
            result.append(Reference(step: String(parts[1]), field: String(parts[3])))
        }
        return result
    }
}
