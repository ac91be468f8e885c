// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import JSONTypes
import MCPTypes
import TestSupport
import Testing

@testable import VirtualServer

@Suite("Resources, prompts, completion and logging", .serialized, .timeLimit(.minutes(5)))
struct VerbTests {
    private static func configure(_ content: inout ScriptedBackend.Content) {
        content.capabilities =
            #"{"tools":{},"resources":{"subscribe":true},"prompts":{},"logging":{},"completions":{}}"#
    }

    /// Two backends with different resources and prompts.
    private func run(
        _ script: @escaping ScriptedBackend.Script = { _, _ in false },
        _ body: (_ one: ScriptedBackend, _ two: ScriptedBackend, ServerHarness) async throws -> Void
    ) async throws {
        let one = try await ScriptedBackend.start(
            configure: {
                Self.configure(&$0)
                $0.resources = #"[{"uri":"one://a","name":"a"}]"#
                $0.templates = #"[{"uriTemplate":"one://item/{id}","name":"t"}]"#
                $0.prompts = #"[{"name":"hello"}]"#
            }, script)
        let two = try await ScriptedBackend.start(
            configure: {
                Self.configure(&$0)
                $0.capabilities = #"{"tools":{},"resources":{},"prompts":{}}"#
                $0.resources = #"[{"uri":"two://a","name":"a"}]"#
                $0.prompts = #"[{"name":"hello"}]"#
            }, script)
        try await ServerHarness.run(["one": one.url, "two": two.url]) { try await body(one, two, $0) }
        await one.stop()
        await two.stop()
    }

    // MARK: Resources

    @Test("A resource is read at the backend that lists it, or whose template matches")
    func read() async throws {
        try await run { one, two, harness in
            let client = harness.client()
            for (uri, owner) in [("one://a", one), ("two://a", two), ("one://item/7", one)] {
                let result = try await client.read(uri).get()
                #expect(result["contents"]?.elements.first { _ in true }?["uri"]?.string == uri)
                #expect(owner.requests("resources/read").last?.subject == uri)
            }
            #expect(one.requests("resources/read").count == 2)
            #expect(two.requests("resources/read").count == 1)
        }
    }

    @Test(
        "GB-44: an unknown resource is told with its URI, and no backend is asked", arguments: ["none://x", "", "a b"])
    func unknownResource(uri: String) async throws {
        try await run { one, two, harness in
            let error = try #require(await harness.client().read(uri).error)
            #expect(error.code == .resourceNotFound)
            #expect(error.data?["uri"]?.string == uri)
            #expect(one.requests("resources/read").isEmpty && two.requests("resources/read").isEmpty)
        }
    }

