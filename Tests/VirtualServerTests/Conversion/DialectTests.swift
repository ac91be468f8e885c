// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import TestSupport
import Testing

@testable import Aggregation
@testable import VirtualServer

struct ResultDialectTests {
    private func legacy(
        _ result: String, _ revision: ProtocolRevision, of method: MCPMethod = .toolsCall,
        from era: ProtocolRevision.Era = .modern
    ) -> String {
        ResultDialect.legacy(json(result), of: method, from: era, to: revision).description
    }

    @Test("What is no news to a revision stays the same bytes", arguments: ProtocolRevision.legacy)
    func unchanged(revision: ProtocolRevision) {
        let text =
            #"{ "content" : [ {"type":"text","text":"\u0061"},{"type":"image","data":"AA==","mimeType":"i/p"} ] , "x":1.0 }"#
        for era in [ProtocolRevision.Era.legacy, .modern] {
            #expect(legacy(text, revision, from: era) == text)
        }
        let read = #"{"contents":[{"uri":"a","blob":"AA=="}]}"#
        #expect(legacy(read, revision, of: .resourcesRead) == read)
    }

    @Test("A Modern result loses what only Modern clients know", arguments: ProtocolRevision.legacy)
    func stripped(revision: ProtocolRevision) {
        let result = #"{"resultType":"complete","contents":[],"ttlMs":5,"cacheScope":"public","_meta":{"v/x":1}}"#
        #expect(legacy(result, revision, of: .resourcesRead) == #"{"contents":[],"_meta":{"v/x":1}}"#)
    }

