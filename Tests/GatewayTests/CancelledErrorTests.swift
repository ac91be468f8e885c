// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

@testable import Gateway

/// -32800 means what whoever says it means; only a request that was stopped from here has an outcome that nobody knows.
@Suite struct CancelledErrorTests {
    private func stopping() async throws -> ScriptedBackend {
        try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.error(-32800, "Stopped by an operator")
            return true
        }
    }

    private func check(_ error: JSONSlice?) {
        #expect(error?["code"]?.int == -32800)
        #expect(error?["message"]?.string == "Stopped by an operator")
    }

    @Test("A backend's own -32800 reaches clients of both eras over HTTP as it is", .timeLimit(.minutes(5)))
    func http() async throws {
        let backend = try await stopping()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            let legacy = try await MCPTestClient(port: gateway.port).opened("2025-11-25")
            check(try await legacy.error("tools/call", ["name": "one_echo"]))
            let reply = try await gateway.client.send("tools/call", ["name": "one_echo"])
            #expect(reply.status == 200)
            check(try reply.messages.last?["error"])
        }
        await backend.stop()
    }

    @Test(
        "A backend's own -32800 reaches a Modern client on standard input and output as it is", .timeLimit(.minutes(5)))
    func stdio() async throws {
        let backend = try await stopping()
        try await ModernGateway.runStdio(["one": backend.url]) { client, _ in
            try await client.send(ModernClient.message(1, "tools/call", ["name": "one_echo"]))
            check(try await client.answer(to: "1")["error"])
            try await client.finish()
        }
        await backend.stop()
    }

    @Test("A request is cut short when it is stopped and its client has not asked for that")
    func cutShort() {
        let request = InFlightRequest()
        #expect(!request.isCutShort)
        request.cancel(isUnwanted: false)
        #expect(request.isCutShort)
        request.cancel()
        #expect(!request.isCutShort && request.isCancelled)
    }
}
