// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension ErrorPage {
    /// The page that says what went wrong; nothing in it comes from a request but the link, whose address was checked.
    ///
    /// - Parameter detail: what the person can tell whoever runs the client or the server.
    func html(serverName: String, nonce: String, detail: (code: String, text: String)? = nil) -> HTML {
        let server = serverName.isEmpty ? "" : ClientNameCleaning.clean(serverName)
        return PageLayout(title: title.description, nonce: nonce, serverName: server).html {
            HTML.tag("h1") { title.description }
            HTML.tag("p", .class("lead")) { explanation.description }
            HTML.tag("p", .class("lead note")) { advice.description }
            if let link { Self.html(link) }
            if let detail {
                HTML.tag("div", .class("detail")) {
                    HTML.tag("p") {
                        "Error "
                        HTML.tag("code") { "\(status) \(detail.code)" }
                    }
                    HTML.tag("p") { "\(detail.text)." }
                }
            }
        }
    }

    @HTMLBuilder private static func html(_ link: (target: String, url: String)) -> HTML {
        HTML.tag("div", .class("facts")) {
            HTML.tag("section") {
                HTML.tag("h2") { "The application’s address is" }
                HTML.tag("p", .class("value")) { link.target }
                HTML.tag("div", .class("alert"), HTMLAttribute("role", "note")) {
                    PageIcon.warning.html
                    HTML.tag("span") { "This address has not been verified. Go there only if you know it." }
                }
            }
        }
        if let href = HTMLAttribute.href(link.url) {
            HTML.tag("div", .class("actions single")) {
                HTML.tag("a", .class("button"), href, HTMLAttribute("rel", "noreferrer noopener nofollow")) {
                    HTML.tag("span") { "Go to \(link.target)" }
                }
            }
        }
    }
}
