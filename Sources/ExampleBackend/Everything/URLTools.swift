// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

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
            of: "elicitation/create",
            [
                "mode": "url", "message": "Please sign in to continue.", "elicitationId": .string(id),
                "url": .string("https://example.com/sign-in?elicitation=\(id)"),
            ])
        let action = answer["action"]?.string ?? "none"
        if action == "accept" {
            await peer.notify("notifications/elicitation/complete", ["elicitationId": .string(id)])
        }
        return ToolResult(text: "action=\(action)")
    }

    private static let required = Tool(
        "url_required", "Refuses with the error that names a web page to visit first.", .changing,
        input: Schema.object(["done": Schema.boolean("The page was visited; answer this time.")]),
        handler: .answering { call in
            if call.arguments?["done"]?.bool == true {
                return .result(ToolResult(text: "Thank you").value(for: call.session.revision))
            }
            let id = RandomID.make()
            let elicitation: JSONValue = [
                "mode": "url", "elicitationId": .string(id), "message": "Please sign in first.",
                "url": .string("https://example.com/sign-in?elicitation=\(id)"),
            ]
            throw RPCError(
                code: -32042, message: "URL elicitation required", data: ["elicitations": [elicitation]])
        })
}
