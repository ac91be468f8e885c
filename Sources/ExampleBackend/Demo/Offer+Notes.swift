// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

extension Offer {
    /// A notebook in memory.
    static var notes: Offer {
        let shelf = Shelf([
            "Shopping": "Oat milk, two lemons, a notebook.",
            "Ideas": "Write a bot that waters the plants when it rains somewhere else.",
        ])
        return Offer(
            name: "notes", title: "Notes", instructions: "Keeps short notes. Search before you add a new one.",
            tools: [
                .answering(
                    "note_add", "Adds a note, or replaces the one with the same title.", .changing, title: "Add note",
                    input: Schema.object(
                        ["title": Schema.string("Title of the note."), "text": Schema.string("What it says.")],
                        required: ["title", "text"])
                ) { call in
                    let title = try call.string("title")
                    try shelf.put(title, try call.string("text"))
                    return ToolResult(text: "Noted: \(title)")
                },
                .answering(
                    "note_delete", "Deletes a note.", .destructive, title: "Delete note",
                    input: Schema.object(["title": Schema.string("Title of the note.")], required: ["title"])
                ) { call in
                    let title = try call.string("title")
                    guard shelf.remove(title) else { throw ToolFailure("There is no note \"\(title)\".") }
                    return ToolResult(text: "Deleted: \(title)")
                },
                .answering("note_list", "Lists the titles of all notes.", title: "List notes") { _ in
                    ToolResult(text: shelf.titles.joined(separator: "\n"))
                },
                shelf.search("notes"), shelf.describe("note"),
            ],
            resources: [
                .text("notes://index", name: "All notes", description: "Every note with its text") { shelf.listing }
            ],
            templates: [shelf.template("notes://note/", name: "A note")],
            prompts: [
                Prompt(
                    "summarize_notes", "Summarize what the notes say about a subject",
                    arguments: [Prompt.Argument(name: "subject", description: "The subject", isRequired: false)]
                ) { arguments in
                    let subject = arguments["subject"].map { " about \($0)" } ?? ""
                    return [Prompt.user(Content.text("Summarize these notes\(subject):\n\(shelf.listing)"))]
                }
            ])
    }
}
