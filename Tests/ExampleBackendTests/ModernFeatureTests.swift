// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import ExampleBackend

@Suite(.timeLimit(.minutes(5))) struct ModernFeatureTests {
    @Test(
        "BP-16, BP-21: every result says what it is and where it comes from",
        arguments: [
            ("server/discover", [:]), ("tools/list", [:]), ("resources/list", [:]), ("resources/templates/list", [:]),
            ("prompts/list", [:]), ("resources/read", ["uri": "test://static-text"]),
            ("tools/call", ["name": "echo", "arguments": ["text": "x"]]),
            ("tools/call", ["name": "test_error_handling"]),
            ("tools/call", ["name": "structured"]), ("prompts/get", ["name": "test_simple_prompt"]),
            (
                "completion/complete",
                [
                    "ref": ["type": "ref/prompt", "name": "test_prompt_with_arguments"],
                    "argument": ["name": "arg1", "value": "par"],
                ]
            ),
        ] as [(String, JSONObject)])
    func results(method: String, params: JSONObject) async throws {
        let result = try await ModernClient().result(method, params)
        #expect(result.resultType == "complete")
        #expect(result.duplicateKey() == nil)
        let info = result["_meta"]?["io.modelcontextprotocol/serverInfo"]
        #expect(info?["name"]?.string == "example-everything" && info?["version"]?.string == "1.0.0")
    }

    @Test(
        "GB-49: cacheable results carry their hints on every page, others carry none",
        arguments: [
            ("server/discover", true), ("tools/list", true), ("resources/list", true),
            ("resources/templates/list", true),
            ("prompts/list", true), ("resources/read", true), ("tools/call", false), ("prompts/get", false),
        ])
    func hints(method: String, isCacheable: Bool) async throws {
        let client = ModernClient {
            $0.cacheMilliseconds = 1_500
            $0.pageSize = 2
        }
        var params: JSONObject = ["uri": "test://static-text"]
        if method == "tools/call" { params = ["name": "test_simple_text"] }
        if method == "prompts/get" { params = ["name": "test_simple_prompt"] }
        var cursor: JSONSlice?
        repeat {
            if let cursor { params["cursor"] = .slice(cursor) }
            let result = try await client.result(method, params)
            #expect(result["ttlMs"]?.int == (isCacheable ? 1_500 : nil))
            #expect(result["cacheScope"]?.string == (isCacheable ? "public" : nil))
            cursor = result["nextCursor"]
        } while cursor != nil
    }

    @Test func `LC-10: discover needs nothing before it and names what is there`() async throws {
        let result = try await ModernClient().result("server/discover")
        let capabilities = try result["capabilities"].required()
        #expect(
            capabilities.keys == ["tools", "resources", "prompts", "logging", "completions", "extensions"])
        #expect(capabilities["resources"]?["subscribe"]?.bool == true)
        #expect(capabilities["extensions"]?.member("io.modelcontextprotocol/tasks")?.kind == .object)
        #expect(result["instructions"]?.string?.isEmpty == false && result["serverInfo"] == nil)
    }

    @Test func `Each era lists the tools that work in it`() async throws {
        func names(_ list: JSONSlice) -> Set<String> {
            Set(list["tools"]?.elements.compactMap { $0["name"]?.string } ?? [])
        }
        let legacy = names(try await CoreClient.open().result("tools/list"))
        let modern = names(try await ModernClient().result("tools/list"))
        #expect(legacy.subtracting(modern) == ["remember", "recall", "drop_sessions", "ask_afterwards"])
        #expect(
            modern.subtracting(legacy) == [
                "modern_fault", "state_only_rounds", "endless_rounds", "test_input_required_result_request_state",
                "test_input_required_result_tampered_state",
            ])
        for tool in try await ModernClient().result("tools/list")["tools"].required().elements {
            #expect(tool["execution"] == nil)
        }
    }

    @Test func `BP-15: an unknown resource is an invalid parameter, with its URI`() async throws {
        let error = try await ModernClient().error("resources/read", ["uri": "test://nowhere"])
        #expect(error["code"]?.int == -32602 && error["data"]?["uri"]?.string == "test://nowhere")
    }

    @Test func `BP-15: a page to visit is a question and never the error -32042`() async throws {
        var client = ModernClient(["elicitation": ["url": [:]]])
        let round = try await client.call("url_required")
        let page = round["inputRequests"]?["page"]?["params"]
        #expect(round.resultType == "input_required" && page?["mode"]?.string == "url")
        #expect(page?["url"]?.string?.hasPrefix("https://") == true && page?["elicitationId"] == nil)
        #expect(try await client.call("url_required", responses: ["page": Answers.accept([:])]).text == "Thank you")
        client.capabilities = ModernClient.form
        let error = try await client.error("tools/call", ["name": "url_required"])
        #expect(error["data"]?["requiredCapabilities"]?.description == #"{"elicitation":{"url":{}}}"#)
    }

    @Test func `LC-13: capabilities count for one request alone`() async throws {
        var client = ModernClient(["sampling": [:]])
        #expect(try await client.text("test_missing_capability") == "The capability is there")
        client.capabilities = [:]
        #expect(try await client.error("tools/call", ["name": "test_missing_capability"])["code"]?.int == -32021)
        client.capabilities = ["sampling": [:]]
        #expect(try await client.text("test_missing_capability") == "The capability is there")
    }

    @Test(
        "M38: log messages go to requests that ask for them, from their level on",
        arguments: [(nil, 0), ("debug", 4), ("warning", 2), ("emergency", 0)] as [(String?, Int)])
    func logs(level: String?, count: Int) async throws {
        var client = ModernClient()
        if let level { client.meta["io.modelcontextprotocol/logLevel"] = .string(level) }
        let record = ModernClient.Record()
        _ = try await client.call("test_logging_tool", [:], record)
        #expect(record.all.count == count)
        #expect(record.all("notifications/message").count == count)
    }

    @Test func `GB-23: progress comes under the client's token`() async throws {
        var client = ModernClient()
        client.meta["progressToken"] = "tok/1"
        let record = ModernClient.Record()
        #expect(try await client.call("test_tool_with_progress", [:], record).text == #""tok/1""#)
        let steps = record.all("notifications/progress").compactMap { $0["params"]?["progress"]?.int }
        #expect(steps == [0, 50, 100])
        #expect(record.all.allSatisfy { $0["params"]?["progressToken"]?.string == "tok/1" && $0["id"] == nil })
    }

    @Test func `The metadata of a request and the executions of a tool can be looked at`() async throws {
        var client = ModernClient(["roots": [:]])
        client.meta["com.example/x"] = 7
        for _ in 0..<3 { _ = try await client.call("echo", ["text": "x"]) }
        let counts = try JSONSlice(validating: ByteBuffer(string: try await client.text("call_counts")))
        #expect(counts["echo"]?.int == 3)
        let stats = try await client.stats()
        #expect(stats["lastModernMeta"]?["com.example/x"]?.int == 7)
        #expect(stats["modernRequests"]?.int == 5)
        #expect(try await client.text("whoami").contains(#""capabilities":{"roots":{}}"#))
    }

    @Test(
        "Rules that modern_fault breaks, one by one",
        arguments: ModernFaultTools.Kind.allCases)
    func faults(kind: ModernFaultTools.Kind) async throws {
        let record = ModernClient.Record()
        let answer = try await ModernClient().exchange(
            "tools/call", ModernClient.params("modern_fault", ["kind": .string(kind.rawValue)]), record)
        let result = answer?["result"], code = answer?["error"]?["code"]?.int
        switch kind {
        case .unknownResultType: #expect(result?.resultType == "weird")
        case .noResultType: #expect(result?["content"] != nil && result?.resultType == nil)
        case .nothingRequired: #expect(result?.keys == ["resultType"] && result?.resultType == "input_required")
        case .undeclared: #expect(result?["inputRequests"]?.keys == ["sampling", "roots"])
        case .request: #expect(record.all.first?["id"] != nil && record.all.first?.method == "ping")
        case .log: #expect(record.all.first?.method == "notifications/message")
        case .progress: #expect(record.all.first?.method == "notifications/progress")
        case .notFound: #expect(code == -32002)
        case .urlRequired: #expect(code == -32042)
        case .mismatch: #expect(code == -32020)
        case .version: #expect(code == -32022)
        case .task: #expect(result?.resultType == "task")
        }
    }

    @Test func `GB-14: lists can be made to ask for input, which they must not`() async throws {
        let client = ModernClient { $0.faults.listsAskForInput = true }
        #expect(try await client.result("tools/list").resultType == "input_required")
    }

    @Test func `BC-21: broken header annotations are listed on request`() async throws {
        let client = ModernClient { $0.faults.invalidHeaderTools = true }
        let names = try await client.result("tools/list")["tools"].required().elements.compactMap { $0["name"]?.string }
        #expect(names.count { $0.hasPrefix("invalid_header_") } == 10)
    }

    @Test func `BC-22: a header can be renamed behind the client's back`() async throws {
        try await withModernBackend { modern in
            let old = [("Mcp-Param-Rotating-0", "v")], new = [("Mcp-Param-Rotating-1", "v")]
            #expect(try await modern.call("rotating_header", ["value": "v"], headers: old).status == 200)
            #expect(try await modern.call("rotate_header").status == 200)
            let answer = try await modern.call("rotating_header", ["value": "v"], headers: old)
            #expect(answer.status == 400)
            #expect(try answer.json["error"]?["code"]?.int == -32020)
            #expect(try await modern.call("rotating_header", ["value": "v"], headers: new).status == 200)
        }
    }
}
