// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AuthServer

@Suite struct HTMLTests {
    @Test(
        "Text cannot become markup, in elements or attributes",
        arguments: [
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"), ("</style>", "&lt;/style&gt;"),
            ("a&b", "a&amp;b"), ("&lt;", "&amp;lt;"), ("\" onmouseover=\"x", "&quot; onmouseover=&quot;x"),
            ("'`", "&#39;&#96;"),
            ("<!--", "&lt;!--"), ("]]>", "]]&gt;"), ("plain é 日本", "plain é 日本"), ("a\nb", "a\nb"),
        ])
    func escapes(text: String, expected: String) {
        #expect(HTML(text).markup == expected)
        #expect(HTML.tag("p") { text }.markup == "<p>\(expected)</p>")
        #expect(HTML.void("input", HTMLAttribute("value", text)).markup == "<input value=\"\(expected)\">")
    }

    @Test(
        "Control characters and changes of direction are shown as what they are: nothing readable",
        arguments: [
            "\u{0}", "\u{8}", "\u{1B}", "\u{7F}", "\u{85}", "\u{9B}", "\u{200B}", "\u{200E}", "\u{200F}", "\u{202A}",
            "\u{202E}", "\u{2066}", "\u{2069}", "\u{061C}", "\u{2028}", "\u{FEFF}", "\u{E0041}", "\r",
        ])
    func replaces(character: String) {
        #expect(HTML("a\(character)b").markup == "a\u{FFFD}b")
        #expect(HTML.void("input", HTMLAttribute("value", character)).markup == "<input value=\"\u{FFFD}\">")
    }

    @Test("A character and a mark that join into one are still looked at apart")
    func combining() {
        #expect(HTML("<\u{0338}script>").markup == "&lt;\u{0338}script&gt;")
        #expect(HTML("\"\u{0301}").markup == "&quot;\u{0301}")
    }

    @Test("Elements nest, repeat and can be left out")
    func builder() {
        let isShown = false
        let html = HTML.tag("ul", .class("x")) {
            for item in ["a", "<b>"] { HTML.tag("li") { item } }
            if isShown { "never" }
        }
        #expect(html.markup == #"<ul class="x"><li>a</li><li>&lt;b&gt;</li></ul>"#)
    }

    @Test("A link that a browser could run is no link")
    func links() {
        #expect(HTMLAttribute.href("javascript:alert(1)") == nil)
        #expect(
            HTMLAttribute.href("https://a.example/?a=1&b=\"") ?? .class("x")
                == HTMLAttribute("href", "https://a.example/?a=1&b=\""))
    }
}
