// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import ExampleBackend

@Suite struct ToolTests {
    @Test("Every tool of the conformance suite's Legacy part and every utility tool is listed") func tools()
        async throws
    {
        let client = try await CoreClient.open()
        let names = Set(
            try await client.result("tools/list")["tools"].required().elements.compactMap { $0["name"]?.string })
        let expected: Set<String> = [
            "test_simple_text", "test_image_content", "test_audio_content", "test_embedded_resource",
            "test_multiple_content_types", "test_tool_with_logging", "test_tool_with_progress", "test_error_handling",
            "test_sampling", "test_elicitation", "test_elicitation_sep1034_defaults",
            "test_elicitation_sep1330_enums", "test_reconnection", "json_schema_2020_12_tool",
            "test_trigger_tool_change", "test_trigger_prompt_change", "add_tool", "remove_tool", "add_prompt",
            "remove_prompt", "add_resource", "remove_resource", "echo", "echo_arguments", "large", "sse_echo",
            "chunked_echo", "slow", "stats", "headers", "whoami", "remember", "recall", "crash", "hang", "garbage",
            "ask_roots", "ask_url", "url_required", "ask_two", "ask_anyway", "ask_afterwards", "sample_with_tools",
            "flood", "log_levels", "resource_link",
            "meta_result", "structured", "touch_watched", "drop_sessions", "bad_frame", "http_status",
            "test_missing_capability", "test_streaming_elicitation", "test_logging_tool", "test_custom_headers",
            "rotating_header", "rotate_header", "call_counts", "set_discover", "set_era", "end_subscriptions",
            "test_input_required_result_elicitation", "test_input_required_result_sampling",
            "test_input_required_result_list_roots", "test_input_required_result_multiple_inputs",
            "test_input_required_result_multi_round", "test_input_required_result_capabilities", "greet",
            "slow_compute", "failing_job", "protocol_error_job", "confirm_delete", "multi_input", "task_question",
            "test_tool_with_task",
        ]
        #expect(names == expected)
    }

    @Test(
        "Every definition of every profile has a name, a description, an object schema and annotations",
        arguments: ExampleBackendOptions.Profile.allCases)
    func definitions(profile: ExampleBackendOptions.Profile) async throws {
        let client = try await CoreClient.open(options: .init(transport: .stdio, profile: profile, extraTools: 2))
        for tool in try await client.result("tools/list")["tools"].required().elements {
            #expect(tool["name"]?.string?.isEmpty == false)
            #expect(tool["description"]?.string?.isEmpty == false)
            #expect(tool["inputSchema"]?["type"]?.string == "object")
            #expect(tool["annotations"]?["readOnlyHint"]?.bool != nil)
            #expect(tool.duplicateKey() == nil)
        }
    }

    @Test(
        "Older revisions do not see what they do not know",
        arguments: [
            ("2024-11-05", false, false), ("2025-03-26", true, false), ("2025-06-18", true, true),
            ("2025-11-25", true, true),
        ])
    func oldDefinitions(revision: String, annotations: Bool, output: Bool) async throws {
        let client = try await CoreClient.open(revision)
        let tools = try await client.result("tools/list")["tools"].required().elements
        let tool = try tools.first { $0["name"]?.isString("structured") == true }.required()
        #expect((tool["annotations"] != nil) == annotations)
        #expect((tool["outputSchema"] != nil) == output)
        #expect((tool["title"] != nil) == output)
        #expect((try await client.call("structured")["structuredContent"] != nil) == output)
    }

    @Test(
        "Content tools answer with their kinds of content",
        arguments: [
            ("test_simple_text", ["text"]), ("test_image_content", ["image"]), ("test_audio_content", ["audio"]),
            ("test_embedded_resource", ["resource"]), ("test_multiple_content_types", ["text", "image", "resource"]),
            ("resource_link", ["resource_link"]),
        ])
    func content(tool: String, kinds: [String]) async throws {
        let result = try await CoreClient.open().call(tool)
        #expect(try result["content"].required().elements.compactMap { $0["type"]?.string } == kinds)
        #expect(!result.isFailure)
    }

    @Test func `A failing tool is a result with isError`() async throws {
        #expect(try await CoreClient.open().call("test_error_handling").isFailure)
    }

    @Test func `Wrong arguments make the tool fail, an unknown tool is an error`() async throws {
        let client = try await CoreClient.open()
        #expect(try await client.call("echo").isFailure)
        #expect(try await client.call("echo", ["text": 1]).isFailure)
        #expect(try await client.call("large", ["bytes": -1]).isFailure)
        #expect(try await client.call("slow", ["milliseconds": "soon"]).isFailure)
        #expect(try await client.error("tools/call", CoreClient.params("nobody"))["code"]?.int == -32602)
        #expect(try await client.error("tools/call", ["name": "echo", "arguments": 1])["code"]?.int == -32602)
        #expect(try await client.error("tools/call")["code"]?.int == -32602)
    }