    @Test(
        "[GB-40] A structured result that is no object becomes text",
        arguments: ["[1,2.0]", "7", "null", "true", #""a\"b""#])
    func structure(value: String) {
        let text = JSONSlice(string: value)
        #expect(
            legacy(#"{"content":[],"structuredContent":\#(value)}"#, .v2025_11_25)
                == #"{"content":[{"type":"text","text":\#(text)}]}"#)
        let has = #"{"content":[{"type":"text","text":"said"}],"structuredContent":\#(value)}"#
        #expect(legacy(has, .v2025_11_25) == #"{"content":[{"type":"text","text":"said"}]}"#)
        let from = #"{"structuredContent":\#(value),"content":[]}"#
        #expect(legacy(from, .v2025_11_25, from: .legacy) == from, "a Legacy backend's own mistake is its own")
    }

    @Test("A structured object stays, and is said in text where nobody looks at it")
    func object() {
        let result = #"{"structuredContent":{"a":1},"content":[]}"#
        #expect(legacy(result, .v2025_11_25) == result)
        #expect(legacy(result, .v2025_06_18) == result)
        for revision in [ProtocolRevision.v2025_03_26, .v2024_11_05] {
            #expect(
                legacy(result, revision, from: .legacy)
                    == #"{"structuredContent":{"a":1},"content":[{"type":"text","text":"{\"a\":1}"}]}"#)
        }
    }

    @Test("A link is text before 2025-06-18, and sound a file before 2025-03-26")
    func content() {
        let link = #"{"type":"resource_link","uri":"file:///a","name":"n"}"#
        let sound = #"{"type":"audio","data":"AA==","mimeType":"audio/wav"}"#
        let text = #"{"type":"text","text":"t"}"#
        let linkText = #"{"type":"text","text":"n: file:///a"}"#
        let file = #"{"type":"resource","resource":{"uri":"audio:content","mimeType":"audio/wav","blob":"AA=="}}"#
        let rows: [(ProtocolRevision, [String])] = [
            (.v2025_11_25, [text, link, sound]), (.v2025_06_18, [text, link, sound]),
            (.v2025_03_26, [text, linkText, sound]), (.v2024_11_05, [text, linkText, file]),
        ]
        for (revision, blocks) in rows {
            #expect(
                legacy(#"{"content":[\#(text),\#(link),\#(sound)],"isError":true}"#, revision, from: .legacy)
                    == #"{"content":[\#(blocks.joined(separator: ","))],"isError":true}"#)
            let messages = blocks.map { #"{"role":"user","content":\#($0)}"# }.joined(separator: ",")
            let source = [text, link, sound].map { #"{"role":"user","content":\#($0)}"# }.joined(separator: ",")
            #expect(
                legacy(#"{"messages":[\#(source)]}"#, revision, of: .promptsGet, from: .legacy)
                    == #"{"messages":[\#(messages)]}"#)
        }
    }

    @Test(
        "Content that is not what it should be does no harm",
        arguments: [
            "{}", #"{"content":7}"#, #"{"content":[7,null,[],{}]}"#, #"{"content":[{"type":7}]}"#,
            #"{"messages":[7,{}]}"#,
        ])
    func odd(result: String) {
        for method in [MCPMethod.toolsCall, .promptsGet] {
            #expect(legacy(result, .v2024_11_05, of: method) == result)
        }
    }
}

struct QuestionDialectTests {
    private func adapted(_ method: MCPMethod, _ params: String, _ revision: ProtocolRevision) -> String? {
        (try? QuestionDialect.adapted(method, json(params), for: revision))?.description
    }

    private func form(_ field: String, mode: String = "") -> String {
        #"{\#(mode)"message":"m","requestedSchema":{"type":"object","properties":{"f":\#(field)},"required":["f"]}}"#
    }

    @Test(
        "2025-06-18 is asked what its forms have, and nothing else",
        arguments: [
            (#"{"type":"boolean","default":true}"#, #"{"type":"boolean","default":true}"#),
            (#"{"type":"string","format":"email"}"#, #"{"type":"string","format":"email"}"#),
            (#"{"type":"string","default":"x","maxLength":3}"#, #"{"type":"string","maxLength":3}"#),
            (#"{"type":"integer","default":1}"#, #"{"type":"integer"}"#),
            (#"{"type":"number","minimum":0}"#, #"{"type":"number","minimum":0}"#),
            (
                #"{"type":"string","enum":["a"],"enumNames":["A"]}"#,
                #"{"type":"string","enum":["a"],"enumNames":["A"]}"#
            ),
            (#"{"type":"string","enum":["a"],"default":"a"}"#, #"{"type":"string","enum":["a"]}"#),
            (
                #"{"type":"string","oneOf":[{"const":"a","title":"A"},{"const":"b","title":"B"}],"default":"a"}"#,
                #"{"type":"string","enum":["a","b"],"enumNames":["A","B"]}"#
            ),
            (#"{"type":"string","oneOf":[{"const":"a"}]}"#, #"{"type":"string","enum":["a"],"enumNames":["a"]}"#),
            (#"{"type":"array","items":{"type":"string","enum":["a"]}}"#, nil),
            (#"{"type":"array","items":{"anyOf":[{"const":"a","title":"A"}]}}"#, nil),
            (#"{"type":"object","properties":{}}"#, nil), (#"{"enum":["a"]}"#, nil), ("7", nil),
            (#"{"type":"string","oneOf":[]}"#, nil), (#"{"type":"string","oneOf":[{"const":1}]}"#, nil),
            (#"{"type":"string","anyOf":[{"const":"a"}]}"#, nil), (#"{"type":["string","null"]}"#, nil),
        ] as [(String, String?)])
    func forms(field: String, older: String?) {
        #expect(adapted(.elicit, form(field), .v2025_06_18) == older.map { form($0) })
        #expect(adapted(.elicit, form(field), .v2025_11_25) == form(field))
        #expect(adapted(.elicit, form(field, mode: #""mode":"form","#), .v2025_06_18) == older.map { form($0) })
    }

    @Test("2025-06-18 has no modes")
    func modes() {
        #expect(adapted(.elicit, #"{"mode":"url","url":"https://a","message":"m"}"#, .v2025_06_18) == nil)
        #expect(adapted(.elicit, #"{"mode":"url","url":"https://a","message":"m"}"#, .v2025_11_25) != nil)
    }

    @Test("Sampling before 2025-11-25 has one block in a message and no tools")
    func sampling() {
        func params(_ content: String, _ more: String = "") -> String {
            #"{"messages":[{"role":"user","content":\#(content)}],"maxTokens":1\#(more)}"#
        }
        let text = #"{"type":"text","text":"t"}"#
        for revision in [ProtocolRevision.v2025_06_18, .v2025_03_26, .v2024_11_05] {
            #expect(adapted(.createMessage, params(text), revision) == params(text))
            #expect(adapted(.createMessage, params("[\(text)]"), revision) == params(text))
            #expect(adapted(.createMessage, params("[\(text),\(text)]"), revision) == nil)
            #expect(adapted(.createMessage, params("[]"), revision) == nil)
            #expect(adapted(.createMessage, params(#"{"type":"tool_use","id":"i"}"#), revision) == nil)
            #expect(adapted(.createMessage, params(text, #","tools":[]"#), revision) == nil)
            let sound = adapted(.createMessage, params(#"{"type":"audio","data":""}"#), revision)
            #expect((sound == nil) == (revision == .v2024_11_05))
        }
        let many = params("[\(text),\(text)]", #","tools":[]"#)
        #expect(adapted(.createMessage, many, .v2025_11_25) == many)
    }

    @Test("A capability that a revision does not have is not one, whoever declares it")
    func capabilities() {
        let declared = ClientCapabilities(json(Ask.everything))
        let before = QuestionDialect.capabilities(declared, .v2025_03_26)
        #expect(before.elicitation == nil && before.sampling != nil && before.roots != nil)
        let forms = QuestionDialect.capabilities(declared, .v2025_06_18)
        #expect(forms.elicitsForms && !forms.elicitsURLs)
        #expect(QuestionDialect.capabilities(declared, .v2025_11_25) == declared)
        let urls = ClientCapabilities(json(#"{"elicitation":{"url":{}}}"#))
        #expect(QuestionDialect.capabilities(urls, .v2025_06_18).elicitation == nil)
    }

    @Test("A question that an older client has no words for is answered with an error, without asking")
    func refused() async throws {
        let client = ScriptedChannel(Ask.everything) { _, _ throws(RequestError) in json("{}") }
        let channel = DialectChannel(client, .v2025_06_18)
        await #expect(throws: RequestError.self) {
            try await channel.ask(.elicit, params: json(#"{"mode":"url","url":"https://a","message":"m"}"#))
        }
        #expect(client.asked.isEmpty)
        _ = try await channel.ask(.elicit, params: json(#"{"mode":"form","message":"m"}"#))
        #expect(client.asked.first?.params?.description == #"{"message":"m"}"#)
    }
}

struct ListDialectTests {
    private func spoken(_ item: String, _ dialect: ListDialect) throws -> String {
        let snapshot = CapabilitySnapshot(
            catalogs: [BackendCatalog(backend: "b", tools: [json(item)])],
            settings: AggregationSettings(prefixFormat: ""))
        let page = JSONSlice(trusted: try snapshot.page(.tools, cursor: nil, dialect: dialect))
        return try #require(page["tools"]?.elements.first { _ in true }).description
    }

    @Test(
        "Legacy clients get an output schema only of objects, and nobody what only tasks of 2025-11-25 need",
        arguments: [
            (#""outputSchema":{"type":"object"}"#, true, true), (#""outputSchema":{"type":"array"}"#, true, false),
            (#""outputSchema":{"anyOf":[]}"#, true, false), (#""outputSchema":{}"#, true, false),
            (#""execution":{"taskSupport":"optional"}"#, false, false), (#""execution":{"x":1}"#, true, true),
            (#""title":"t","icons":[]"#, true, true),
        ])
    func members(member: String, isModern: Bool, isLegacy: Bool) throws {
        let bare = #"{"name":"t","inputSchema":{"type":"object"}}"#
        let item = bare.dropLast() + ",\(member)}"
        #expect(try spoken(String(item), ListDialect(isModern: true)) == (isModern ? String(item) : bare))
        #expect(try spoken(String(item), ListDialect(isModern: false)) == (isLegacy ? String(item) : bare))
    }

    @Test("Who can call tools as tasks is told which; the rest of an execution stays for all")
    func tasks() throws {
        let item = #"{"name":"t","inputSchema":{"type":"object"},"execution":{"taskSupport":"required","x":1}}"#
        #expect(try spoken(item, ListDialect(isModern: false, hasTaskCalls: true)) == item)
        #expect(
            try spoken(item, ListDialect(isModern: false))
                == #"{"name":"t","inputSchema":{"type":"object"},"execution":{"x":1}}"#)
    }

    @Test("A cursor of one dialect goes on in another, and lists without such tools are the same bytes")
    func cursors() throws {
        let tools = (0..<5).map {
            json(#"{"name":"t\#($0)","inputSchema":{"type":"object"},"outputSchema":{"type":"array"}}"#)
        }
        let snapshot = CapabilitySnapshot(
            catalogs: [BackendCatalog(backend: "b", tools: tools, prompts: [json(#"{"name":"p"}"#)])],
            settings: AggregationSettings(prefixFormat: "", pageSize: 2))
        let modern = JSONSlice(trusted: try snapshot.page(.tools, cursor: nil, dialect: ListDialect(isModern: true)))
        let cursor = try #require(modern["nextCursor"]?.string)
        let next = JSONSlice(trusted: try snapshot.page(.tools, cursor: cursor, dialect: ListDialect(isModern: false)))
        #expect(next["tools"]?.elements.compactMap { $0["name"]?.string } == ["t2", "t3"])
        #expect(next["tools"]?.elements.allSatisfy { $0["outputSchema"] == nil } == true)
        let prompts = try snapshot.page(.prompts, cursor: nil, dialect: ListDialect(isModern: false))
        #expect(try prompts == snapshot.page(.prompts, cursor: nil))
    }
}

struct CapabilityNeedTests {
    @Test(
        "What a backend requires is declared or not",
        arguments: [
            (#"{"elicitation":{}}"#, #"{"elicitation":{}}"#, true),
            (#"{"elicitation":{"form":{}}}"#, #"{"elicitation":{}}"#, true),
            (#"{"elicitation":{"url":{}}}"#, #"{"elicitation":{}}"#, false),
            (#"{"elicitation":{"url":{}}}"#, #"{"elicitation":{"url":{}}}"#, true),
            (#"{"elicitation":{}}"#, #"{"elicitation":{"url":{}}}"#, false),
            (#"{"elicitation":{"form":{},"url":{}}}"#, #"{"elicitation":{"url":{}}}"#, false),
            (#"{"sampling":{}}"#, #"{"sampling":{}}"#, true),
            (#"{"sampling":{"tools":{}}}"#, #"{"sampling":{}}"#, false),
            (#"{"roots":{}}"#, "{}", false), (#"{"roots":{}}"#, #"{"roots":{}}"#, true), ("{}", "{}", true),
            (#"{"extensions":{"a/b":{}}}"#, #"{"extensions":{"a/b":{}}}"#, true),
            (#"{"extensions":{"a/b":{}}}"#, #"{"extensions":{}}"#, false), (#"{"other":{}}"#, "{}", false),
        ])
    func required(required: String, declared: String, isDeclared: Bool) {
        #expect(
            CapabilityNeed.isDeclared(json(required), by: ClientCapabilities(json(declared))) == isDeclared)
    }

    @Test("Needs are spelled as capabilities, each once")
    func spelled() {
        #expect(
            JSONSlice(CapabilityNeed.required([.forms, .urls, .forms, .samplingTools, .sampling, .roots])).description
                == #"{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"roots":{}}"#)
    }

    @Test("An undeclared method does not exist; an undeclared part of one is a wrong parameter")
    func refusals() {
        let forms = ClientCapabilities(json(#"{"elicitation":{},"sampling":{}}"#))
        #expect(CapabilityNeed.urls.refusal(to: .elicit, declared: forms).code == .invalidParams)
        #expect(CapabilityNeed.samplingTools.refusal(to: .createMessage, declared: forms).code == .invalidParams)
        #expect(CapabilityNeed.urls.refusal(to: .elicit, declared: .none).code == .methodNotFound)
        #expect(CapabilityNeed.roots.refusal(to: .rootsList, declared: forms).code == .methodNotFound)
    }
}
