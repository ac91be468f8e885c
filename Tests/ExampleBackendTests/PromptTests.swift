// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Testing

@testable import ExampleBackend

@Suite struct PromptTests {
    @Test(
        "Prompts of the conformance suite can be filled in",
        arguments: [
            ("test_simple_prompt", [:], ["text"]),
            ("test_prompt_with_arguments", ["arg1": "x", "arg2": "y"], ["text"]),
            ("test_prompt_with_embedded_resource", ["resourceUri": "test://e"], ["resource", "text"]),
            ("test_prompt_with_image", [:], ["image", "text"]),
        ] as [(String, [String: String], [String])])
    func get(name: String, arguments: [String: String], kinds: [String]) async throws {
        let given = JSONObject(arguments.map { ($0.key, JSONValue.string($0.value)) })
        let result = try await CoreClient.open().result(
            "prompts/get", ["name": .string(name), "arguments": .object(given)])
        let messages = Array(try result["messages"].required().elements)
        #expect(messages.compactMap { $0["content"]?["type"]?.string } == kinds)
        #expect(messages.allSatisfy { $0["role"]?.string == "user" })
        for value in arguments.values { #expect(result.description.contains(value)) }
    }

    @Test func `Missing arguments, wrong arguments and unknown prompts are refused`() async throws {
        let client = try await CoreClient.open()
        let wrong: [JSONValue] = [
            ["name": "test_prompt_with_arguments", "arguments": ["arg1": "x"]],
            ["name": "test_prompt_with_arguments", "arguments": ["arg1": "x", "arg2": 2]],
            ["name": "nobody"], [:],
        ]
        for params in wrong { #expect(try await client.error("prompts/get", params)["code"]?.int == -32602) }
    }

    @Test(
        "Completion proposes values that start with the given text",
        arguments: [
            ("par", ["paris", "park", "party"]), ("part", ["party"]), ("x", []),
        ])
    func prompt(prefix: String, values: [String]) async throws {
        let result = try await CoreClient.open().result(
            "completion/complete",
            [
                "ref": ["type": "ref/prompt", "name": "test_prompt_with_arguments"],
                "argument": ["name": "arg1", "value": .string(prefix)],
            ])
        #expect(result["completion"]?["values"]?.strings == values)
        #expect(result["completion"]?["total"]?.int == values.count)
        #expect(result["completion"]?["hasMore"]?.bool == false)
    }

    @Test func `Completion sees the arguments chosen so far`() async throws {
        let result = try await CoreClient.open().result(
            "completion/complete",
            [
                "ref": ["type": "ref/prompt", "name": "test_prompt_with_arguments"],
                "argument": ["name": "arg2", "value": "par"], "context": ["arguments": ["arg1": "paris"]],
            ])
        #expect(result["completion"]?["values"]?.strings == ["paris-one", "paris-two"])
    }

    @Test func `Completion works for the variable of a template`() async throws {
        let result = try await CoreClient.open().result(
            "completion/complete",
            [
                "ref": ["type": "ref/resource", "uri": "test://template/{id}/data"],
                "argument": ["name": "id", "value": "b"],
            ])
        #expect(result["completion"]?["values"]?.strings == ["beta"])
    }

    @Test(
        "Completion of something unknown is refused",
        arguments: [
            [:],
            ["ref": ["type": "ref/prompt", "name": "nobody"], "argument": ["name": "arg1", "value": ""]],
            ["ref": ["type": "ref/prompt", "name": "test_simple_prompt"], "argument": ["name": "a", "value": ""]],
            ["ref": ["type": "ref/resource", "uri": "test://x"], "argument": ["name": "id", "value": ""]],
            ["ref": ["type": "ref/else"], "argument": ["name": "id", "value": ""]],
            ["ref": ["type": "ref/prompt", "name": "test_prompt_with_arguments"], "argument": ["name": "arg1"]],
        ] as [JSONValue])
    func unknown(params: JSONValue) async throws {
        #expect(try await CoreClient.open().error("completion/complete", params)["code"]?.int == -32602)
    }
}
