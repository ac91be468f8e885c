// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

/// Tools that take time and report meanwhile.
enum RunningTools {
    static var all: [Tool] {
        [logging, levels, progress, reconnection, slow, hang, flood]
    }

    private static let logging = Tool.running(
        "test_tool_with_logging", "Sends three log messages, then answers."
    ) { _, peer in
        await peer.log(.info, "Tool execution started")
        try await Task.sleep(for: .milliseconds(50))
        await peer.log(.info, "Tool processing data")
        try await Task.sleep(for: .milliseconds(50))
        await peer.log(.info, "Tool execution completed")
        return ToolResult(text: "Tool with logging executed successfully")
    }

    private static let levels = Tool.running(
        "log_levels", "Sends one log message of every level that the session asked for, then answers."
    ) { _, peer in
        for level in LogLevel.allCases { await peer.log(level, "A message of level \(level.rawValue)") }
        return ToolResult(text: "Logged")
    }

    private static let progress = Tool.running(
        "test_tool_with_progress", "Reports progress 0, 50 and 100 of 100, then answers."
    ) { call, peer in
        guard let token = call.progressToken else { return ToolResult(text: "No progress token was given") }
        for step in [0, 50, 100] {
            if step > 0 { try await Task.sleep(for: .milliseconds(50)) }
            await peer.progress(token, step, of: 100, "Completed step \(step) of 100")
        }
        return ToolResult(text: String(buffer: token.bytes))
    }

    private static let reconnection = Tool.running(
        "test_reconnection", "Closes the stream before the answer, which waits for the client to come back."
    ) { _, peer in
        if peer.session.revision.hasPolling {
            await peer.outlet.breakOff()
            try await Task.sleep(for: .milliseconds(100))
        }
        return ToolResult(text: "Reconnection test completed successfully")
    }

    private static let slow = Tool.running(
        "slow", "Answers after the given time, unless it is cancelled.",
        input: Schema.object(
            ["milliseconds": Schema.integer("How long it takes.", in: 0...3_600_000)], required: ["milliseconds"])
    ) { call, _ in
        let milliseconds = try call.integer("milliseconds", in: 0...3_600_000)
        try await Task.sleep(for: .milliseconds(milliseconds))
        return ToolResult(text: "Slept for \(milliseconds) ms")
    }

    private static let hang = Tool.running("hang", "Never answers.") { _, _ in
        while true { try await Task.sleep(for: .seconds(86_400)) }
    }

    private static let flood = Tool.running(
        "flood", "Sends the given number of log messages as fast as they are read, then answers.",
        input: Schema.object(
            ["count": Schema.integer("How many messages.", in: 0...1_000_000)], required: ["count"])
    ) { call, peer in
        let count = try call.integer("count", in: 0...1_000_000)
        for number in 0..<count {
            try Task.checkCancellation()
            await peer.log(.info, "Message \(number) of \(count)")
        }
        return ToolResult(text: "Sent \(count) messages")
    }
}
