// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A piece of a page. Text gets in only through the initialisers and builders here, and all of them escape it.
struct HTML: Sendable, Hashable {
    private(set) var markup: String

    private init(markup: String) { self.markup = markup }

    static let empty = HTML(markup: "")

    /// Text, with everything that could be read as markup escaped and everything invisible replaced.
    init(_ text: String) { markup = Self.escaped(text) }

    /// An element; its name is part of the program, never of a request.
    static func tag(
        _ name: StaticString, _ attributes: HTMLAttribute..., @HTMLBuilder content: () -> HTML = { .empty }
    ) -> HTML {
        let opening = opening(name, attributes)
        return HTML(markup: "\(opening)\(content().markup)</\(name)>")
    }

    /// An element that cannot have content: `input`, `meta`.
    static func void(_ name: StaticString, _ attributes: HTMLAttribute...) -> HTML {
        HTML(markup: opening(name, attributes))
    }

    /// A style sheet that is part of the program; it runs only with the nonce of the answer.
    static func style(_ sheet: StaticString, nonce: String) -> HTML {
        HTML(markup: "\(opening("style", [.nonce(nonce)]))\(sheet)</style>")
    }

    static func document(head: HTML, body: HTML) -> HTML {
        let (head, body) = ("<head>\(head.markup)</head>", "<body>\(body.markup)</body>")
        return HTML(markup: "<!doctype html>\n<html lang=\"en\">\n\(head)\n\(body)\n</html>\n")
    }

    fileprivate static func joined(_ parts: [HTML]) -> HTML {
        HTML(markup: parts.map(\.markup).joined())
    }

    private static func opening(_ name: StaticString, _ attributes: [HTMLAttribute]) -> String {
        "<\(name)\(attributes.map { " \($0.name)=\"\(escaped($0.value))\"" }.joined())>"
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case "`": escaped += "&#96;"
            case "\n", "\t": escaped.unicodeScalars.append(scalar)
            default: escaped.unicodeScalars.append(isHarmless(scalar) ? scalar : "\u{FFFD}")
            }
        }
        return escaped
    }

    /// Control characters and changes of direction have no place in a page that says whom to trust.
    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xE0000...0xE007F: false
        default: scalar.properties.generalCategory != .control
        }
    }
}

/// An attribute of an element; the value is escaped when it is written.
struct HTMLAttribute: Sendable, Hashable {
    let name: String
    let value: String

    init(_ name: StaticString, _ value: String) {
        self.name = name.description
        self.value = value
    }

    static func `class`(_ names: StaticString) -> HTMLAttribute { HTMLAttribute("class", names.description) }
    static func id(_ name: StaticString) -> HTMLAttribute { HTMLAttribute("id", name.description) }
    static func nonce(_ value: String) -> HTMLAttribute { HTMLAttribute("nonce", value) }

    /// A link; an address that a browser could run instead of opening becomes no link at all.
    static func href(_ url: String) -> HTMLAttribute? {
        RedirectURIRules.isSafeLink(url) ? HTMLAttribute("href", url) : nil
    }
}

@resultBuilder
enum HTMLBuilder {
    static func buildExpression(_ html: HTML) -> HTML { html }
    static func buildExpression(_ text: String) -> HTML { HTML(text) }
    static func buildBlock(_ parts: HTML...) -> HTML { .joined(parts) }
    static func buildOptional(_ part: HTML?) -> HTML { part ?? .empty }
    static func buildEither(first: HTML) -> HTML { first }
    static func buildEither(second: HTML) -> HTML { second }
    static func buildArray(_ parts: [HTML]) -> HTML { .joined(parts) }
}
