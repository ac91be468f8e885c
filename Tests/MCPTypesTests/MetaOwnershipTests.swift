// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Testing

/// What an object becomes when it crosses from one hop to the next.
struct CrossingCase: Sendable, CustomTestStringConvertible {
    let rule: String
    let object: String
    let token: Int?
    let crossed: String

    init(_ rule: String, _ object: String, token: Int? = nil, _ crossed: String) {
        self.rule = rule
        self.object = object
        self.token = token
        self.crossed = crossed
    }

    var testDescription: String { rule }
}

@Suite struct MetaOwnershipTests {
    @Test(
        "BP-19: prefixes whose second label, or last label but one, is MCP's are reserved",
        arguments: [
            "io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientInfo",
            "io.modelcontextprotocol/clientCapabilities", "io.modelcontextprotocol/logLevel",
            "io.modelcontextprotocol/serverInfo", "io.modelcontextprotocol/subscriptionId", "io.modelcontextprotocol/",
            "io.modelcontextprotocol/unheard-of", "dev.mcp/x", "com.mcp.tools/x", "org.modelcontextprotocol.api/x",
            "mcp.dev/x", "modelcontextprotocol.io/x", "tools.mcp.com/x", "a.b.mcp.com/x",
        ])
    func reserved(_ key: String) {
        #expect(MetaOwnership.isReserved(key))
    }

    @Test(
        "BP-20: every other key belongs to whoever put it there",
        arguments: [
            "progressToken", "traceparent", "tracestate", "baggage", "com.example/x", "com.example.mcp/x", "mcp/x",
            "modelcontextprotocol/x", "io.modelcontextprotocols/x", "io.mymcp/x", "com.example/mcp.dev", "x", "", "/",
            "io.modelcontextprotocol", "com.example.a.mcp/x",
        ])
    func free(_ key: String) {
        #expect(!MetaOwnership.isReserved(key))
    }

