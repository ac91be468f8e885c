// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The frame of all pages: one card, readable on a telephone, without a script or anything fetched.
struct PageLayout {
    let title: String
    let nonce: String
    /// Whom the page is from; empty when that does not help.
    let serverName: String

    func html(@HTMLBuilder card: () -> HTML) -> HTML {
        let content = card()
        return HTML.document(
            head: head,
            body: HTML.tag("main") {
                if !serverName.isEmpty {
                    HTML.tag("p", .class("brand")) {
                        HTML.tag("span", .class("mark")) { PageIcon.key.html }
                        HTML.tag("bdi") { serverName }
                    }
                }
                content
            })
    }

    @HTMLBuilder private var head: HTML {
        HTML.void("meta", HTMLAttribute("charset", "utf-8"))
        HTML.void(
            "meta", HTMLAttribute("name", "viewport"), HTMLAttribute("content", "width=device-width, initial-scale=1"))
        HTML.void("meta", HTMLAttribute("name", "color-scheme"), HTMLAttribute("content", "light dark"))
        HTML.void("meta", HTMLAttribute("name", "robots"), HTMLAttribute("content", "noindex, nofollow"))
        HTML.tag("title") { title }
        HTML.style(PageStyle.sheet, nonce: nonce)
    }
}
