// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// Tools of the conformance suite's part for requests without a session.
enum ModernTools {
    static var all: [Tool] { [missingCapability, streamingElicitation, logging] }

    private static let missingCapability = Tool.running(
        "test_missing_capability", "Cannot be called without the capability sampling."
    ) { _, peer in
        try peer.require("sampling")
        return ToolResult(text: "The capability is there")
    }

    private static let streamingElicitation = Tool.running(
        "test_streaming_elicitation", "Reports what it does, then asks for a name; over HTTP all in one stream.",
        .changing
    ) { call, peer in
        try peer.requireForm()
        if case .rounds(let round) = peer.asking { round.stream() }
        await peer.log(.info, "About to ask")
        if let token = call.progressToken { await peer.progress(token, 1, of: 2, "About to ask") }
        let name = try await InputRequiredTools.name(peer, "user_name", "What is your name?")
        if let token = call.progressToken { await peer.progress(token, 2, of: 2, "Was told") }
        return ToolResult(text: "Hello, \(name)!")
    }

    private static let logging = Tool.running(
        "test_logging_tool", "Logs at four levels to a client that wants to hear of them, then answers."
    ) { _, peer in
        for level in [LogLevel.debug, .info, .warning, .error] {
            await peer.log(level, "A message of level \(level.rawValue)")
        }
        return ToolResult(text: "Logging done")
    }
}
