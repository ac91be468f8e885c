// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// Tools that send the user to a web page (MCP 2025-11-25, URL mode elicitation).
enum URLTools {
    static var all: [Tool] {
        [ask, required]
    }

    private static let ask = Tool.running(
        "ask_url", "Sends the user to a web page and tells when it is done.", .changing
    ) { _, peer in
        guard peer.session.revision >= .november2025 else {
            throw ToolFailure("URL mode elicitation needs revision 2025-11-25.")
        }
        try peer.require("elicitation", "url")
        let id = RandomID.make()
        let answer = try await peer.result(
            of: "elicitation/create", page(id, "Please sign in to continue.", peer.session.revision), key: "page")
        let action = answer["action"]?.string ?? "none"
        if action == "accept", !peer.session.revision.isModern {
            await peer.notify("notifications/elicitation/complete", ["elicitationId": .string(id)])
        }
        return ToolResult(text: "action=\(action)")
    }

    private static let required = Tool.running(
        "url_required", "Cannot answer before a web page was visited: an error that names it, or a question.",
        .changing, input: Schema.object(["done": Schema.boolean("The page was visited; answer this time.")])
    ) { call, peer in
        if call.arguments?["done"]?.bool == true { return ToolResult(text: "Thank you") }
        let revision = peer.session.revision
        let page = page(RandomID.make(), "Please sign in first.", revision)
        guard revision.isModern else {
            throw RPCError(
                code: -32042, message: "URL elicitation required", data: ["elicitations": [.object(page)]])
        }
        try peer.require("elicitation", "url")
        let answer = try await peer.result(of: "elicitation/create", page, key: "page")
        guard answer["action"]?.isString("accept") == true else { throw ToolFailure("The page was not visited.") }
        return ToolResult(text: "Thank you")
    }

    /// The parameters of a question for a web page; Modern ones have no id.
    private static func page(_ id: String, _ message: String, _ revision: Revision) -> JSONObject {
        var params: JSONObject = ["mode": "url", "message": .string(message)]
        if !revision.isModern { params["elicitationId"] = .string(id) }
        params["url"] = .string("https://example.com/sign-in?elicitation=\(id)")
        return params
    }
}
