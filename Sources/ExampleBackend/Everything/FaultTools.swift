// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

/// Tools that misbehave, for tests of whoever stands in front of this server.
enum FaultTools {
    static var all: [Tool] {
        [
            Tool(
                "crash", "Ends the server process at once.", .destructive,
                handler: .answering { call in
                    call.server.terminate(3)
                    return .silence
                }),
            .running("garbage", "Sends something that is not JSON, then answers.") { _, peer in
                await peer.outlet.send(ByteBuffer(string: "Welcome to the example backend! *** not JSON ***"))
                return ToolResult(text: "Sorry about that")
            },
            badFrame, status,
        ]
    }

    private static let badFrame = Tool(
        "bad_frame", "Answers in a way that breaks the protocol.",
        input: Schema.object(
            ["kind": Schema.string("What is wrong with the answer.", oneOf: Lie.allCases.map(\.rawValue))],
            required: ["kind"]),
        handler: .answering { call in
            let name = try call.string("kind")
            guard let lie = Lie(rawValue: name) else { throw ToolFailure("Unknown kind \(name).") }
            return Reply(payload: .lie(lie))
        })

    private static let status = Tool(
        "http_status", "Answers with an HTTP status and a plain text instead of a message.",
        input: Schema.object(
            [
                "status": Schema.integer("The status.", in: 200...599),
                "body": Schema.string("The text."),
            ], required: ["status"]),
        handler: .answering { call in
            guard call.origin.headers != nil else { throw ToolFailure("There is no status over stdio.") }
            let status = try call.integer("status", in: 200...599)
            return Reply(payload: .status(status, body: call.arguments?["body"]?.string ?? "status \(status)"))
        })
}
