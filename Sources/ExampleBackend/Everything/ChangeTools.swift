// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

/// Tools that change the lists or a resource and tell every session.
enum ChangeTools {
    static func all(_ watched: WatchedResource) -> [Tool] {
        [
            announcing("test_trigger_tool_change", "Says that the tools changed.", "tools") { _ in "Announced" },
            announcing("test_trigger_prompt_change", "Says that the prompts changed.", "prompts") { _ in "Announced" },
            adding("tool", "tools") { call, name in
                call.server.catalogue.add(
                    Tool.answering(name, "Was added while the server ran.") { _ in
                        ToolResult(text: "\(name) was called")
                    })
            },
            removing("tool", "tools") { $0.server.catalogue.removeTool($1) },
            adding("prompt", "prompts") { call, name in
                call.server.catalogue.add(
                    Prompt(name, "Was added while the server ran.") { _ in
                        [Prompt.user(Content.text("This is \(name)."))]
                    })
            },
            removing("prompt", "prompts") { $0.server.catalogue.removePrompt($1) },
            adding("resource", "resources") { call, name in
                call.server.catalogue.add(
                    Resource.text(
                        "test://added/\(name)", name: name, description: "Was added while the server ran."
                    ) { "This is \(name)." })
            },
            removing("resource", "resources") { $0.server.catalogue.removeResource("test://added/\($1)") },
            .running("touch_watched", "Changes test://watched-resource and tells its subscribers.", .changing) {
                call, _ in
                let version = watched.touch()
                await call.server.touch(WatchedResource.uri)
                return ToolResult(text: "Version \(version)")
            },
        ]
    }

    /// A tool that says afterwards that a list changed.
    private static func announcing(
        _ name: String, _ description: String, _ list: String, input: JSONValue = Schema.object(),
        _ change: @escaping @Sendable (Call) throws -> String
    ) -> Tool {
        .running(name, description, .changing, input: input) { call, _ in
            let text = try change(call)
            await call.server.announce(list: list)
            return ToolResult(text: text)
        }
    }

    private static func input(_ kind: String) -> JSONValue {
        Schema.object(["name": Schema.string("Name of the \(kind).")], required: ["name"])
    }

    private static func adding(
        _ kind: String, _ list: String, _ add: @escaping @Sendable (Call, String) -> Bool
    ) -> Tool {
        announcing("add_\(kind)", "Adds a \(kind) and says so to every session.", list, input: input(kind)) { call in
            let name = try call.string("name")
            guard add(call, name) else { throw ToolFailure("The \(kind) \(name) cannot be added: taken or too many.") }
            return "Added \(name)"
        }
    }

    private static func removing(
        _ kind: String, _ list: String, _ remove: @escaping @Sendable (Call, String) -> Bool
    ) -> Tool {
        announcing("remove_\(kind)", "Removes a \(kind) and says so to every session.", list, input: input(kind)) {
            call in
            let name = try call.string("name")
            guard remove(call, name) else { throw ToolFailure("There is no \(kind) \(name).") }
            return "Removed \(name)"
        }
    }
}