    @Test("GB-43: a resource that only a result pointed to can be read by the client that got the result")
    func rememberedLink() async throws {
        let script: ScriptedBackend.Script = { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.result(
                #"{"content":[{"type":"text","text":"resource_link"},{"type":"resource_link","uri":"hidden://x","name":"x"},"#
                    + #"{"type":"resource_link"},{"type":"resource_link","uri":7}]}"#)
            return true
        }
        try await run(script) { one, two, harness in
            let client = harness.client()
            #expect(await client.read("hidden://x").error?.code == .resourceNotFound)
            #expect(await client.callTool(#"{"name":"two_echo"}"#).error == nil)
            #expect(await client.read("hidden://x").error == nil)
            #expect(two.requests("resources/read").last?.subject == "hidden://x")
            #expect(one.requests("resources/read").isEmpty)
            #expect(await harness.client().read("hidden://x").error?.code == .resourceNotFound, "another client")
        }
    }

    @Test("GB-43: a link does not take a listed resource away from its owner")
    func linkToForeignResource() async throws {
        let script: ScriptedBackend.Script = { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.result(#"{"content":[{"type":"resource_link","uri":"one://a","name":"x"}]}"#)
            return true
        }
        try await run(script) { one, two, harness in
            let client = harness.client()
            #expect(await client.callTool(#"{"name":"two_echo"}"#).error == nil)
            #expect(await client.read("one://a").error == nil)
            #expect(one.requests("resources/read").count == 1)
            #expect(two.requests("resources/read").isEmpty)
        }
    }

    @Test("GB-43: the newest links are remembered, a bounded number of them")
    func manyLinks() async throws {
        let script: ScriptedBackend.Script = { request, reply in
            guard request.verb == "tools/call" else { return false }
            let links = (0..<300).map { #"{"type":"resource_link","uri":"hidden://\#($0)","name":"x"}"# }
            reply.result(#"{"content":[\#(links.joined(separator: ","))]}"#)
            return true
        }
        try await run(script) { _, _, harness in
            let client = harness.client()
            #expect(await client.callTool(#"{"name":"two_echo"}"#).error == nil)
            #expect(await client.read("hidden://299").error == nil)
            #expect(await client.read("hidden://44").error == nil)
            #expect(await client.read("hidden://43").error?.code == .resourceNotFound)
        }
    }

    @Test("Subscriptions go to the owner; a backend without them says so")
    func subscribe() async throws {
        try await run { one, two, harness in
            let client = harness.client()
            #expect(await client.subscribe(#"{"uri":"one://a","_meta":{"progressToken":1,"v/x":1}}"#).error == nil)
            #expect(one.requests("resources/subscribe").map(\.subject) == ["one://a"])
            #expect(await client.unsubscribe(#"{"uri":"one://a"}"#).error == nil)
            #expect(one.requests("resources/unsubscribe").map(\.subject) == ["one://a"])
            #expect(await client.subscribe(#"{"uri":"two://a"}"#).error?.code == .methodNotFound)
            #expect(two.requests("resources/subscribe").isEmpty)
            #expect(await client.subscribe(#"{"uri":"none://a"}"#).error?.code == .resourceNotFound)
            #expect(await client.subscribe(#"{"uri":1}"#).error?.code == .invalidParams)
            #expect(await client.subscribe(#"{"uri":"one://a","uri":"two://a"}"#).error?.code == .invalidParams)
        }
    }

    // MARK: Prompts

    @Test("A prompt is got from its backend, under the backend's own name")
    func prompts() async throws {
        try await run { one, two, harness in
            let client = harness.client()
            #expect(await client.prompt(#"{"name":"two_hello","arguments":{"a":"b"}}"#).error == nil)
            #expect(
                two.requests("prompts/get").map { $0.params?.description } == [
                    #"{"name":"hello","arguments":{"a":"b"}}"#
                ])
            #expect(one.requests("prompts/get").isEmpty)
            for params in [
                #"{"name":"hello"}"#, #"{"name":1}"#, "{}", #"{"name":"one_hello","arguments":[]}"#,
                #"{"name":"one_hello","name":"two_hello"}"#,
            ] {
                #expect(await client.prompt(params).error?.code == .invalidParams, "\(params)")
            }
            #expect(await client.prompt(nil).error?.code == .invalidParams)
            #expect(one.requests("prompts/get").isEmpty)
        }
    }

    // MARK: Completion

    @Test("R28: completion goes to the owner of the prompt or template, with the owner's names")
    func completion() async throws {
        try await run { one, two, harness in
            let client = harness.client()
            let argument = #""argument":{"name":"x","value":"y"},"context":{"arguments":{"z":"1"}}"#
            for (reference, owner, sent) in [
                (#"{"type":"ref/prompt","name":"two_hello"}"#, two, #"{"type":"ref/prompt","name":"hello"}"#),
                (
                    #"{"type":"ref/resource","uri":"one://item/{id}"}"#, one,
                    #"{"type":"ref/resource","uri":"one://item/{id}"}"#
                ),
                (#"{"type":"ref/resource","uri":"two://a"}"#, two, #"{"type":"ref/resource","uri":"two://a"}"#),
            ] {
                let result = try await client.complete(#"{"ref":\#(reference),\#(argument)}"#).get()
                #expect(result["completion"]?["values"]?.description == #"["one"]"#)
                #expect(
                    owner.requests("completion/complete").last?.params?.description == #"{"ref":\#(sent),\#(argument)}"#
                )
            }
        }
    }

    @Test(
        "R29: what cannot be routed has no suggestions, which is no error",
        arguments: [
            #"{"type":"ref/prompt","name":"none"}"#, #"{"type":"ref/resource","uri":"none://{x}"}"#,
            #"{"type":"ref/prompt"}"#, #"{"type":"ref/resource"}"#,
        ])
    func unroutable(reference: String) async throws {
        try await run { one, two, harness in
            let result = try await harness.client().complete(
                #"{"ref":\#(reference),"argument":{"name":"x","value":""}}"#
            ).get()
            #expect(result["completion"]?["values"]?.description == "[]")
            #expect(one.requests("completion/complete").isEmpty && two.requests("completion/complete").isEmpty)
        }
    }

    @Test(
        "Completion without a reference, an argument or a known type is an error of the parameters",
        arguments: [
            "{}", #"{"ref":{}}"#, #"{"ref":{"type":1},"argument":{"name":"x"}}"#,
            #"{"ref":{"type":"ref/prompt","name":"one_hello"}}"#,
            #"{"ref":{"type":"ref/prompt","name":"one_hello"},"argument":{}}"#,
            #"{"ref":{"type":"ref/other"},"argument":{"name":"x","value":""}}"#,
            #"{"ref":{"type":"ref/prompt","name":"one_hello"},"ref":{},"argument":{"name":"x"}}"#,
        ])
    func badCompletion(params: String) async throws {
        try await run { _, _, harness in
            #expect(await harness.client().complete(params).error?.code == .invalidParams)
        }
    }

    @Test("GB-52: at most 100 values pass, and a backend without completion has none", arguments: [100, 101, 150])
    func boundedCompletion(count: Int) async throws {
        let script: ScriptedBackend.Script = { request, reply in
            guard request.verb == "completion/complete" else { return false }
            if request.params?["ref"]?["name"] != nil {
                reply.error(-32601, "Method not found")
            } else {
                let values = (0..<count).map { "\"v\($0)\"" }.joined(separator: ",")
                reply.result(#"{"completion":{"values":[\#(values)],"total":\#(count),"hasMore":false}}"#)
            }
            return true
        }
        try await run(script) { _, _, harness in
            let client = harness.client()
            let bounded = try await client.complete(
                #"{"ref":{"type":"ref/resource","uri":"one://a"},"argument":{"name":"x","value":""}}"#
            ).get()
            let values = bounded["completion"]?["values"]?.elements.compactMap(\.string) ?? []
            #expect(values == (0..<min(count, 100)).map { "v\($0)" })
            #expect(bounded["completion"]?["hasMore"]?.bool == (count > 100))
            #expect(bounded["completion"]?["total"]?.int == count)
            let none = try await client.complete(
                #"{"ref":{"type":"ref/prompt","name":"one_hello"},"argument":{"name":"x","value":""}}"#
            ).get()
            #expect(none["completion"]?["values"]?.description == "[]")
        }
    }

    // MARK: Logging and roots

    @Test("A log level reaches the backends that the client uses, and later those that it will use")
    func logLevel() async throws {
        try await run { one, two, harness in
            one.change { $0.capabilities = #"{"tools":{},"logging":{}}"# }
            two.change { $0.capabilities = #"{"tools":{},"logging":{}}"# }
            let client = harness.client()
            #expect(await client.callTool(#"{"name":"one_echo"}"#).error == nil)
            await client.setLogLevel(.warning)
            #expect(one.requests("logging/setLevel").map { $0.params?["level"]?.string } == ["warning"])
            #expect(two.requests("logging/setLevel").isEmpty)
            #expect(await client.callTool(#"{"name":"two_echo"}"#).error == nil)
            #expect(two.requests("logging/setLevel").map { $0.params?["level"]?.string } == ["warning"])
            #expect(await harness.client().callTool(#"{"name":"one_echo"}"#).error == nil)
            #expect(one.requests("logging/setLevel").count == 1, "another client's level is its own")
        }
    }

    @Test("Changed roots are told to the backends that the client has sessions with, and to no other")
    func roots() async throws {
        try await run { one, two, harness in
            let client = harness.client(#"{"roots":{"listChanged":true}}"#)
            #expect(await client.callTool(#"{"name":"one_echo"}"#).error == nil)
            harness.server.rootsChanged(caller: client.caller)
            try await eventually("it is told") { one.requests("notifications/roots/list_changed").count == 1 }
            #expect(two.requests("notifications/roots/list_changed").isEmpty)
        }
    }
}
