// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

/// HTTP/1.1 as connections speak it: order, ends, expectations and what is malformed.
@Suite struct ConnectionTests {
    @Test("RFC 9112 §9.3.2: pipelined requests are answered in their order, whoever answers them")
    func pipelining() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection { connection in
                let health = client.requestText("GET", path: "/health")
                let requests: [String] = [
                    client.requestText("POST", MCPTestClient.call(1, "one_slow", ["milliseconds": 300])), health,
                    client.requestText("POST", MCPTestClient.call(2, "one_echo", ["text": "two"])),
                    client.requestText("GET", path: "/status"), client.requestText("GET", path: "/.well-known/x"),
                    client.requestText("POST", MCPTestClient.notification("x")),
                    client.requestText("HEAD", path: "/health"),
                    client.requestText("POST", "{", path: "/health"),
                    client.requestText("POST", MCPTestClient.request(3, "ping")), client.requestText("PUT", "{}"),
                    health,
                ]
                try await connection.send(requests.joined())
                #expect(try await connection.reply().json["id"]?.int == 1)
                #expect(try await connection.reply().text == "{\"status\":\"ok\"}\n")
                #expect(try await connection.reply().json["result"]?.firstText == "two")
                #expect(try await connection.reply().json["group_ref"]?.string == "lab")
                #expect(try await connection.reply().status == 404)
                #expect(try await connection.reply().status == 202)
                #expect(try await connection.reply(isForHEAD: true).status == 200)
                #expect(try await connection.reply().status == 200)
                #expect(try await connection.reply().json["id"]?.int == 3)
                #expect(try await connection.reply().status == 405)
                #expect(try await connection.reply().text == "{\"status\":\"ok\"}\n")
            }
        }
    }

    @Test("Many pipelined requests are all answered, in order")
    func manyPipelined() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection { connection in
                var text = ""
                for number in 1...300 {
                    text +=
                        number.isMultiple(of: 7)
                        ? client.requestText("GET", path: "/health")
                        : client.requestText(
                            "POST", MCPTestClient.call(.number(JSONNumber(number)), "one_echo", ["text": "x"]))
                }
                try await connection.send(text)
                for number in 1...300 {
                    let reply = try await connection.reply()
                    if number.isMultiple(of: 7) {
                        #expect(reply.text == "{\"status\":\"ok\"}\n")
                    } else {
                        #expect(try reply.json["id"]?.int == number)
                    }
                }
            }
        }
    }

    @Test("A request that comes byte by byte is a request")
    func byteByByte() async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection { connection in
                for _ in 0..<2 {
                    for byte in client.requestText("POST", MCPTestClient.request(1, "ping")).utf8 {
                        try await connection.send(ByteBuffer(bytes: [byte]))
                    }
                    #expect(try await connection.reply().json["result"]?.description == "{}")
                }
            }
        }
    }

    @Test("However a request is cut, it is the same request, and so is the one behind it", arguments: 0..<8)
    func cuts(_ part: Int) async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection { connection in
                let first = Array(client.requestText("POST", MCPTestClient.request(1, "ping")).utf8)
                let second = Array(client.requestText("POST", MCPTestClient.request(2, "ping")).utf8)
                for cut in stride(from: 1 + part, to: first.count, by: 8) {
                    try await connection.send(ByteBuffer(bytes: first[..<cut]))
                    // Its answer shows that the first piece has been read by itself.
                    #expect(try await client.result("ping").description == "{}")
                    let secondCut = (cut * 7) % second.count
                    try await connection.send(ByteBuffer(bytes: Array(first[cut...]) + second[..<secondCut]))
                    #expect(try await connection.reply().json["id"]?.int == 1)
                    try await connection.send(ByteBuffer(bytes: second[secondCut...]))
                    #expect(try await connection.reply().json["id"]?.int == 2)
                }
            }
        }
    }

    @Test("A connection on which plain requests were answered still takes every other kind")
    func plainAndOthers() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection { connection in
                let echo = MCPTestClient.call(1, "one_echo", ["text": "two"])
                for _ in 0..<3 {
                    try await connection.send(client.requestText("POST", echo))
                    #expect(try await connection.reply().json["result"]?.firstText == "two")
                }
                try await connection.send(client.requestText("GET", path: "/health"))
                #expect(try await connection.reply().text == "{\"status\":\"ok\"}\n")
                try await connection.send(client.requestText("POST", echo))
                #expect(try await connection.reply().json["result"]?.firstText == "two")
                let last = client.requestText("POST", echo)
                    .replacing("Content-Length", with: "Connection: close\r\nContent-Length")
                try await connection.send(last)
                let reply = try await connection.reply()
                #expect(try reply.json["result"]?.firstText == "two")
                #expect(reply.head["connection"] == "close")
            }
        }
    }

    @Test("RFC 9110 §10.1.1: who expects 100-continue gets it before the answer")
    func expectContinue() async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection { connection in
                let ping = MCPTestClient.request(1, "ping")
                try await connection.send(
                    client.requestText(
                        "POST", fields: [("Expect", "100-continue"), ("Content-Length", "\(ping.utf8.count)")]))
                #expect(try await connection.head().status == 100)
                try await connection.send(ping)
                #expect(try await connection.reply().json["result"]?.description == "{}")
            }
        }
    }

    @Test(
        "RFC 9110 §10.1.1: and no 100 when the answer is a refusal",
        arguments: [
            [(name: "Origin", value: "http://evil.example")], [(name: "Content-Length", value: "99999999")],
        ])
    func expectRefused(_ fields: [(name: String, value: String)]) async throws {
        try await RunningGateway.run(.bare) { gateway in
            try await gateway.client.withConnection { connection in
                try await connection.send(
                    gateway.client.requestText(
                        "POST",
                        fields: [("Expect", "100-continue"), ("Content-Length", "10")]
                            .filter { field in !fields.contains { $0.name == field.0 } } + fields))
                #expect(try await [403, 413].contains(connection.head().status))
            }
        }
    }

    @Test("A client that has sent its last byte still gets its answer", arguments: ["/mcp", "/health"])
    func halfClosed(_ path: String) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection { connection in
                try await connection.send(
                    path == "/mcp"
                        ? client.requestText("POST", MCPTestClient.call(1, "one_slow", ["milliseconds": 300]))
                        : client.requestText("GET", path: path))
                try await connection.finishSending()
                let reply = try await connection.reply()
                #expect(reply.status == 200)
                #expect(reply.text.contains(path == "/mcp" ? "Slept for 300 ms" : "ok"))
                #expect(try await connection.rest() == "")
            }
        }
    }

    @Test("A half-closed client gets the answers to all that it pipelined")
    func halfClosedPipeline() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection { connection in
                try await connection.send(
                    client.requestText("POST", MCPTestClient.call(1, "one_slow", ["milliseconds": 200]))
                        + client.requestText("GET", path: "/health")
                        + client.requestText("POST", MCPTestClient.call(2, "one_echo", ["text": "last"])))
                try await connection.finishSending()
                #expect(try await connection.reply().json["id"]?.int == 1)
                #expect(try await connection.reply().text == "{\"status\":\"ok\"}\n")
                #expect(try await connection.reply().json["result"]?.firstText == "last")
                #expect(try await connection.rest() == "")
            }
        }
    }

    @Test("A half-closed client reads its stream to the end")
    func halfClosedStream() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection { connection in
                try await connection.send(
                    client.requestText(
                        "POST", MCPTestClient.call(1, "one_test_tool_with_progress", meta: ["progressToken": 1])))
                try await connection.finishSending()
                let reply = try await connection.reply()
                #expect(reply.isComplete)
                #expect(try reply.messages.last?["result"] != nil)
            }
        }
    }

    @Test(
        "RFC 9112 §9.6: Connection: close ends the connection after the answer",
        arguments: [
            "/mcp", "/health",
        ])
    func close(_ path: String) async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection { connection in
                try await connection.send(
                    client.requestText(
                        "POST", MCPTestClient.request(1, "ping"), path: path, fields: [("Connection", "close")]))
                let reply = try await connection.reply()
                #expect(reply.status == 200)
                if path == "/mcp" { #expect(reply.head["connection"] == "close") }
                #expect(try await connection.rest() == "")
            }
        }
    }

    @Test("Answers carry a date, and a length or chunks")
    func fields() async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened()
            let reply = try await client.send("POST", MCPTestClient.request(1, "ping"))
            #expect(reply.head["date"]?.hasSuffix(" GMT") == true)
            #expect(reply.head["content-length"] == "\(reply.body.readableBytes)")
            #expect(reply.head["connection"] == nil)
            let accepted = try await client.send("POST", MCPTestClient.notification("x"))
            #expect(accepted.head["content-length"] == "0")
        }
    }

    @Test(
        "RFC 9112: what is no HTTP/1.1 request is refused, and the connection ends",
        arguments: [
            "hello\r\n\r\n", "GET\r\n\r\n", "GET /mcp HTTP/9.9\r\nHost: localhost\r\n\r\n",
            "\u{16}\u{03}\u{01}\u{02}\u{00}\r\n\r\n",
            "GET /mcp HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n",
            "GET /mcp HTTP/1.1\r\nHost : localhost\r\n\r\n",
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: abc\r\n\r\n",
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            "FROB /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /mcp HTTP/1.1\r\nHost: localhost\r\nX: a\u{0}b\r\n\r\n",
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ])
    func malformed(_ text: String) async throws {
        try await RunningGateway.run(.bare) { gateway in
            try await gateway.client.withConnection { connection in
                await connection.sendIgnoringEnd(ByteBuffer(string: text))
                let rest = try await connection.rest()
                #expect(rest.isEmpty || rest.hasPrefix("HTTP/1.1 4"), "\(rest)")
                #expect(rest.ranges(of: "HTTP/1.1").count <= 1)
            }
            #expect(try await gateway.client.send("GET", path: "/health").status == 200)
        }
    }

    @Test("A malformed request behind a running one spoils nothing but itself")
    func malformedBehind() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection { connection in
                try await connection.send(
                    client.requestText("POST", MCPTestClient.call(1, "one_slow", ["milliseconds": 300]))
                        + "garbage\r\n\r\n")
                #expect(try await connection.reply().json["result"]?.firstText == "Slept for 300 ms")
                let rest = try await connection.rest()
                #expect(rest.isEmpty || rest.hasPrefix("HTTP/1.1 400"), "\(rest)")
            }
        }
    }

    @Test("SE-07: nothing of a message gets into the head of an answer")
    func headerInjection() async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened()
            let reply = try await client.send(
                "POST", MCPTestClient.call("a\r\nX-Evil: 1", "t\r\nX-Evil: 1", ["x": "\r\nX-Evil: 1"]))
            #expect(reply.head["x-evil"] == nil)
            #expect(try reply.json["error"] != nil)
            #expect(try reply.json["id"]?.string == "a\r\nX-Evil: 1")
        }
    }

    @Test("GB-58: header fields of a client do not reach a backend unless the file lets them")
    func forwardedHeaders() async throws {
        var plan = GatewayPlan()
        plan.sections = "passthroughHeaders: [X-Tenant]"
        try await RunningGateway.run(plan) { gateway in
            let client = try await gateway.client.opened()
            let reply = try await client.send(
                "POST", MCPTestClient.call(1, "one_headers"),
                fields: [
                    ("X-Tenant", "acme"), ("X-Test", "secret"), ("Cookie", "secret"),
                    ("Authorization", "Bearer secret"),
                ])
            let text = try (try reply.json["result"]?.firstText).orThrow("a text in \(reply.text)")
            #expect(text.contains("acme"))
            #expect(!text.contains("secret"))
        }
    }
}
