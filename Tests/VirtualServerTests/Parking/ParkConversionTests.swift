// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import Testing

@testable import VirtualServer

@Suite("Questions and answers of parked calls")
struct ParkConversionTests {
    private func conversion(
        label: String? = nil, revision: ProtocolRevision = .v2025_11_25,
        declared: CapabilityFingerprint = [.forms, .urls, .sampling], loopback: Bool = false
    ) -> AskConversion {
        AskConversion(
            label: label, revision: revision, declared: declared, maximumBytes: 4096, allowsLoopbackHTTP: loopback)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let method: MCPMethod
        let params: String
        let expected: String
        var testDescription: String { "\(method.name) \(params)" }

        init(_ method: MCPMethod, _ params: String, _ expected: String) {
            self.method = method
            self.params = params
            self.expected = expected
        }
    }

    private static let anySchema = #""requestedSchema":{"type":"object","properties":{}}"#

    @Test(
        "[GB-16, GB-18] A question loses what belongs to its hop, and nothing else",
        arguments: [
            Case(.elicit, #"{"message":"Hi",\#(anySchema),"x":1}"#, #"{"message":"[b] Hi",\#(anySchema),"x":1}"#),
            Case(
                .elicit, #"{"mode":"form","message":"Hi",\#(anySchema),"task":{"ttl":1}}"#,
                #"{"mode":"form","message":"[b] Hi",\#(anySchema)}"#),
            Case(
                .elicit, #"{"message":"Hi",\#(anySchema),"_meta":{"progressToken":1,"com.acme/x":2}}"#,
                #"{"message":"[b] Hi",\#(anySchema),"_meta":{"com.acme/x":2}}"#),
            Case(
                .elicit, #"{"mode":"url","message":"Go","url":"https://a.example/p","elicitationId":"e1"}"#,
                #"{"mode":"url","message":"[b] Go","url":"https://a.example/p"}"#),
            Case(
                .createMessage, #"{"messages":[],"maxTokens":1,"includeContext":"thisServer"}"#,
                #"{"messages":[],"maxTokens":1}"#),
            Case(
                .createMessage, #"{"messages":[],"maxTokens":1,"includeContext":"none"}"#,
                #"{"messages":[],"maxTokens":1}"#),
            Case(.rootsList, #"{"_meta":{"progressToken":3}}"#, "{}"),
        ])
    func converted(_ row: Case) {
        let ask = conversion(label: "b").ask(1, row.method, json(row.params))
        #expect(ask.problem == nil)
        #expect(ask.params.description == row.expected)
        #expect(ask.request["method"] == .string(row.method.name))
    }

    @Test(
        "A question that nobody can be asked says why",
        arguments: [
            Case(.elicit, "{}", "message must be a string and requestedSchema an object"),
            Case(
                .elicit, #"{"message":"x","requestedSchema":[]}"#,
                "message must be a string and requestedSchema an object"),
            Case(.elicit, #"{"mode":"voice"}"#, "Unknown elicitation mode"),
            Case(.elicit, #"{"mode":"url","message":"x"}"#, "url must be an absolute URL"),
            Case(.elicit, #"{"mode":"url","message":"x","url":"https://"}"#, "url must be an absolute URL"),
            Case(
                .elicit, #"{"mode":"url","message":"x","url":"https://u:p@a.example"}"#, "url must be an absolute URL"),
            Case(.elicit, #"{"mode":"url","message":"x","url":"http://a.example"}"#, "url must be an https URL"),
            Case(.elicit, #"{"mode":"url","message":"x","url":"http://localhost/"}"#, "url must be an https URL"),
            Case(.elicit, #"{"mode":"url","message":"x","url":"javascript:alert(1)"}"#, "url must be an absolute URL"),
            Case(.createMessage, #"{"messages":"x"}"#, "messages must be an array"),
        ])
    func malformed(_ row: Case) {
        #expect(conversion().ask(1, row.method, json(row.params)).problem == .malformed(row.expected))
    }

    @Test("URLs: plain HTTP only where it is allowed, none below 2025-11-25; large questions not at all")
    func limits() {
        let local = json(#"{"mode":"url","message":"x","url":"http://127.0.0.1:80/"}"#)
        #expect(conversion(loopback: true).ask(1, .elicit, local).problem == nil)
        #expect(conversion(revision: .v2025_06_18, loopback: true).ask(1, .elicit, local).problem != nil)
        let large = json(#"{"message":"\#(String(repeating: "x", count: 5000))","requestedSchema":{}}"#)
        #expect(conversion().ask(1, .elicit, large).problem == .malformed("The question is larger than 4096 bytes"))
        let ofTask = json(#"{"message":"x",\#(Self.anySchema),"_meta":{"io.modelcontextprotocol/related-task":{}}}"#)
        #expect(conversion().ask(1, .elicit, ofTask).problem == .unavailable(.notParkable))
    }

    // MARK: Answers

    private func form(_ properties: String, required: String = "[]") -> ParkedAsk {
        conversion().ask(
            1, .elicit,
            json(
                #"{"message":"x","requestedSchema":{"type":"object","properties":\#(properties),"required":\#(required)}}"#
            ))
    }

    @Test(
        "Content has to fit the schema that was asked with",
        arguments: [
            (#"{"a":{"type":"string"}}"#, #"{"a":"x"}"#, true),
            (#"{"a":{"type":"string"}}"#, #"{"a":1}"#, false),
            (#"{"a":{"type":"string","minLength":2,"maxLength":3}}"#, #"{"a":"xy"}"#, true),
            (#"{"a":{"type":"string","minLength":2}}"#, #"{"a":"x"}"#, false),
            (#"{"a":{"type":"string","maxLength":1}}"#, #"{"a":"xy"}"#, false),
            (#"{"a":{"type":"string","format":"email"}}"#, #"{"a":"a@b.example"}"#, true),
            (#"{"a":{"type":"string","format":"email"}}"#, #"{"a":"a b"}"#, false),
            (#"{"a":{"type":"string","format":"uri"}}"#, #"{"a":"https://a.example"}"#, true),
            (#"{"a":{"type":"string","format":"uri"}}"#, #"{"a":"nowhere"}"#, false),
            (#"{"a":{"type":"string","format":"date"}}"#, #"{"a":"2026-01-31"}"#, true),
            (#"{"a":{"type":"string","format":"date"}}"#, #"{"a":"2026-13-31"}"#, false),
            (#"{"a":{"type":"string","format":"date-time"}}"#, #"{"a":"2026-01-31T10:00:00Z"}"#, true),
            (#"{"a":{"type":"string","format":"date-time"}}"#, #"{"a":"2026-01-31 noon"}"#, false),
            (#"{"a":{"type":"integer"}}"#, #"{"a":3}"#, true),
            (#"{"a":{"type":"integer"}}"#, #"{"a":3.5}"#, false),
            (#"{"a":{"type":"number","minimum":1,"maximum":2}}"#, #"{"a":1.5}"#, true),
            (#"{"a":{"type":"number","maximum":2}}"#, #"{"a":2.5}"#, false),
            (#"{"a":{"type":"number","minimum":1}}"#, #"{"a":0}"#, false),
            (#"{"a":{"type":"boolean"}}"#, #"{"a":false}"#, true),
            (#"{"a":{"type":"boolean"}}"#, #"{"a":"false"}"#, false),
            (#"{"a":{"type":"string","enum":["x","y"]}}"#, #"{"a":"y"}"#, true),
            (#"{"a":{"type":"string","enum":["x","y"]}}"#, #"{"a":"z"}"#, false),
            (#"{"a":{"type":"string","oneOf":[{"const":"x","title":"X"}]}}"#, #"{"a":"x"}"#, true),
            (#"{"a":{"type":"string","oneOf":[{"const":"x","title":"X"}]}}"#, #"{"a":"X"}"#, false),
            (#"{"a":{"type":"array","items":{"type":"string","enum":["x"]}}}"#, #"{"a":["x"]}"#, true),
            (#"{"a":{"type":"array","items":{"type":"string","enum":["x"]}}}"#, #"{"a":["y"]}"#, false),
            (#"{"a":{"type":"array","items":{"anyOf":[{"const":"x"}]}}}"#, #"{"a":["y"]}"#, false),
            (#"{"a":{"type":"array","minItems":1,"maxItems":1}}"#, #"{"a":[]}"#, false),
            (#"{"a":{"type":"array","minItems":1,"maxItems":1}}"#, #"{"a":["x","y"]}"#, false),
            (#"{"a":{"type":"string"}}"#, #"{"b":7}"#, true),
            (#"{"a":{"type":"string"}}"#, #"{"a":"x","a":"y"}"#, false),
            (#"{"a":{"type":"string"}}"#, "[]", false),
        ])
    func content(_ properties: String, _ content: String, _ fits: Bool) {
        let value = json(#"{"action":"accept","content":\#(content)}"#)
        let answer = AnswerConversion.answer(value, to: form(properties), revision: .v2025_11_25)
        #expect((answer != nil) == fits)
    }

    @Test(
        "[GB-09] An answer to a form is its action, and its content when accepted",
        arguments: [
            (#"{"action":"decline","content":{"a":1},"resultType":"complete"}"#, #"{"action":"decline"}"# as String?),
            (#"{"action":"cancel"}"#, #"{"action":"cancel"}"#),
            (#"{"action":"accept","content":{"a":"x"}}"#, #"{"action":"accept","content":{"a":"x"}}"#),
            (
                #"{"action":"accept","content":{"a":"x"},"_meta":{"io.modelcontextprotocol/serverInfo":{},"v":1}}"#,
                #"{"action":"accept","content":{"a":"x"},"_meta":{"v":1}}"#
            ),
            (#"{"action":"accept"}"#, nil), (#"{"action":"accept","content":{}}"#, nil),
            (#"{"action":"maybe"}"#, nil), ("{}", nil), ("3", nil), (#"{"action":"cancel","action":"accept"}"#, nil),
        ])
    func elicitation(_ value: String, _ expected: String?) throws {
        let ask = form(#"{"a":{"type":"string"}}"#, required: #"["a"]"#)
        let answer = AnswerConversion.answer(json(value), to: ask, revision: .v2025_11_25)
        let result = try answer?.get().description
        #expect(result == expected)
    }

    @Test("A visited page has no content")
    func url() throws {
        let ask = conversion().ask(1, .elicit, json(#"{"mode":"url","message":"x","url":"https://a.example"}"#))
        let answer = AnswerConversion.answer(
            json(#"{"action":"accept","content":{"x":1}}"#), to: ask, revision: .v2025_11_25)
        let result = try answer?.get().description
        #expect(result == #"{"action":"accept"}"#)
    }

    private static let text = #"{"type":"text","text":"a"}"#

    @Test(
        "[GB-16] PK-21: below 2025-11-25 a sampling answer has one block",
        arguments: [
            (text, ProtocolRevision.v2025_06_18, text as String?), ("[\(text)]", .v2025_06_18, text),
            ("[\(text),\(text)]", .v2025_06_18, nil), ("[\(text),\(text)]", .v2025_11_25, "[\(text),\(text)]"),
            (#"{"type":"tool_use","id":"1","name":"t","input":{}}"#, .v2025_06_18, nil),
        ])
    func sampling(_ content: String, _ revision: ProtocolRevision, _ expected: String?) throws {
        let ask = conversion().ask(1, .createMessage, json(#"{"messages":[]}"#))
        let answer = try #require(
            AnswerConversion.answer(
                json(#"{"role":"assistant","model":"m","content":\#(content)}"#), to: ask, revision: revision))
        switch answer {
        case .success(let result): #expect(result["content"]?.description == expected)
        case .failure(let error):
            #expect(expected == nil)
            #expect(error.code == .internalError)
        }
    }

    @Test(
        "What is no answer to sampling or roots is refused",
        arguments: [
            (MCPMethod.createMessage, #"{"role":"assistant","content":\#(text)}"#),
            (.createMessage, #"{"role":"robot","model":"m","content":\#(text)}"#),
            (.createMessage, #"{"role":"user","model":"m","content":{"type":"scent"}}"#),
            (.createMessage, #"{"role":"user","model":"m","content":"a"}"#),
            (.rootsList, "{}"), (.rootsList, #"{"roots":[{"uri":"https://a.example"}]}"#),
            (.rootsList, #"{"roots":3}"#),
        ])
    func noAnswer(_ method: MCPMethod, _ value: String) {
        let ask = conversion().ask(1, method, json(#"{"messages":[]}"#))
        #expect(AnswerConversion.answer(json(value), to: ask, revision: .v2025_11_25) == nil)
    }

    @Test("Roots pass as they are")
    func roots() throws {
        let ask = conversion().ask(1, .rootsList, nil)
        let value = json(#"{"roots":[{"uri":"file:///a","name":"a"}]}"#)
        let answer = try AnswerConversion.answer(value, to: ask, revision: .v2025_11_25)?.get()
        #expect(answer == value)
    }
}