    @Test("echo gives text back whatever it holds", arguments: ["", "a", "é\n\u{2028}\"\\", "👩‍👩‍👧", "{\"id\":1}"])
    func echo(text: String) async throws {
        let client = try await CoreClient.open()
        for tool in ["echo", "sse_echo", "chunked_echo"] {
            #expect(try await client.text(tool, ["text": .string(text)]) == text)
        }
    }

    @Test func `echo_arguments shows the bytes of arguments and _meta as they arrived`() async throws {
        let client = try await CoreClient.open()
        let arguments = #"{"b":1.0e2, "a":"\u0061" ,"b":12345678901234567890}"#
        let meta = #"{"com.example/x":[ ],"progressToken":"\/"}"#
        let params = #"{"name":"echo_arguments","arguments":\#(arguments),"_meta":\#(meta)}"#
        let request = ClientRequest(
            id: JSONSlice(1), method: "tools/call",
            params: try JSONSlice(validating: ByteBuffer(string: params)))
        let message = try await client.reply(request).message(id: request.id).required()
        let content = try JSONSlice(validating: message)["result"]?["content"].required()
        #expect(content?.elements.compactMap { $0["text"]?.string } == [arguments, meta])
    }

    @Test("large is as large as asked", arguments: [0, 1, 100, 1_000_000, 1_048_577]) func large(size: Int) async throws
    {
        let client = try await CoreClient.open()
        for _ in 0..<2 {
            #expect(try await client.text("large", ["bytes": .number(JSONNumber(size))]).utf8.count == size)
        }
    }

    @Test func `meta_result carries vendor, trace and reserved keys`() async throws {
        let meta = try await CoreClient.open().call("meta_result")["_meta"].required()
        #expect(meta["com.example/vendor"]?["kept"]?.bool == true)
        #expect(meta["traceparent"]?.string?.hasPrefix("00-") == true)
        #expect(meta["io.modelcontextprotocol/serverInfo"] != nil)
    }

    @Test func `structured content fits the output schema unless it is asked to be broken`() async throws {
        let client = try await CoreClient.open()
        let good = try await client.call("structured", ["city": "Oslo"])
        #expect(good["structuredContent"]?["temperature"]?.double == 21.5)
        #expect(good.text == good["structuredContent"]?.description)
        let broken = try await client.call("structured", ["broken": true])
        #expect(broken["structuredContent"]?["temperature"]?.string == "warm")
    }

    @Test func `The JSON Schema tool lists every keyword of 2020-12 that the suite looks for`() async throws {
        let tools = try await CoreClient.open().result("tools/list")["tools"].required().elements
        let schema = try tools.first { $0["name"]?.isString("json_schema_2020_12_tool") == true }?["inputSchema"]
            .required()
        #expect(schema?["$schema"]?.string == "https://json-schema.org/draft/2020-12/schema")
        #expect(schema?["$defs"]?["address"]?["$anchor"]?.string == "addressDef")
        #expect(schema?["properties"]?["address"]?["$ref"]?.string == "#/$defs/address")
        #expect(schema?["additionalProperties"]?.bool == false)
        for keyword in ["allOf", "if", "then", "else"] { #expect(schema?.member(keyword) != nil) }
    }

    @Test func `Synthetic tools have definitions of the usual size and can be called`() async throws {
        let client = try await CoreClient.open(options: .init(transport: .stdio, profile: .notes, extraTools: 12))
        let tools = Array(try await client.result("tools/list")["tools"].required().elements)
        let synthetic = tools.filter { $0["name"]?.string?.hasPrefix("tool_") == true }
        #expect(synthetic.count == 12)
        #expect(synthetic.first?["name"]?.string == "tool_0000" && synthetic.last?["name"]?.string == "tool_0011")
        for tool in synthetic { #expect((250...450).contains(tool.bytes.readableBytes)) }
        #expect(try await client.text("tool_0007", ["query": "x"]) == "tool_0007 called")
    }

    @Test func `headers shows the fields of the request and fails where there are none`() async throws {
        let client = try await CoreClient.open(headers: [("a", "1"), ("b", "2"), ("a", "3")])
        #expect(try await client.text("headers") == #"{"a":"1, 3","b":"2"}"#)
        #expect(try await CoreClient.open().call("headers").isFailure)
    }
}
