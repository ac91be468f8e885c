// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Testing

@Suite struct ClientCapabilitiesTests {
    private func capabilities(_ json: String) throws -> ClientCapabilities {
        ClientCapabilities(try JSONSlice(validating: ByteBuffer(string: json)))
    }

    @Test(
        "Elicitation without modes means forms",
        arguments: [
            ("{}", false, false), (#"{"elicitation":{}}"#, true, false), (#"{"elicitation":{"form":{}}}"#, true, false),
            (#"{"elicitation":{"url":{}}}"#, false, true), (#"{"elicitation":{"form":{},"url":{}}}"#, true, true),
            (#"{"elicitation":{"other":{}}}"#, true, false), (#"{"elicitation":true}"#, false, false),
            (#"{"elicitation":null}"#, false, false),
        ])
    func elicitation(_ json: String, _ forms: Bool, _ urls: Bool) throws {
        let capabilities = try capabilities(json)
        #expect(capabilities.elicitsForms == forms)
        #expect(capabilities.elicitsURLs == urls)
    }

    @Test(
        "Sampling says what it takes",
        arguments: [
            (#"{"sampling":{}}"#, false, false), (#"{"sampling":{"tools":{}}}"#, true, false),
            (#"{"sampling":{"context":{}}}"#, false, true), ("{}", false, false),
        ])
    func sampling(_ json: String, _ tools: Bool, _ context: Bool) throws {
        let capabilities = try capabilities(json)
        #expect(capabilities.samplesWithTools == tools)
        #expect(capabilities.samplesWithContext == context)
    }

    @Test(
        "GB-13: what is declared to a backend is what the client declared and a gateway relays, no more",
        arguments: [
            ("{}", "{}"),
            (#"{"experimental":{"x":{}},"tasks":{"list":{}}}"#, "{}"),
            (#"{"roots":{"listChanged":true}}"#, #"{"roots":{"listChanged":true}}"#),
            (
                #"{"elicitation":{"form":{ }},"sampling":{"tools":{}},"roots":{},"x":1}"#,
                #"{"roots":{},"sampling":{"tools":{}},"elicitation":{"form":{ }}}"#
            ),
            (#"{"roots":true,"sampling":[],"elicitation":"yes"}"#, "{}"),
        ])
    func declaration(_ json: String, _ declared: String) throws {
        #expect(try capabilities(json).declaration.description == declared)
    }

    @Test("No declaration declares nothing")
    func none() {
        #expect(ClientCapabilities(nil) == .none)
        #expect(ClientCapabilities.none.declaration.description == "{}")
    }

    @Test(
        "A server's declarations are read member by member",
        arguments: [
            ("{}", []),
            (#"{"tools":{},"prompts":{"listChanged":true}}"#, ["tools", "prompts"]),
            (#"{"resources":{}}"#, ["resources"]),
            (#"{"resources":{"subscribe":true}}"#, ["resources", "subscribe"]),
            (
                #"{"resources":{"subscribe":false},"logging":{},"completions":{}}"#,
                ["resources", "logging", "completions"]
            ),
        ])
    func server(_ json: String, _ expected: [String]) throws {
        let server = ServerCapabilities(try JSONSlice(validating: ByteBuffer(string: json)))
        let declared = [
            ("tools", server.tools), ("resources", server.resources), ("subscribe", server.subscribe),
            ("prompts", server.prompts), ("logging", server.logging), ("completions", server.completions),
        ]
        #expect(Set(declared.filter(\.1).map(\.0)) == Set(expected))
    }
}
