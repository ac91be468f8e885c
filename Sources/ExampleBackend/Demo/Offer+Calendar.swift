// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

extension Offer {
    /// A calendar in memory; its days are names, so that it needs no clock.
    static var calendar: Offer {
        let shelf = Shelf([
            "Stand-up": "Monday 09:30, with the whole team.",
            "Dentist": "Tuesday 15:00, bring the form.",
            "Concert": "Friday 20:00, the tickets are in the mail.",
        ])
        return Offer(
            name: "calendar", title: "Calendar", instructions: "Knows what happens this week.",
            tools: [
                .answering(
                    "event_add", "Adds an event, or moves the one with the same title.", .changing, title: "Add event",
                    input: Schema.object(
                        ["title": Schema.string("Title of the event."), "when": Schema.string("Day and time.")],
                        required: ["title", "when"])
                ) { call in
                    let title = try call.string("title")
                    try shelf.put(title, try call.string("when"))
                    return ToolResult(text: "Planned: \(title)")
                },
                .answering(
                    "event_cancel", "Cancels an event.", .destructive, title: "Cancel event",
                    input: Schema.object(["title": Schema.string("Title of the event.")], required: ["title"])
                ) { call in
                    let title = try call.string("title")
                    guard shelf.remove(title) else { throw ToolFailure("There is no event \"\(title)\".") }
                    return ToolResult(text: "Cancelled: \(title)")
                },
                .answering(
                    "today", "What happens on a day of this week.",
                    input: Schema.object(["day": Schema.string("Name of the day; Monday when left out.")])
                ) { call in
                    let day = call.arguments?["day"]?.string ?? "Monday"
                    let found = shelf.entries.filter { $0.text.hasPrefix(day) }.map { "\($0.title): \($0.text)" }
                    return ToolResult(text: found.isEmpty ? "Nothing on \(day)." : found.joined(separator: "\n"))
                },
                shelf.search("events"), shelf.describe("event"),
            ],
            resources: [
                .text("calendar://week", name: "This week", description: "Every event of the week") { shelf.listing }
            ],
            templates: [shelf.template("calendar://event/", name: "An event")],
            prompts: [
                Prompt("plan_day", "Plan a day around its events") { _ in
                    [Prompt.user(Content.text("Plan my day around these events:\n\(shelf.listing)"))]
                }
            ])
    }
}
