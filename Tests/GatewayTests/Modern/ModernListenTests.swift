// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Backends
import JSONTypes
import NIOCore
import TestSupport
import Testing

@testable import Gateway

@Suite struct ModernListenTests {
    private static func backend(
        _ capabilities: String = #"{"tools":{"listChanged":true},"resources":{"subscribe":true}}"#
    ) async throws -> ScriptedBackend {
        try await ScriptedBackend.start { content in
            content.capabilities = capabilities
            content.resources = #"[{"uri":"test://a","name":"a"},{"uri":"test://b","name":"b"}]"#
            content.listens = true
        }
    }

    private func announce(_ method: String, _ params: String = "{}", by backend: ScriptedBackend) {
        for stream in backend.streams {
            stream.event(#"{"jsonrpc":"2.0","method":"notifications/\#(method)","params":\#(params)}"#)
        }
    }

    private static let tag = "io.modelcontextprotocol/subscriptionId"

    @Test(
        "GB-29, M40, M42: the acknowledgement comes first and names what is honoured",
        arguments: [
            ([:], "{}"), (["toolsListChanged": true], #"{"toolsListChanged":true}"#),
            (["toolsListChanged": true, "com.example/x": ["x"]], #"{"toolsListChanged":true}"#),
            (
                ["promptsListChanged": true, "resourcesListChanged": true],
                #"{"promptsListChanged":true,"resourcesListChanged":true}"#
            ),
            (["resourceSubscriptions": []], #"{"resourceSubscriptions":[]}"#),
            (["resourceSubscriptions": ["nobody://x"]], #"{"resourceSubscriptions":[]}"#),
        ] as [(JSONObject, String)])
    func acknowledgement(_ filter: JSONObject, _ honoured: String) async throws {
        try await ModernGateway.run { gateway in
            for id in [JSONValue.string("s"), .number(JSONNumber(5))] {
                try await gateway.client.listening(filter, id: id) { _, first in
                    #expect(first["method"]?.string == "notifications/subscriptions/acknowledged")
                    #expect(first["id"] == nil)
                    #expect(first["params"]?["notifications"]?.description == honoured)
                    #expect(first["params"]?["_meta"]?.member(Self.tag) == JSONSlice(id))
                }
            }
        }
    }

    @Test("GB-29, GB-30, M41: a change of the tools reaches those who asked for it, with their own id")
    func listChanged() async throws {
        let backend = try await Self.backend()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            try await gateway.client.listening(["toolsListChanged": true], id: "t") { tools, _ in
                try await gateway.client.listening(["promptsListChanged": true], id: 9) { prompts, _ in
                    try await eventually("the monitor listens") { !backend.streams.isEmpty }
                    // Even when nothing differs: a backend knows what it means by it.
                    announce("tools/list_changed", by: backend)
                    let message = try await tools.messageEvent().message
                    #expect(message?["method"]?.string == "notifications/tools/list_changed")
                    #expect(message?["params"]?["_meta"]?.member(Self.tag)?.string == "t")
                    #expect(message?["id"] == nil)
                    // The other hears of its own kind first, so of the tools it has heard nothing.
                    backend.change { $0.capabilities = #"{"tools":{"listChanged":true},"prompts":{}}"# }
                    announce("prompts/list_changed", by: backend)
                    let other = try await prompts.messageEvent().message
                    #expect(other?["method"]?.string == "notifications/prompts/list_changed")
                    #expect(other?["params"]?["_meta"]?.member(Self.tag)?.int == 9)
                }
            }
        }
        await backend.stop()
    }

    @Test("4.7: resources of a Legacy backend are watched for Modern clients, and what cannot be watched is left out")
    func resources() async throws {
        let backend = try await Self.backend()
        let deaf = try await ScriptedBackend.start { content in
            content.capabilities = #"{"resources":{}}"#
            content.tools = "[]"
            content.resources = #"[{"uri":"deaf://x","name":"x"}]"#
        }
        try await ModernGateway.run(["one": backend.url, "two": deaf.url]) { gateway in
            let filter: JSONObject = ["resourceSubscriptions": ["test://a", "deaf://x", "nobody://y"]]
            try await gateway.client.listening(filter, id: "r") { stream, first in
                #expect(
                    first["params"]?["notifications"]?.description == #"{"resourceSubscriptions":["test://a"]}"#)
                let second: JSONObject = ["resourceSubscriptions": ["test://a", "test://b"]]
                try await gateway.client.listening(second, id: 2) { other, _ in
                    // Of "test://a" one subscription for both.
                    #expect(
                        backend.requests("resources/subscribe").compactMap(\.subject).sorted() == [
                            "test://a", "test://b",
                        ])
                    try await eventually("the watch listens") { backend.streams.count == 2 }
                    announce("resources/updated", #"{"uri":"test://b"}"#, by: backend)
                    announce("resources/updated", #"{"uri":"test://a/part"}"#, by: backend)
                    let b = try await other.messageEvent().message
                    #expect(b?["params"]?["uri"]?.string == "test://b")
                    #expect(b?["params"]?["_meta"]?.member(Self.tag)?.int == 2)
                    #expect(try await other.messageEvent().message?["params"]?["uri"]?.string == "test://a/part")
                    let a = try await stream.messageEvent().message
                    #expect(a?["method"]?.string == "notifications/resources/updated")
                    #expect(a?["params"]?["uri"]?.string == "test://a/part")
                    #expect(a?["params"]?["_meta"]?.member(Self.tag)?.string == "r")
                }
                try await eventually("what nobody wants is given up") {
                    backend.requests("resources/unsubscribe").compactMap(\.subject) == ["test://b"]
                }
            }
            try await eventually("all is given up") { backend.requests("resources/unsubscribe").count == 2 }
        }
        await backend.stop()
        await deaf.stop()
    }

    @Test("GB-31, M43: the gateway's end of a subscription is its complete result, and the end of the stream")
    func shutdown() async throws {
        try await ModernGateway.run { gateway in
            try await gateway.client.listening(["toolsListChanged": true], id: 3) { stream, _ in
                await gateway.gateway.endSessions()
                let last = try await stream.messageEvent().message
                #expect(last?["id"]?.int == 3)
                #expect(last?["result"]?["resultType"]?.string == "complete")
                #expect(last?["result"]?["_meta"]?.member(Self.tag)?.int == 3)
                #expect(last?["result"]?["ttlMs"] == nil)
                #expect(try await stream.event() == nil)
                #expect(await stream.isBodyComplete)
            }
            // Whoever comes now is told to come back later.
            let reply = try await gateway.client.send("subscriptions/listen", ["notifications": [:]])
            #expect(reply.status == 503)
        }
    }

    @Test("HM-27, M44: an idle subscription is kept alive by comments alone")
    func keptAlive() async throws {
        var settings = GatewaySettings()
        settings.limits.keepAliveInterval = .milliseconds(50)
        try await ModernGateway.run(settings: settings) { gateway in
            try await gateway.client.listening(["toolsListChanged": true]) { stream, _ in
                for _ in 0..<3 {
                    let block = try await stream.block().orThrow("a comment")
                    #expect(block.isComment)
                }
            }
        }
    }

    @Test("Subscriptions are bounded per principal, and one that ends makes room")
    func bound() async throws {
        var settings = GatewaySettings()
        settings.limits.subscriptionsPerPrincipal = 2
        settings.limits.resourcesPerSubscription = 3
        try await ModernGateway.run(settings: settings) { gateway in
            try await gateway.client.listening([:]) { _, _ in
                try await gateway.client.listening([:]) { _, _ in
                    let reply = try await gateway.client.send("subscriptions/listen", ["notifications": [:]], id: "x")
                    #expect(reply.status == 503)
                    #expect(try reply.json["error"]?["code"]?.int == 4004)
                    #expect(try reply.json["id"]?.string == "x")
                    // Other requests are not concerned.
                    #expect(try await gateway.client.send("tools/list").status == 200)
                }
                try await eventually("room") {
                    try await gateway.client.http.withConnection { connection in
                        try await connection.send(gateway.client.text("subscriptions/listen", ["notifications": [:]]))
                        return try await connection.head().status == 200
                    }
                }
            }
            let uris = JSONValue.array((0..<4).map { .string("test://\($0)") })
            let reply = try await gateway.client.send(
                "subscriptions/listen", ["notifications": ["resourceSubscriptions": uris]])
            #expect(reply.status == 400)
        }
    }

    @Test("A subscription needs a client that takes event streams")
    func accept() async throws {
        try await ModernGateway.run { gateway in
            let reply = try await gateway.client.send(
                "subscriptions/listen", ["notifications": [:]], fields: [("Accept", "application/json")])
            #expect(reply.status == 406)
        }
    }

    @Test("Many idle subscriptions hold neither tasks nor buffers, and each hears of a change", .timeLimit(.minutes(5)))
    func many() async throws {
        let backend = try await Self.backend()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            let count = 200
            var streams: [RawConnection] = []
            for number in 0..<count {
                let connection = try await RawConnection.open(port: gateway.port)
                try await connection.send(
                    gateway.client.text(
                        "subscriptions/listen", ["notifications": ["toolsListChanged": true]],
                        id: .number(JSONNumber(number))))
                _ = try await connection.head()
                _ = try await connection.messageEvent()
                streams.append(connection)
            }
            try await eventually("the monitor listens") { !backend.streams.isEmpty }
            announce("tools/list_changed", by: backend)
            for (number, stream) in streams.enumerated() {
                let message = try await stream.messageEvent().message
                #expect(message?["params"]?["_meta"]?.member(Self.tag)?.int == number)
            }
            for stream in streams { await stream.close() }
        }
        await backend.stop()
    }
}
