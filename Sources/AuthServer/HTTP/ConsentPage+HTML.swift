// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension ConsentPage {
    /// The page that asks a person whether a client may act for them.
    ///
    /// It says who asks, how much that name is worth, where the answer goes, what is asked for and where they will sign
    /// in; both answers look alike.
    func html(nonce: String) -> HTML {
        let name = ClientNameCleaning.clean(clientName)
        let server = ClientNameCleaning.clean(serverName)
        return PageLayout(title: "Allow access to \(server)?", nonce: nonce, serverName: server).html {
            HTML.tag("h1") {
                "Allow "
                HTML.tag("bdi") { "“\(name)”" }
                " to act for you?"
            }
            identity
            HTML.tag("div", .class("facts")) {
                destination
                access
                if !upstreams.isEmpty { logins }
            }
            form
            HTML.tag("p", .class("fine")) {
                "Deny if you did not just start this yourself, or if anything here surprises you."
            }
        }
    }

    @HTMLBuilder private var identity: HTML {
        switch client {
        case .verifiedHost(let host):
            HTML.tag("p", .class("badge good")) {
                PageIcon.check.html
                HTML.tag("span") {
                    "Verified: this application is published by "
                    HTML.tag("strong") { host }
                    "."
                }
            }
        case .unverified:
            HTML.tag("p", .class("badge warn")) {
                PageIcon.warning.html
                HTML.tag("span") {
                    "This application is "
                    HTML.tag("strong") { "unverified" }
                    ". It chose this name itself, and anyone could have chosen it."
                }
            }
        case .configured:
            HTML.tag("p", .class("badge good")) {
                PageIcon.check.html
                HTML.tag("span") { "Set up by the people who run this server." }
            }
        }
    }

    @HTMLBuilder private var destination: HTML {
        HTML.tag("section") {
            HTML.tag("h2") { "Your answer goes to" }
            switch target {
            case .host(let host):
                HTML.tag("p", .class("value")) { host }
            case .loopback(let port):
                HTML.tag("p", .class("value")) {
                    "An application on this computer"
                    if let port { " (port \(port))" }
                }
                alert(
                    "Any program on this computer could be listening there. Approve only if you just started this."
                )
            case .scheme(let scheme):
                HTML.tag("p", .class("value")) {
                    "The application that opens "
                    HTML.tag("code") { "\(scheme):" }
                    " links"
                }
                alert(
                    "Any program on this computer could have claimed these links. Approve only if you just started this."
                )
            }
        }
    }

    private func alert(_ text: String) -> HTML {
        HTML.tag("div", .class("alert"), HTMLAttribute("role", "note")) {
            PageIcon.warning.html
            HTML.tag("span") { text }
        }
    }

    @HTMLBuilder private var access: HTML {
        HTML.tag("section") {
            HTML.tag("h2") { "It will have access to" }
            HTML.tag("p", .class("value")) { resource }
        }
        if !scopes.isEmpty {
            HTML.tag("section") {
                HTML.tag("h2") { "It will be able to" }
                HTML.tag("ul", .class("scopes")) {
                    for scope in scopes {
                        HTML.tag("li") {
                            PageIcon.dot.html
                            if let meaning = Self.meaning(of: scope) {
                                HTML.tag("span") { meaning }
                                HTML.tag("code", .class("note")) { scope }
                            } else {
                                HTML.tag("span") {
                                    "Use "
                                    HTML.tag("code") { scope }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// OpenID Connect Core §5.4 and §11, in a person's words.
    private static func meaning(of scope: String) -> String? {
        switch scope {
        case "openid": "Know which account is yours"
        case "profile": "See your name"
        case "email": "See your email address"
        case "offline_access": "Stay connected while you are away"
        default: nil
        }
    }

    @HTMLBuilder private var logins: HTML {
        HTML.tag("section") {
            HTML.tag("h2") {
                upstreams.count == 1 ? "You will sign in at" : "You will sign in, one after the other, at"
            }
            HTML.tag("ul", .class("logins")) {
                for upstream in upstreams {
                    HTML.tag("li") {
                        HTML.tag("p", .class("value")) { upstream.host }
                        HTML.tag("p", .class("note")) {
                            HTML.tag("bdi") { upstream.name }
                            if upstream.isOptional { " (optional)" }
                            if !upstream.scopes.isEmpty { ", with permission for" }
                        }
                        if !upstream.scopes.isEmpty {
                            HTML.tag("ul", .class("chips")) {
                                for scope in upstream.scopes { HTML.tag("li") { HTML.tag("code") { scope } } }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The target is relative, so that it also works below a path that a proxy adds.
    private var form: HTML {
        HTML.tag("form", HTMLAttribute("method", "post"), HTMLAttribute("action", "consent")) {
            HTML.void(
                "input", HTMLAttribute("type", "hidden"), HTMLAttribute("name", "txn"), HTMLAttribute("value", txn))
            HTML.void(
                "input", HTMLAttribute("type", "hidden"), HTMLAttribute("name", "csrf"), HTMLAttribute("value", csrf))
            HTML.tag("div", .class("actions")) {
                Self.button("deny", "Deny", .cross)
                Self.button("approve", "Approve", .check)
            }
        }
    }

    private static func button(_ decision: String, _ label: String, _ icon: PageIcon) -> HTML {
        HTML.tag(
            "button", HTMLAttribute("type", "submit"), HTMLAttribute("name", "decision"),
            HTMLAttribute("value", decision)
        ) {
            icon.html
            HTML.tag("span") { label }
        }
    }
}
