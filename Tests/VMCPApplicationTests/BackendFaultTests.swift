// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import ExampleBackend
import JSONTypes
import NIOCore
import TestSupport
import Testing

/// What a client sees of backends that fail.
@Suite struct BackendFaultTests {
    private static let notesAnd: @Sendable (@escaping (inout ExampleBackendOptions) -> Void) -> GatewayPlan = {
        configure in
        var plan = GatewayPlan()
        plan.backends = [.init("one", configure), .init("notes") { $0.profile = .notes }]
        return plan
    }

    @Test("GB-56: a backend that cannot be used costs its own tools and nothing else")
    func unusable() async throws {
        try await RunningGateway.run(Self.notesAnd { $0.faults.refusesInitialize = true }) { gateway in
            let client = try await gateway.client.opened()
            let tools = try await client.result("tools/list").description
            #expect(tools.contains(#""name":"notes_note_add""#))
            #expect(!tools.contains(#""name":"one_"#))
            #expect(try await client.text("notes_note_list").contains("Shopping"))
            #expect(
                try await client.error("tools/call", ["name": "one_echo", "arguments": ["text": "x"]])["code"]?.int
                    == -32602)
            #expect(try await gateway.client.send("GET", path: "/readyz").status == 200)
        }
    }

    @Test("GB-59: a backend that forgot its sessions costs the client nothing")
    func droppedSessions() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            #expect(try await client.text("one_drop_sessions") == "All sessions are gone")
            #expect(try await client.text("one_echo", ["text": "still here"]) == "still here")
            #expect(try await client.result("resources/read", ["uri": "test://static-text"])["contents"] != nil)
        }
    }

    @Test(
        "SE-14: a backend that lies gets an error for its call, and the session lives",
        arguments: [
            "wrong_id", "string_id", "result_and_error", "neither", "no_jsonrpc", "not_an_object", "invalid_json",
            "invalid_utf8",
            "empty_body", "half_body",
        ])
    func lies(_ kind: String) async throws {
        var plan = GatewayPlan()
        plan.sections = "operational:\n  timeouts:\n    default: 2s"
        try await RunningGateway.run(plan) { gateway in
            let client = try await gateway.client.opened()
            let error = try await client.error(
                "tools/call", ["name": "one_bad_frame", "arguments": ["kind": .string(kind)]], id: "lie")
            #expect([4001, 4003, 4005].contains(error["code"]?.int ?? 0), "\(error)")
            #expect(error["message"]?.string?.contains("127.0.0.1") == false)
            #expect(try await client.text("one_echo", ["text": "alive"]) == "alive")
        }
    }

    @Test("SE-14: one answer too many, or to nobody, changes nothing", arguments: ["duplicate", "unknown_id"])
    func excess(_ kind: String) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            for number in 1...3 {
                let message = try await client.message(
                    "tools/call", ["name": "one_bad_frame", "arguments": ["kind": .string(kind)]],
                    id: .number(JSONNumber(number)))
                #expect(message["id"]?.int == number)
                if message["error"] == nil { #expect(message["result"]?.firstText == "a lie") }
            }
            #expect(try await client.text("one_echo", ["text": "alive"]) == "alive")
        }
    }

    @Test("GB-57: an error names no address and no body of a backend", arguments: [401, 403, 500, 502, 503])
    func statuses(_ status: Int) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let error = try await client.error(
                "tools/call",
                [
                    "name": "one_http_status",
                    "arguments": ["status": .number(JSONNumber(status)), "body": "secret at 10.0.0.7"],
                ])
            let port = try gateway.backendPorts["one"].orThrow("a port")
            for detail in ["127.0.0.1", "\(port)", "secret", "10.0.0.7"] {
                #expect(!error.description.contains(detail), "\(error)")
            }
            #expect(try await client.text("one_echo", ["text": "alive"]) == "alive")
        }
    }

    @Test("A call that takes too long is an error, and the backend is told to stop")
    func timeout() async throws {
        var plan = GatewayPlan()
        plan.sections = "operational:\n  timeouts:\n    default: 1s"
        try await RunningGateway.run(plan) { gateway in
            let client = try await gateway.client.opened()
            #expect(try await client.error("tools/call", ["name": "one_hang", "arguments": [:]])["code"]?.int == 4003)
            try await eventually("the cancellation to reach the backend") {
                try await gateway.stats()["cancellations"] >= 1
            }
        }
    }

    @Test("GB-25: what one session causes to be logged no other session hears")
    func foreignLogs() async throws {
        try await RunningGateway.run { gateway in
            let talker = try await gateway.client.opened()
            let listener = try await gateway.client.opened()
            _ = try await listener.result("logging/setLevel", ["level": "debug"])
            _ = try await listener.text("one_echo", ["text": "x"])
            try await listener.listening { stream in
                _ = try await talker.call("one_log_levels")
                _ = try await talker.text("one_test_trigger_tool_change")
                // The change is for everybody; the messages before it were not.
                #expect(
                    try await stream.messageEvent().message?["method"]?.string == "notifications/tools/list_changed")
            }
        }
    }

    @Test("LC-18: instructions come from all backends, each under its name")
    func instructions() async throws {
        try await RunningGateway.run(Self.notesAnd { $0.profile = .library }) { gateway in
            let reply = try await gateway.client.send("POST", MCPTestClient.initialize("2025-11-25"))
            let text = try (try reply.json["result"]?["instructions"]?.string).orThrow("instructions in \(reply.text)")
            #expect(text.contains("[notes]\nKeeps short notes."))
            #expect(text.contains("[one]\nKnows a few good books"))
        }
    }

    @Test("HL-17: without room for resumption a stream cannot be resumed, and everything else works")
    func nothingKept() async throws {
        try await RunningGateway.run(.limits("maxResumableBytesPerSession: 0")) { gateway in
            let client = try await gateway.client.opened()
            let reply = try await client.send(
                "POST", MCPTestClient.call(1, "one_test_tool_with_progress", meta: ["progressToken": 1]))
            #expect(try reply.messages.count == 4)
            let id = try (reply.events.first?.id).orThrow("an id")
            // Nothing can be replayed; the stream itself is over.
            try await client.listening(after: id) { stream in
                let event = try await stream.event()
                #expect(event == nil)
            }
            try await client.listening { stream in
                _ = try await client.text("one_test_trigger_tool_change")
                #expect(
                    try await stream.messageEvent().message?["method"]?.string == "notifications/tools/list_changed")
            }
        }
    }
}
