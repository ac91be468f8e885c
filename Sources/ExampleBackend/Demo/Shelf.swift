// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Synchronization

/// Titled texts in memory, and the tools that all demonstration servers share.
///
/// The shared names are on purpose: a gateway in front of several of these servers has to resolve the clash.
final class Shelf: Sendable {
    private static let limit = 1_000

    private let texts: Mutex<[String: String]>

    init(_ texts: [String: String]) {
        self.texts = Mutex(texts)
    }

    /// Every entry in the order of the titles.
    var entries: [(title: String, text: String)] {
        texts.withLock { texts in texts.map { (title: $0.key, text: $0.value) } }.sorted { $0.title < $1.title }
    }

    var titles: [String] { entries.map(\.title) }
    var listing: String { entries.map { "\($0.title): \($0.text)" }.joined(separator: "\n") }

    subscript(title: String) -> String? { texts.withLock { $0[title] } }

    func put(_ title: String, _ text: String) throws {
        try texts.withLock { texts in
            guard texts[title] != nil || texts.count < Self.limit else { throw ToolFailure("There is no more room.") }
            texts[title] = text
        }
    }

    func remove(_ title: String) -> Bool { texts.withLock { $0.removeValue(forKey: title) != nil } }

    func search(_ things: String) -> Tool {
        .answering(
            "search", "Searches the \(things) for words.", title: "Search \(things)",
            input: Schema.object(["query": Schema.string("Words to look for.")], required: ["query"])
        ) { [self] call in
            let words = try call.string("query").lowercased().split(separator: " ")
            let found = entries.filter { entry in
                let text = "\(entry.title) \(entry.text)".lowercased()
                return words.allSatisfy { text.contains($0) }
            }
            let lines = found.map { "\($0.title): \($0.text)" }
            return ToolResult(text: lines.isEmpty ? "Nothing found." : lines.joined(separator: "\n"))
        }
    }

    func describe(_ thing: String) -> Tool {
        .answering(
            "describe", "Tells everything about one \(thing).", title: "Describe a \(thing)",
            input: Schema.object(["title": Schema.string("Title of the \(thing).")], required: ["title"]),
            output: Schema.object(
                ["title": Schema.string("The title."), "text": Schema.string("What is known.")],
                required: ["title", "text"])
        ) { [self] call in
            let title = try call.string("title")
            guard let text = self[title] else { throw ToolFailure("There is no \(thing) \"\(title)\".") }
            return ToolResult(
                [Content.text("\(title): \(text)")], structured: ["title": .string(title), "text": .string(text)])
        }
    }

    func template(_ prefix: String, name: String) -> ResourceTemplate {
        ResourceTemplate(
            prefix: prefix, variable: "title", name: name, description: "By its title, percent-encoded",
            type: "text/plain",
            complete: { [self] start in titles.filter { $0.hasPrefix(start) } },
            read: { [self] uri, title in
                self[title].map { [Content.contents(uri, text: $0, type: "text/plain")] }
            })
    }
}
