// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

/// The bounds of the client edge (SE-04, SE-05, SE-06).
@Suite struct LimitTests {
    // MARK: Bytes

    @Test(
        "SE-04: a body of the limit is read, and one byte more is refused and ends the connection", arguments: [0, 1])
    func body(_ excess: Int) async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened()
            let ping = MCPTestClient.request(1, "ping")
            let body = ping + String(repeating: " ", count: 8_388_608 + excess - ping.utf8.count)
            try await client.withConnection { connection in
                await connection.sendIgnoringEnd(ByteBuffer(string: client.requestText("POST", body)))
                let reply = try await connection.reply()
                if excess == 0 {
                    #expect(try reply.json["result"]?.description == "{}")
                } else {
                    #expect(reply.status == 413)
                    #expect(reply.text == "Request Entity Too Large\n")
                    #expect(try await connection.rest() == "")
                }
            }
        }
    }

    @Test("SE-04: a chunked body is measured while it comes")
    func chunkedBody() async throws {
        try await RunningGateway.run(.limits("maxRequestBodyBytes: 2048")) { gateway in
            let client = try await gateway.client.opened()
            let chunk = "400\r\n" + String(repeating: " ", count: 1024) + "\r\n"
            let head = client.requestText("POST", fields: [("Transfer-Encoding", "chunked")])
            let ping = MCPTestClient.request(1, "ping")
            let end = String(ping.utf8.count, radix: 16) + "\r\n" + ping + "\r\n0\r\n\r\n"
            try await client.withConnection { connection in
                try await connection.send(head + chunk + end)
                #expect(try await connection.reply().json["result"]?.description == "{}")
            }
            try await client.withConnection { connection in
                await connection.sendIgnoringEnd(ByteBuffer(string: head + chunk + chunk + end))
                let reply = try await connection.reply()
                #expect(reply.status == 413)
                #expect(try await connection.rest() == "")
            }
        }
    }

    @Test(
        "SE-04: header fields are bounded in bytes and in number",
        arguments: [
            ("maxHeaderBytes: 2048", 3, 1000), ("maxHeaderBytes: 2048", 1, 3000), ("maxHeaderCount: 20", 30, 1),
        ])
    func headers(_ limit: String, _ count: Int, _ bytes: Int) async throws {
        var plan = GatewayPlan.bare
        plan.limits = [limit]
        try await RunningGateway.run(plan) { gateway in
            let fields = (0..<count).map { (name: "X-Field-\($0)", value: String(repeating: "v", count: bytes)) }
            for path in ["/mcp", "/health"] {
                try await gateway.client.withConnection { connection in
                    await connection.sendIgnoringEnd(
                        ByteBuffer(string: gateway.client.requestText("GET", path: path, fields: fields)))
                    let reply = try await connection.reply()
                    #expect(reply.status == 431, "\(path) \(reply.text)")
                    #expect(try await connection.rest() == "")
                }
            }
            #expect(try await gateway.client.send("GET", path: "/health").status == 200)
        }
    }

    @Test("SE-04: a request line without end is bounded")
    func requestLine() async throws {
        try await RunningGateway.run(.bare) { gateway in
            try await gateway.client.withConnection { connection in
                await connection.sendIgnoringEnd(ByteBuffer(string: "GET /" + String(repeating: "a", count: 1 << 20)))
                let status = try? await connection.head().status
                #expect(status == nil || [400, 414, 431].contains(status ?? 0), "\(status ?? 0)")
                _ = try await connection.rest()
            }
        }
    }

    @Test("BP-11: nesting is bounded as configured", arguments: [(8, 200), (9, 400)])
    func depth(_ depth: Int, _ status: Int) async throws {
        var plan = GatewayPlan.bare
        plan.limits = ["maxJSONDepth: 8"]
        try await RunningGateway.run(plan) { gateway in
            let client = try await gateway.client.opened()
            // The message and its params are two levels.
            let nested = String(repeating: "[", count: depth - 2) + String(repeating: "]", count: depth - 2)
            let reply = try await client.send(
                "POST", #"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"# + nested + "}}")
            #expect(reply.status == status)
        }
    }

    // MARK: Numbers

    @Test("SE-04: requests in flight in one session are bounded")
    func inFlight() async throws {
        try await RunningGateway.run(.limits("maxInFlightRequestsPerSession: 2")) { gateway in
            let client = try await gateway.client.opened()
            let other = try await gateway.client.opened()
            async let first = client.text("one_slow", ["milliseconds": 1500], id: "a")
            async let second = client.text("one_slow", ["milliseconds": 1500], id: "b")
            try await eventually("two calls at the backend") { try await gateway.stats().calls >= 2 }
            let reply = try await client.send("POST", MCPTestClient.call("c", "one_echo", ["text": "x"]))
            #expect(try reply.json["error"]?["code"]?.int == 4004)
            #expect(try reply.json["id"]?.string == "c")
            #expect(try await other.text("one_echo", ["text": "x"]) == "x")
            #expect(try await [first, second] == ["Slept for 1500 ms", "Slept for 1500 ms"])
            #expect(try await client.text("one_echo", ["text": "room"]) == "room")
        }
    }

    @Test("SE-04: connections are bounded: one more waits until another ends")
    func connections() async throws {
        var plan = GatewayPlan.bare
        plan.limits = ["maxConnections: 3"]
        try await RunningGateway.run(plan) { gateway in
            let client = gateway.client
            let health = client.requestText("GET", path: "/health")
            var held: [RawConnection] = []
            for _ in 0..<3 {
                let connection = try await RawConnection.open(port: gateway.port)
                try await connection.send(health)
                #expect(try await connection.reply().status == 200)
                held.append(connection)
            }
            try await client.withConnection { late in
                try await late.send(health)
                // The ones that are in are still served, and only they.
                try await held[0].send(health)
                #expect(try await held[0].reply().status == 200)
                for connection in held { await connection.close() }
                #expect(try await late.reply().status == 200)
            }
        }
    }

    // MARK: Time

    @Test(
        "SE-05: a request that does not come to its end in time is ended",
        arguments: [
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
            "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
            "GET /mcp HTTP/1.1\r\nHost: local", "G", "",
        ])
    func slowRequest(_ bytes: String) async throws {
        var plan = GatewayPlan.bare
        plan.limits = ["requestReadTimeout: 1s"]
        try await RunningGateway.run(plan) { gateway in
            try await gateway.client.withConnection { connection in
                if !bytes.isEmpty { try await connection.send(bytes) }
                let rest = try await connection.rest()
                // A route that does not want the body answers before it has come; the connection ends all the same.
                let isHealth = bytes.hasPrefix("POST /health") && rest.hasPrefix("HTTP/1.1 200 ")
                #expect(rest.isEmpty || rest.hasPrefix("HTTP/1.1 408 ") || isHealth, "\(rest)")
            }
        }
    }

    @Test("SE-05: dripping bytes does not put the end off")
    func drip() async throws {
        var plan = GatewayPlan.bare
        plan.limits = ["requestReadTimeout: 1s"]
        try await RunningGateway.run(plan) { gateway in
            try await gateway.client.withConnection { connection in
                try await connection.send(gateway.client.requestText("POST", fields: [("Content-Length", "1000")]))
                let drip = Task {
                    while !Task.isCancelled {
                        await connection.sendIgnoringEnd(ByteBuffer(string: " "))
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
                defer { drip.cancel() }
                let reply = try await connection.reply()
                #expect(reply.status == 408)
            }
        }
    }

    @Test("SE-05: an idle connection is ended after its time, and a used one is not")
    func idleConnection() async throws {
        var plan = GatewayPlan.bare
        plan.limits = ["idleConnectionTimeout: 1s"]
        try await RunningGateway.run(plan) { gateway in
            let health = gateway.client.requestText("GET", path: "/health")
            try await gateway.client.withConnection { connection in
                for _ in 0..<3 {
                    try await connection.send(health)
                    #expect(try await connection.reply().status == 200)
                }
                #expect(try await connection.rest() == "")
            }
        }
    }

    @Test("M12: a quiet stream gets comments, and they keep it open beyond the idle time")
    func keepAlive() async throws {
        var plan = GatewayPlan.bare
        plan.limits = ["keepAliveInterval: 1s", "idleConnectionTimeout: 1s", "requestReadTimeout: 1s"]
        try await RunningGateway.run(plan) { gateway in
            let client = try await gateway.client.opened()
            try await client.listening { stream in
                var comments = 0
                while comments < 2 {
                    let block = try await stream.block().orThrow("a block")
                    if block.isComment { comments += 1 } else { #expect(try block.message == nil) }
                }
            }
        }
    }

    @Test("A slow call gets a stream and comments meanwhile, so that proxies do not give up on it")
    func slowCall() async throws {
        try await RunningGateway.run(.limits("keepAliveInterval: 1s")) { gateway in
            let client = try await gateway.client.opened()
            try await client.streaming(MCPTestClient.call(1, "one_slow", ["milliseconds": 2500])) { stream in
                var comments = 0
                while true {
                    let block = try await stream.block().orThrow("a block")
                    if block.isComment { comments += 1 }
                    if let message = try block.message {
                        #expect(message["result"]?.firstText == "Slept for 2500 ms")
                        break
                    }
                }
                #expect(comments >= 1)
            }
        }
    }

    @Test("SE-06: a client that does not read its answer is cut after its time")
    func slowReader() async throws {
        try await RunningGateway.run(.limits("writeTimeout: 1s")) { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection(receiveBuffer: 4096) { connection in
                try await connection.setReading(false)
                try await connection.send(
                    client.requestText("POST", MCPTestClient.call(1, "one_large", ["bytes": 15_000_000])))
                // Nothing is read here, so the end shows when the gateway takes no more bytes.
                try await eventually("the end of the connection") {
                    do {
                        try await connection.send("\r\n")
                        return false
                    } catch {
                        return true
                    }
                }
            }
            #expect(try await client.text("one_echo", ["text": "alive"]) == "alive")
        }
    }
}
