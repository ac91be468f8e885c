// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Synchronization

extension Offer {
    /// A library in memory.
    static var library: Offer {
        let shelf = Shelf([
            "Middlemarch": "George Eliot, 1871. A town and its people.",
            "The Left Hand of Darkness": "Ursula K. Le Guin, 1969. An envoy on a planet of winter.",
            "Flatland": "Edwin A. Abbott, 1884. A square meets a sphere.",
        ])
        let loans = Loans()
        return Offer(
            name: "library", title: "Library", instructions: "Knows a few good books and lends them.",
            tools: [
                .answering("book_list", "Lists the titles of all books.", title: "List books") { _ in
                    ToolResult(text: shelf.titles.joined(separator: "\n"))
                },
                .answering("borrow", "Borrows a book.", .changing, title: "Borrow a book", input: title) { call in
                    let title = try call.string("title")
                    guard shelf[title] != nil else { throw ToolFailure("There is no book \"\(title)\".") }
                    guard loans.borrow(title) else { throw ToolFailure("\"\(title)\" is lent already.") }
                    return ToolResult(text: "Enjoy \(title)!")
                },
                .answering("give_back", "Gives a book back.", .changing, title: "Give a book back", input: title) {
                    call in
                    let title = try call.string("title")
                    guard loans.giveBack(title) else { throw ToolFailure("\"\(title)\" was not lent.") }
                    return ToolResult(text: "Thank you for \(title).")
                },
                shelf.search("books"), shelf.describe("book"),
            ],
            resources: [
                .text("library://shelf", name: "The shelf", description: "Every book and what it is about") {
                    shelf.listing
                }
            ],
            templates: [shelf.template("library://book/", name: "A book")],
            prompts: [
                Prompt("recommend_book", "Recommend a book from the shelf") { _ in
                    [Prompt.user(Content.text("Recommend one of these books:\n\(shelf.listing)"))]
                }
            ])
    }

    private static var title: JSONValue {
        Schema.object(["title": Schema.string("Title of the book.")], required: ["title"])
    }
}

/// Which books are out.
private final class Loans: Sendable {
    private let titles = Mutex<Set<String>>([])

    func borrow(_ title: String) -> Bool { titles.withLock { $0.insert(title).inserted } }
    func giveBack(_ title: String) -> Bool { titles.withLock { $0.remove(title) != nil } }
}
