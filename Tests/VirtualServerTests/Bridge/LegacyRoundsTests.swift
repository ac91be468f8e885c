// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import Synchronization
import TestSupport
import Testing

@testable import VirtualServer

/// A Legacy client's calls to a Modern backend.
struct LegacyRoundsTests {
    private static let call = #"{"name":"one_ask","arguments":{"x":1}}"#

    @Test("[GB-06] Every question of a round is asked on the client's session, and the answers go into one attempt")
    func severalKeys() async throws {
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "tools/call" else { return false }
            if request.params?["inputResponses"] == nil {
                reply.round(#"{"a b":\#(Ask.form),"s":\#(Ask.sampling),"r":\#(Ask.roots)}"#, state: #""st""#)
            } else {
                reply.done(request.params?.description ?? "")
            }
            return true
        }) { backend, harness in
            let client = harness.client(.v2025_11_25, Ask.everything) { method, _ throws(RequestError) in
                switch method {
                case .elicit: json(#"{"action":"accept","content":{"name":"n"}}"#)
                case .createMessage:
                    json(#"{"role":"assistant","model":"m","content":{"type":"text","text":"Hello"}}"#)
                default: json(#"{"roots":[{"uri":"file:///x"}]}"#)
                }
            }
            let text = try #require(await client.callTool(Self.call).text)
            let params = json(text)
            #expect(params["name"]?.string == "ask")
            #expect(params["arguments"]?.description == #"{"x":1}"#)
            #expect(params["requestState"]?.string == "st")
            let responses = try #require(params["inputResponses"])
            #expect(responses.members.compactMap(\.key.string) == ["a b", "s", "r"])
            #expect(responses.member("a b")?["content"]?["name"]?.string == "n")
            #expect(responses["s"]?["model"]?.string == "m")
            #expect(responses["r"]?["roots"]?.kind == .array)
            #expect(
                client.channel.asked.map(\.method).sorted { $0.name < $1.name } == [
                    .elicit, .rootsList, .createMessage,
                ])
            #expect(client.channel.asked.first { $0.method == .elicit }?.params?["message"]?.string == "[one] Name?")
            #expect(backend.requests("tools/call").count == 2)
        }
    }

    @Test(
        "[GB-07, GB-12] The backend gets the very state that it gave, and none when it gave none",
        arguments: [nil, #""""#, #""plain""#, #""\u0000\ud83d\ude00 \" \\ é ""#, #""a.b-c_d=""#] as [String?])
    func states(state: String?) async throws {
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "tools/call" else { return false }
            if request.params?["inputResponses"] == nil {
                reply.round(#"{"k":\#(Ask.form)}"#, state: state)
            } else {
                reply.done(request.params?["requestState"]?.description ?? "absent")
            }
            return true
        }) { _, harness in
            let client = harness.client(.v2025_11_25, Ask.everything) { _, _ throws(RequestError) in
                json(#"{"action":"decline"}"#)
            }
            #expect(await client.callTool(Self.call).text == state ?? "absent")
        }
    }

    @Test("[GB-09] Declining and cancelling reach the backend", arguments: ["decline", "cancel"])
    func actions(action: String) async throws {
        try await ServerHarness.withModern(Self.echoAnswers(Ask.form)) { _, harness in
            let client = harness.client(.v2025_11_25, Ask.everything) { _, _ throws(RequestError) in
                JSONSlice(["action": .string(action)])
            }
            #expect(await client.callTool(Self.call).text == #"{"k":{"action":"\#(action)"}}"#)
        }
    }

    /// Asks once, and returns what it was answered.
    private static func echoAnswers(_ question: String) -> ScriptedBackend.Script {
        { request, reply in
            guard request.verb == "tools/call" else { return false }
            if let responses = request.params?["inputResponses"] {
                reply.done(responses.description)
            } else {
                reply.round(#"{"k":\#(question)}"#)
            }
            return true
        }
    }

    @Test("An error of the client cancels an elicitation")
    func elicitationError() async throws {
        try await ServerHarness.withModern(Self.echoAnswers(Ask.form)) { _, harness in
            let client = harness.client(.v2025_11_25, Ask.everything)
            #expect(await client.callTool(Self.call).text == #"{"k":{"action":"cancel"}}"#)
        }
    }

    @Test(
        "Sampling and roots that fail are left out; asked again they may succeed", arguments: [Ask.sampling, Ask.roots])
    func omitted(question: String) async throws {
        let asked = Mutex(0)
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "tools/call" else { return false }
            let responses = request.params?["inputResponses"]
            if responses?["k"] != nil {
                reply.done("answered")
            } else {
                reply.round(#"{"k":\#(question)}"#, state: #""\#(responses?.description.utf8.count ?? 0)""#)
            }
            return true
        }) { backend, harness in
            let client = harness.client(.v2025_11_25, Ask.everything) { method, _ throws(RequestError) in
                let count = asked.withLock { count in
                    count += 1
                    return count
                }
                if count == 1 { throw RequestError(ErrorCode(rawValue: -1), "no") }
                return json("{}")
            }
            #expect(await client.callTool(Self.call).text == "answered")
            let attempts = backend.requests("tools/call")
            try #require(attempts.count == 3)
            #expect(attempts[1].params?["inputResponses"]?.description == "{}")
            #expect(attempts[1].params?["requestState"]?.string == "0")
        }
    }

    @Test("Sampling that fails again ends the call")
    func omittedTwice() async throws {
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.round(#"{"k":\#(Ask.sampling)}"#)
            return true
        }) { backend, harness in
            let error = await harness.client(.v2025_11_25, Ask.everything).callTool(Self.call).error
            #expect(error?.code == .clientDeclined)
            #expect(backend.requests("tools/call").count == 2)
        }
    }

    @Test("[GB-08] A backend that never stops asking is stopped after ten rounds")
    func cap() async throws {
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.round(#"{"k":\#(Ask.form)}"#)
            return true
        }) { backend, harness in
            let client = harness.client(.v2025_11_25, Ask.everything) { _, _ throws(RequestError) in
                json(#"{"action":"accept","content":{}}"#)
            }
            let error = await client.callTool(Self.call).error
            #expect(error?.code == .invalidBackendResponse)
            #expect(error?.message.contains("one") == true)
            #expect(backend.requests("tools/call").count == 11)
            #expect(client.channel.asked.count == 10)
        }
    }

    @Test("A round without questions is only asked again, three times at most")
    func silent() async throws {
        let wanted = Mutex(2)
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "tools/call" else { return false }
            let left = wanted.withLock { left in
                left -= 1
                return left
            }
            #expect(request.params?["inputResponses"] == nil)
            if left >= 0 { reply.round(nil, state: #""wait""#) } else { reply.done() }
            return true
        }) { backend, harness in
            let client = harness.client(.v2025_11_25)
            #expect(await client.callTool(Self.call).text == "done")
            #expect(backend.requests("tools/call").count == 3)
            wanted.withLock { $0 = .max }
            #expect(await client.callTool(Self.call).error?.code == .invalidBackendResponse)
            #expect(backend.requests("tools/call").count == 3 + 4)
        }
    }

    @Test(
        "[GB-05] A question that the client did not declare ends the call, naming the capability, before any is asked",
        arguments: [
            (Ask.form, #"{"sampling":{}}"#, "elicitation (form mode)"),
            (Ask.url, #"{"elicitation":{}}"#, "elicitation (URL mode)"),
            (Ask.sampling, #"{"elicitation":{},"roots":{}}"#, "sampling"), (Ask.roots, "{}", "roots"),
        ])
    func undeclared(question: String, declared: String, name: String) async throws {
        try await ServerHarness.withModern(Self.echoAnswers(question)) { backend, harness in
            let client = harness.client(.v2025_11_25, declared)
            let error = await client.callTool(Self.call).error
            #expect(error?.message.contains(name) == true, "\(String(describing: error))")
            #expect(client.channel.asked.isEmpty)
            #expect(backend.requests("tools/call").count == 1)
        }
    }

    @Test("[GB-18] A page to visit gets an id, and its end is told when the backend stops asking")
    func visits() async throws {
        let rounds = Mutex(0)
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "tools/call" else { return false }
            let number = rounds.withLock { number in
                number += 1
                return number
            }
            if number <= 2 { reply.round(#"{"k\#(number)":\#(Ask.url)}"#) } else { reply.done() }
            return true
        }) { _, harness in
            let client = harness.client(.v2025_11_25, Ask.everything) { _, _ throws(RequestError) in
                json(#"{"action":"accept"}"#)
            }
            #expect(await client.callTool(Self.call).text == "done")
            let asked = client.channel.asked.compactMap { $0.params?["elicitationId"]?.string }
            #expect(asked.count == 2)
            #expect(Set(asked).count == 1, "the same page is one visit")
            let told = client.channel.told(.elicitationComplete)
            #expect(told.compactMap { $0["elicitationId"]?.string } == Array(asked.prefix(1)))
        }
    }

    @Test("Prompts and resources may ask as well, and their result has nothing of the other era")
    func otherVerbs() async throws {
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "prompts/get" || request.verb == "resources/read" else { return false }
            if request.params?["inputResponses"] == nil {
                reply.round(#"{"k":\#(Ask.form)}"#)
            } else if request.verb == "prompts/get" {
                reply.result(#"{"resultType":"complete","messages":[]}"#)
            } else {
                reply.result(
                    #"{"resultType":"complete","ttlMs":5,"cacheScope":"public","contents":[{"uri":"test://one","text":"t"}]}"#
                )
            }
            return true
        }) { _, harness in
            let client = harness.client(.v2025_11_25, Ask.everything)
            let prompt = try await client.prompt(#"{"name":"one_ask"}"#).get()
            #expect(prompt.description == #"{"messages":[]}"#)
            let resource = try await client.read("test://one").get()
            #expect(resource.description == #"{"contents":[{"uri":"test://one","text":"t"}]}"#)
        }
    }

    @Test("What a Legacy client calls an answer or a state never reaches a Modern backend")
    func strayMembers() async throws {
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "tools/call" else { return false }
            let params = request.params
            reply.done("\(params?["inputResponses"] == nil && params?["requestState"] == nil)")
            return true
        }) { _, harness in
            let text = await harness.client(.v2025_11_25).callTool(
                #"{"name":"one_ask","requestState":"x","inputResponses":{"k":{"action":"accept"}}}"#
            ).text
            #expect(text == "true")
        }
    }

    @Test("[GB-26] Cancelling between the rounds withdraws the questions and makes no other attempt")
    func cancellation() async throws {
        let gate = ScriptedGate()
        try await ServerHarness.withModern(Self.echoAnswers(Ask.form)) { backend, harness in
            let client = harness.client(.v2025_11_25, Ask.everything) { _, _ throws(RequestError) in
                await gate.wait()
                return json(#"{"action":"accept","content":{}}"#)
            }
            let task = Task { await client.callTool(Self.call) }
            try await eventually("the client is asked") { client.channel.asked.count == 1 }
            task.cancel()
            #expect(await task.value.error?.code == .cancelled)
            #expect(backend.requests("tools/call").count == 1)
        }
    }

    @Test("[GB-44] A resource that a Modern backend does not have is -32002 to a Legacy client")
    func noResource() async throws {
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "resources/read" else { return false }
            reply.json(
                #"{"jsonrpc":"2.0","id":\#(reply.id),"error":{"code":-32602,"message":"Gone","data":{"uri":"test://one"}}}"#,
                status: 400)
            return true
        }) { _, harness in
            let error = await harness.client(.v2025_11_25).read("test://one").error
            #expect(error?.code == .resourceNotFound)
            #expect(error?.data?["uri"]?.string == "test://one")
        }
    }

    @Test("-32021 from a Modern backend names the capability to a client whose revision has no such error")
    func missingCapability() async throws {
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.json(
                #"{"jsonrpc":"2.0","id":\#(reply.id),"error":{"code":-32021,"message":"m","data":{"requiredCapabilities":{"elicitation":{"form":{}}}}}}"#,
                status: 400)
            return true
        }) { _, harness in
            let error = await harness.client(.v2025_11_25).callTool(Self.call).error
            #expect(error?.code == .internalError)
            #expect(error?.message.contains("elicitation (form)") == true)
            #expect(error?.httpStatus == 200)
        }
    }
}
