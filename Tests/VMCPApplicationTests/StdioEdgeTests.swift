// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import TestSupport
import Testing

/// §2.5: the gateway as a server on standard input and output.
@Suite struct StdioEdgeTests {
    @Test("ST-01: one message a line, and nothing else", .timeLimit(.minutes(5)))
    func lines() async throws {
        try await RunningGateway.runStdio { client in
            try await client.open()
            try await client.send(MCPTestClient.call(2, "one_echo", ["text": "two\nlines\r\nand \u{2028} more"]))
            let message = try await client.answer(to: "2")
            #expect(message["result"]?.firstText == "two\nlines\r\nand \u{2028} more")
            try await client.send(MCPTestClient.request("3", "tools/list"))
            #expect(try await client.answer(to: #""3""#)["result"]?["tools"]?.kind == .array)
            // Each line that came was one message, or reading would have failed.
            try await client.finish()
        }
    }

    @Test("2.5: ping is answered before initialize, and nothing else is", .timeLimit(.minutes(5)))
    func beforeInitialize() async throws {
        try await RunningGateway.runStdio { client in
            try await client.send(MCPTestClient.request(1, "ping"))
            #expect(try await client.answer(to: "1")["result"]?.description == "{}")
            try await client.send(MCPTestClient.request(2, "tools/list"))
            #expect(try await client.answer(to: "2")["error"]?["code"]?.int == -32600)
            try await client.send(MCPTestClient.notification("notifications/initialized"))
            try await client.open()
            try await client.send(MCPTestClient.initialize("2025-11-25", id: 9))
            #expect(try await client.answer(to: "9")["error"]?["code"]?.int == -32600)
            try await client.finish()
        }
    }

    @Test("The answer to initialize comes before anything else", .timeLimit(.minutes(5)))
    func answerFirst() async throws {
        try await RunningGateway.runStdio { client in
            try await client.send(MCPTestClient.initialize("2025-11-25", id: 1))
            let first = try await client.next()
            #expect(first["id"]?.int == 1, "\(first)")
            try await client.finish()
        }
    }

    @Test(
        "LC-01, LC-02: the revision is negotiated as over HTTP", .timeLimit(.minutes(5)),
        arguments: [
            ("2025-03-26", "2025-03-26"), ("2024-11-05", "2024-11-05"), ("2026-07-28", "2025-11-25"),
        ])
    func negotiation(_ proposed: String, _ agreed: String) async throws {
        try await RunningGateway.runStdio { client in
            try await client.send(MCPTestClient.initialize(proposed, id: 1))
            #expect(try await client.answer(to: "1")["result"]?["protocolVersion"]?.string == agreed)
            try await client.finish()
        }
    }

