// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Logging
import NIOCore
import Testing

@testable import ExampleBackend

@Suite(.timeLimit(.minutes(5))) struct StdioEdgeTests {
    @Test func `A session over pipes: requests, a notification, the end`() async throws {
        let (_, rest) = try await withStdioBackend { client in
            try await client.open()
            try await client.send(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"# + "\n")
            try await client.send(HTTPClient.call(1, "echo", ["text": "é\u{2028}\u{85}\n"]) + "\r\n\n")
            #expect(try await client.message()["result"]?.text == "é\u{2028}\u{85}\n")
            try await client.send(HTTPClient.call(2, "whoami") + "\n")
            #expect(try await client.line().required().contains(#"\"revision\":\"2025-11-25\""#))
        }
        #expect(rest.isEmpty)
    }

    @Test func `Lines may come in pieces and several at a time`() async throws {
        _ = try await withStdioBackend { client in
            try await client.open()
            let request = HTTPClient.call(1, "echo", ["text": "x"])
            for byte in request.utf8 { try await client.send(String(decoding: [byte], as: UTF8.self)) }
            try await client.send("\n\(request)\n\(request)\n")
            for _ in 0..<3 { #expect(try await client.message()["result"]?.text == "x") }
        }
    }

    @Test func `Requests run at the same time and notifications cancel them`() async throws {
        _ = try await withStdioBackend { client in
            try await client.open()
            try await client.send(HTTPClient.call(1, "slow", ["milliseconds": 3_600_000]) + "\n")
            try await client.send(HTTPClient.call(2, "hang") + "\n")
            try await client.send(HTTPClient.call(3, "slow", ["milliseconds": 1]) + "\n")
            #expect(try await client.message()["id"]?.int == 3)
            for id in [1, 2] {
                try await client.send(
                    #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":\#(id)}}"# + "\n")
            }
            try await client.send(HTTPClient.call(4, "stats") + "\n")
            #expect(try await client.line().required().contains(#"\"cancellations\":2"#))
        }
    }

    @Test func `Questions, progress and announcements share standard output`() async throws {
        _ = try await withStdioBackend { client in
            try await client.open("2025-11-25", ["elicitation": [:]])
            try await client.send(HTTPClient.call(1, "test_elicitation", ["message": "m"]) + "\n")
            let question = try await client.message()
            #expect(question.method == "elicitation/create")
            try await client.send(#"{"jsonrpc":"2.0","id":1,"result":{"action":"cancel"}}"# + "\n")
            #expect(try await client.message()["result"]?.text?.contains("action=cancel") == true)
            try await client.send(HTTPClient.call(2, "add_tool", ["name": "fresh"]) + "\n")
            #expect(try await client.message().method == "notifications/tools/list_changed")
            #expect(try await client.message()["id"]?.int == 2)
        }
    }

    @Test func `test_reconnection and sse_echo are plain calls`() async throws {
        _ = try await withStdioBackend { client in
            try await client.open()
            for tool in ["test_reconnection", "sse_echo", "chunked_echo"] {
                try await client.send(HTTPClient.call(1, tool, ["text": "x"]) + "\n")
                #expect(try await client.message()["result"]?.text != nil)
            }
        }
    }

    @Test(
        "Lines that are no messages get an error without an id",
        arguments: [
            ("{", -32700), ("nonsense", -32700), ("1", -32600), ("{}", -32600), ("[]", -32600),
            (#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600),
        ])
    func errors(line: String, code: Int) async throws {
        _ = try await withStdioBackend { client in
            try await client.open()
            try await client.send(line + "\n")
            let error = try await client.message()
            #expect(error["error"]?["code"]?.int == code && error["id"] == nil)
        }
    }

    @Test func `A line that is too long is refused and the next one is served`() async throws {
        _ = try await withStdioBackend { client in
            try await client.open()
            try await client.send(String(repeating: "x", count: StdioEdge.lineLimit + 1) + "\n")
            #expect(try await client.message()["error"]?["code"]?.int == -32700)
            try await client.send(HTTPClient.request(1, "ping") + "\n")
            #expect(try await client.message()["id"]?.int == 1)
        }
    }

    @Test func `Before initialize only ping is served`() async throws {
        _ = try await withStdioBackend { client in
            try await client.send(HTTPClient.request(1, "ping") + "\n")
            #expect(try await client.message()["result"] != nil)
            for method in ["tools/list", "server/discover"] {
                try await client.send(HTTPClient.request(2, method) + "\n")
                #expect(try await client.message()["error"]?["code"]?.int == -32600)
            }
            try await client.open()
            try await client.send(HTTPClient.initialize("2025-11-25") + "\n")
            #expect(try await client.message()["error"]?["code"]?.int == -32600)
        }
    }

    @Test func `A batch of 2025-03-26 is answered with one line`() async throws {
        _ = try await withStdioBackend { client in
            try await client.open("2025-03-26")
            let batch = [
                HTTPClient.call(1, "slow", ["milliseconds": 1]), HTTPClient.request(2, "ping"),
                #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            ]
            try await client.send("[\(batch.joined(separator: ","))]\n")
            #expect(try await client.message().elements.compactMap { $0["id"]?.int }.sorted() == [1, 2])
        }
    }

    @Test func `At the end of input calls may finish, and questions are given up`() async throws {
        let (_, rest) = try await withStdioBackend { client in
            try await client.open("2025-11-25", ["elicitation": [:]])
            try await client.send(HTTPClient.call(2, "test_elicitation", ["message": "m"]) + "\n")
            #expect(try await client.message().method == "elicitation/create")
            try await client.send(HTTPClient.call(1, "slow", ["milliseconds": 50]) + "\n")
        }
        let ids = try rest.map { try JSONSlice(validating: ByteBuffer(string: $0))["id"]?.int }
        #expect(ids.contains(1) && !ids.contains(2))
    }

    @Test func `A call that waits for the client ends with the input, however long the grace is`() async throws {
        let toServer = try PipeEnds(), fromServer = try PipeEnds()
        let descriptors = try Descriptors(input: toServer.readEnd, output: fromServer.writeEnd)
        let edge = StdioEdge(
            server: ExampleServer(options: .init(transport: .stdio)) { _ in }, descriptors: descriptors,
            logger: Logger(label: "test"), grace: .seconds(3_600))
        let call = HTTPClient.call(1, "test_elicitation", ["message": "m"])
        toServer.send(HTTPClient.initialize("2025-11-25", ["elicitation": [:]]) + "\n" + call + "\n")
        toServer.closeWriteEnd()
        try await edge.run()
        edge.stop()
        try await descriptors.shutDown()
        toServer.closeReadEnd()
        fromServer.closeReadEnd()
        fromServer.closeWriteEnd()
    }

    @Test func `A call that never ends does not keep the server alive`() async throws {
        let (_, rest) = try await withStdioBackend { client in
            try await client.open()
            try await client.send(HTTPClient.call(1, "hang") + "\n")
        }
        #expect(rest.isEmpty)
    }

    @Test("Cancellation ends the server although input is open", arguments: [false, true])
    func cancellation(ignoresEnd: Bool) async throws {
        _ = try await withStdioBackend(cancelling: true) {
            $0.faults.ignoresEndOfInput = ignoresEnd
        } _: { client in
            try await client.open()
            try await client.send(HTTPClient.call(1, "hang") + "\n")
            if ignoresEnd { client.hangUp() }
        }
    }

    @Test func `A large answer arrives whole`() async throws {
        _ = try await withStdioBackend { client in
            try await client.open()
            try await client.send(HTTPClient.call(1, "large", ["bytes": 3_000_000]) + "\n")
            #expect(try await client.message()["result"]?.text?.utf8.count == 3_000_000)
        }
    }

    @Test func `garbage and the banner are lines that are not JSON`() async throws {
        _ = try await withStdioBackend {
            $0.faults.banner = true
        } _: { client in
            #expect(try await client.line().required().hasPrefix("***"))
            try await client.open()
            try await client.send(HTTPClient.call(1, "garbage") + "\n")
            #expect(try await client.line().required().hasPrefix("Welcome"))
            #expect(try await client.message()["id"]?.int == 1)
        }
    }

    @Test("Lies over stdio", arguments: Lie.allCases.filter { $0 != .halfBody }) func lies(lie: Lie) async throws {
        let (_, rest) = try await withStdioBackend { client in
            try await client.open()
            try await client.send(HTTPClient.call(7, "bad_frame", ["kind": .string(lie.rawValue)]) + "\n")
            try await client.send(HTTPClient.request(8, "ping") + "\n")
        }
        let frames = lie.frames(id: JSONSlice(7)).map { String(buffer: $0) }.filter { !$0.isEmpty }
        #expect(rest == frames + [#"{"jsonrpc":"2.0","id":8,"result":{}}"#])
    }

    @Test func `half_body ends the server in the middle of a line, with its input open`() async throws {
        _ = try await withStdioBackend { client in
            try await client.open()
            try await client.send(HTTPClient.call(7, "bad_frame", ["kind": "half_body"]) + "\n")
            #expect(try await client.line() == nil)
            #expect(client.unfinished.hasPrefix(#"{"jsonrpc":"2.0","id":7"#))
        }
    }

    @Test func `A client that closes the server's output does not hold it up`() async throws {
        let toServer = try PipeEnds(), fromServer = try PipeEnds()
        let backend = ExampleBackend(
            options: .init(transport: .stdio), logger: Logger(label: "test"), input: toServer.readEnd,
            output: fromServer.writeEnd)
        fromServer.closeReadEnd()
        toServer.send(HTTPClient.initialize("2025-11-25") + "\n" + HTTPClient.request(1, "ping") + "\n")
        try await backend.run()
        toServer.closeReadEnd()
        toServer.closeWriteEnd()
        fromServer.closeWriteEnd()
    }
}