    @Test(
        "BP-19, BP-20: the hop's keys end here and everything else passes byte for byte",
        arguments: [
            CrossingCase("no _meta", #"{"name":"x", "arguments":{ }}"#, #"{"name":"x", "arguments":{ }}"#),
            CrossingCase(
                "vendor and trace keys pass",
                #"{"_meta":{"com.example/x":{"n":1.0}, "traceparent":"00-1","tracestate":"a=1","baggage":"b=2"}}"#,
                #"{"_meta":{"com.example/x":{"n":1.0}, "traceparent":"00-1","tracestate":"a=1","baggage":"b=2"}}"#),
            CrossingCase(
                "reserved keys end",
                #"{"a":1,"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"i"},"x":1,"io.modelcontextprotocol/clientInfo":{}}}"#,
                #"{"a":1,"_meta":{"x":1}}"#),
            CrossingCase(
                "an escaped reserved key ends", #"{"_meta":{"io.modelcontextprotocol\/protocolVersion":"1","x":1}}"#,
                #"{"_meta":{"x":1}}"#),
            CrossingCase(
                "a repeated reserved key ends each time",
                #"{"_meta":{"dev.mcp/a":1,"x":1,"dev.mcp/a":2}}"#, #"{"_meta":{"x":1}}"#),
            CrossingCase("_meta that is left empty goes", #"{"a":1,"_meta":{"dev.mcp/a":1}}"#, #"{"a":1}"#),
            CrossingCase("_meta that was empty stays", #"{"a":1,"_meta":{}}"#, #"{"a":1,"_meta":{}}"#),
            CrossingCase("_meta that is no object goes", #"{"_meta":"x","a":1}"#, #"{"a":1}"#),
            CrossingCase(
                "the reserved keys of tasks are end to end",
                #"{"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t"},"io.modelcontextprotocol/model-immediate-response":"r"}}"#,
                #"{"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t"},"io.modelcontextprotocol/model-immediate-response":"r"}}"#
            ),
            CrossingCase(
                "the client's token ends here", #"{"_meta":{"progressToken":"mine","x":1}}"#, #"{"_meta":{"x":1}}"#),
            CrossingCase(
                "and is replaced by ours", #"{"_meta":{"progressToken":"mine","x":1}}"#, token: 7,
                #"{"_meta":{"progressToken":7,"x":1}}"#),
            CrossingCase(
                "a token is added to _meta", #"{"_meta":{"x":1}}"#, token: 7, #"{"_meta":{"x":1,"progressToken":7}}"#),
            CrossingCase("a token adds _meta", #"{"a":1}"#, token: 7, #"{"a":1,"_meta":{"progressToken":7}}"#),
            CrossingCase("a token adds _meta to nothing", "{}", token: 7, #"{"_meta":{"progressToken":7}}"#),
            CrossingCase(
                "_meta of items inside is not ours", #"{"content":[{"_meta":{"dev.mcp/a":1}}]}"#,
                #"{"content":[{"_meta":{"dev.mcp/a":1}}]}"#),
        ])
    func crossing(_ row: CrossingCase) throws {
        let object = try JSONSlice(validating: ByteBuffer(string: row.object))
        let crossed = MetaOwnership.crossing(object, progressToken: row.token)
        #expect(crossed.description == row.crossed)
        #expect(throws: Never.self) { try JSONSlice(validating: crossed.bytes) }
    }

    @Test(
        "BP-19, BP-20: what is ours is put in whatever the object looks like, and the rest stays",
        arguments: [
            "{}", "{ }", #"{"a":1}"#, #"{ "a" : [1] , "b":2 }"#, #"{"_meta":{}}"#, #"{ "_meta" : { } }"#,
            #"{"_meta":{"dev.mcp/a":1}}"#, #"{"_meta":{"dev.mcp/a":1},"a":1}"#, #"{"a":1,"_meta":{"dev.mcp/a":1}}"#,
            #"{ "a":1 , "_meta":{"dev.mcp/a":1} , "b":2 }"#, #"{"_meta":7,"a":1}"#, #"{"a":1,"_meta":[]}"#,
            #"{"a":1,"_meta":{"x":{"y":"}"},"io.modelcontextprotocol/own":5,"progressToken":"t"},"b":2}"#,
            #"{"_meta":{"x":1},"a":1,"_meta":{"y":1}}"#,
        ], [nil, 7])
    func own(_ text: String, _ token: Int?) throws {
        let object = try JSONSlice(validating: ByteBuffer(string: text))
        let own = ByteBuffer(string: #""io.modelcontextprotocol/own":true"#)
        for (own, leading) in [(own, nil), (nil, #""first":0"#), (own, #""first":0"#)] as [(ByteBuffer?, StaticString?)]
        {
            let crossed = MetaOwnership.crossing(object, own: own, progressToken: token, leading: leading)
            #expect(throws: Never.self, "\(crossed)") { try JSONSlice(validating: crossed.bytes) }
            #expect(crossed.duplicateKey() == nil, "\(crossed)")
            #expect(crossed["_meta"]?.duplicateKey() == nil, "\(crossed)")
            #expect(crossed["a"] == object["a"])
            #expect(crossed["b"] == object["b"])
            #expect(crossed["first"]?.int == (leading == nil ? nil : 0))
            #expect(crossed["_meta"]?["io.modelcontextprotocol/own"]?.bool == (own == nil ? nil : true))
            #expect(crossed["_meta"]?["progressToken"]?.int == token)
            #expect(crossed["_meta"]?["dev.mcp/a"] == nil)
            if text.contains("\"x\":{") { #expect(crossed["_meta"]?["x"]?["y"]?.string == "}") }
        }
    }

    @Test(
        "BP-19: a second _meta hides nothing",
        arguments: [
            #"{"_meta":{"x":1},"_meta":{"dev.mcp/a":1}}"#,
            #"{"_meta":{"dev.mcp/a":1},"_meta":{"dev.mcp/a":1}}"#,
            #"{"_meta":{"x":1},"\u005fmeta":{"dev.mcp/a":1,"progressToken":5}}"#,
        ])
    func repeatedMeta(_ text: String) throws {
        let crossed = MetaOwnership.crossing(try JSONSlice(validating: ByteBuffer(string: text)))
        #expect(!crossed.description.contains("dev.mcp/a"), "\(crossed)")
        #expect(!crossed.description.contains("progressToken"), "\(crossed)")
    }

    @Test("However often a client repeats its token, ours stands there each time", arguments: [1, 2, 10, 1000])
    func repeatedToken(_ count: Int) throws {
        let tokens = [String](repeating: #""progressToken":1"#, count: count)
        let object = try JSONSlice(
            validating: ByteBuffer(string: #"{"name":"x","_meta":{"# + tokens.joined(separator: ",") + "}}"))
        let crossed = MetaOwnership.crossing(object, progressToken: .max)
        let expected = [String](repeating: "\"progressToken\":\(Int.max)", count: count)
        #expect(crossed.description == #"{"name":"x","_meta":{"# + expected.joined(separator: ",") + "}}")
    }
}