    @Test(
        "BP-03, BP-04, BP-05: what is no message is answered without an id, and the next one is served",
        .timeLimit(.minutes(5)),
        arguments: [
            ("{", -32700), ("hello", -32700), ("5", -32600), (#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600),
            ("[]", -32600), (#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600),
        ])
    func malformed(_ line: String, _ code: Int) async throws {
        try await RunningGateway.runStdio { client in
            try await client.open()
            try await client.send(line)
            let message = try await client.response()
            #expect(message["error"]?["code"]?.int == code)
            #expect(message["id"] == nil)
            try await client.send(MCPTestClient.request(7, "ping"))
            #expect(try await client.answer(to: "7")["result"]?.description == "{}")
            try await client.finish()
        }
    }

    @Test("An empty line is nothing, and CRLF ends a line too", .timeLimit(.minutes(5)))
    func lineEnds() async throws {
        try await RunningGateway.runStdio { client in
            try await client.open()
            try await client.send("")
            try await client.send(MCPTestClient.request(1, "ping") + "\r")
            #expect(try await client.response()["id"]?.int == 1)
            try await client.finish()
        }
    }

    @Test("HL-20: a batch of a 2025-03-26 session is answered by one line", .timeLimit(.minutes(5)))
    func batch() async throws {
        try await RunningGateway.runStdio { client in
            try await client.open("2025-03-26")
            try await client.send(
                "[" + MCPTestClient.request(1, "ping") + "," + MCPTestClient.call(2, "one_echo", ["text": "x"]) + "]")
            let array = try await client.response()
            #expect(Set(array.elements.compactMap { $0["id"]?.int }) == [1, 2])
            try await client.finish()
        }
    }

    @Test("ST-04: an unknown revision is refused with what is served, and the session lives", .timeLimit(.minutes(5)))
    func modern() async throws {
        try await RunningGateway.runStdio { client in
            let modern = MCPTestClient.request(
                5, "tools/list",
                [
                    "_meta": [
                        "io.modelcontextprotocol/protocolVersion": "v999.0.0",
                        "io.modelcontextprotocol/clientCapabilities": [:],
                    ]
                ])
            try await client.send(modern)
            #expect(try await client.answer(to: "5")["error"]?["code"]?.int == -32022)
            try await client.open()
            try await client.send(modern)
            #expect(try await client.answer(to: "5")["error"]?["data"]?["requested"]?.string == "v999.0.0")
            try await client.send(MCPTestClient.request(6, "ping"))
            #expect(try await client.answer(to: "6")["result"] != nil)
            try await client.finish()
        }
    }

    @Test("Progress, log messages, questions and their answers take the same line", .timeLimit(.minutes(5)))
    func bothWays() async throws {
        try await RunningGateway.runStdio { client in
            try await client.open("2025-11-25", ["elicitation": [:]])
            try await client.send(MCPTestClient.call(2, "one_test_tool_with_progress", meta: ["progressToken": "p"]))
            var steps: [Int] = []
            while true {
                let message = try await client.next()
                if message["id"]?.int == 2 { break }
                if let step = message["params"]?["progress"]?.int { steps.append(step) }
            }
            #expect(steps == [0, 50, 100])
            try await client.send(MCPTestClient.call(3, "one_test_elicitation", ["message": "?"]))
            while true {
                let message = try await client.next()
                if message["method"]?.string == "elicitation/create" {
                    try await client.send(try MCPTestClient.answer(message, ["action": "decline"]))
                } else if message["id"]?.int == 3 {
                    #expect(message["result"]?.firstText == "User response: action=decline, content={}")
                    break
                }
            }
            try await client.finish()
        }
    }

    @Test("4.5: a cancelled request is not answered", .timeLimit(.minutes(5)))
    func cancel() async throws {
        try await RunningGateway.runStdio { client in
            try await client.open()
            try await client.send(MCPTestClient.call(2, "one_hang"))
            try await client.send(MCPTestClient.notification("notifications/cancelled", ["requestId": 2]))
            try await client.send(MCPTestClient.request(3, "ping"))
            #expect(try await client.response()["id"]?.int == 3)
            // The id is free again.
            try await client.send(MCPTestClient.call(2, "one_echo", ["text": "again"]))
            #expect(try await client.answer(to: "2")["result"]?.firstText == "again")
            try await client.finish()
        }
    }

    @Test("BP-13: an id that is in flight is refused", .timeLimit(.minutes(5)))
    func duplicateID() async throws {
        try await RunningGateway.runStdio { client in
            try await client.open()
            try await client.send(MCPTestClient.call(2, "one_slow", ["milliseconds": 300]))
            try await client.send(MCPTestClient.request(2, "ping"))
            #expect(try await client.response()["error"]?["code"]?.int == -32600)
            #expect(try await client.answer(to: "2")["result"]?.firstText == "Slept for 300 ms")
            try await client.finish()
        }
    }

    @Test("4.7: list changes are announced without being asked for", .timeLimit(.minutes(5)))
    func listChanged() async throws {
        try await RunningGateway.runStdio { client in
            try await client.open()
            try await client.send(MCPTestClient.call(2, "one_add_tool", ["name": "fresh"]))
            var methods: [String] = []
            while !methods.contains("notifications/tools/list_changed") {
                if let method = try await client.next()["method"]?.string { methods.append(method) }
            }
            try await client.finish()
        }
    }

    @Test(
        "ST-03: the end of input ends the session and the run, whatever runs", .timeLimit(.minutes(5)),
        arguments: [true, false])
    func endOfInput(_ isBusy: Bool) async throws {
        try await RunningGateway.runStdio { client in
            try await client.open()
            if isBusy { try await client.send(MCPTestClient.call(2, "one_hang")) }
            try await client.finish()
        }
    }

    @Test("SE-04: a line that is too long is refused, and the next one is served", .timeLimit(.minutes(5)))
    func longLine() async throws {
        try await RunningGateway.runStdio(.limits("maxRequestBodyBytes: 2048")) { client in
            try await client.open()
            try await client.send(MCPTestClient.request(1, "ping") + String(repeating: " ", count: 5000))
            #expect(try await client.response()["error"]?["code"]?.int == -32600)
            try await client.send(MCPTestClient.request(2, "ping"))
            #expect(try await client.answer(to: "2")["result"] != nil)
            try await client.finish()
        }
    }
}
