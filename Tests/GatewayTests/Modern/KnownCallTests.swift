// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import NIOHTTP1
import TestSupport
import Testing
import VirtualServer

@testable import Gateway

@Suite("Calls that repeat the last one of their connection")
struct KnownCallTests {
    private static let meta =
        #"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","#
        + #""io.modelcontextprotocol/clientCapabilities":{}}"#

    /// The same call with its members in the orders that clients have, `@` for the id and `#` for the arguments.
    private static let forms = [
        #"{"jsonrpc":"2.0","id":@,"method":"tools/call","params":{"name":"t","arguments":#,"_meta":\#(meta)}}"#,
        #"{"method":"tools/call","params":{"_meta":\#(meta),"name":"t","arguments":#},"jsonrpc":"2.0","id":@}"#,
        #" { "id" : @ , "params" : { "arguments" : # , "_meta" : \#(meta) , "name" : "t" } , "#
            + #""method" : "tools/call", "jsonrpc" : "2.0" } "#,
        #"{"jsonrpc":"2.0","params":{"name":"t","task":{},"arguments":#,"_meta":\#(meta)},"id":@,"method":"tools/call"}"#,
    ]
    private static let ids = ["1", "0", "-7", "123456789012", #""a""#, #""""#, #""q\"u\u00e4""#]
    private static let arguments = [
        "{}", #"{"text":"x"}"#, #"{"_meta":{"a":1},"name":"other","id":5}"#, #"{"a":[1,{"b":[null,true]}],"c":"}\"{"}"#,
        #"{"long":"\#(String(repeating: "x", count: 9000))"}"#,
    ]

    private static func headers() -> RequestHeaders {
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/mcp")
        head.headers.add(name: "MCP-Protocol-Version", value: "2026-07-28")
        return RequestHeaders(head)
    }

    private static func text(_ form: String, id: String, arguments: String) -> ByteBuffer {
        ByteBuffer(
            string: form.replacing("@", with: id, maxReplacements: 1).replacing(
                "#", with: arguments, maxReplacements: 1))
    }

    /// What the long way finds.
    private static func read(
        _ body: ByteBuffer, limits: JSONLimits = .standard
    ) throws -> (RequestID, RequestMembers, ModernMeta) {
        guard case .request(let id, _, let params) = try MCPMessage(parsing: body, limits: limits) else {
            throw RequestError(.invalidRequest, "no request")
        }
        let members = RequestMembers(params, naming: "name")
        return (id, members, try KnownMeta().meta(members.metaValue))
    }

    private static func remember(
        _ body: ByteBuffer, in known: KnownCall, _ headers: RequestHeaders, limits: JSONLimits = .standard
    ) throws {
        let (_, members, meta) = try read(body, limits: limits)
        known.remember(body, members, meta, headers, limits)
    }

    /// One that knows a call of this form, seen twice.
    private static func knowing(
        _ form: String, _ headers: RequestHeaders, limits: JSONLimits = .standard
    ) throws -> KnownCall {
        let known = KnownCall()
        for _ in 0..<2 { try remember(text(form, id: "7", arguments: "{}"), in: known, headers, limits: limits) }
        return known
    }

    @Test("What it says of a repetition is what reading it says", arguments: forms)
    func agreement(form: String) throws {
        let headers = Self.headers()
        let known = try Self.knowing(form, headers)
        for id in Self.ids {
            for arguments in Self.arguments {
                let body = Self.text(form, id: id, arguments: arguments)
                let call = try #require(known.repetition(body, headers), "\(id) \(arguments.prefix(60))")
                let (readID, members, meta) = try Self.read(body)
                #expect(call.id == readID)
                #expect(call.members.params == members.params)
                #expect(call.members.layout == members.layout)
                #expect(call.members.duplicate == nil)
                #expect(call.members.name?.string == "t")
                #expect(call.members.metaValue == members.metaValue)
                #expect(call.meta.revision == meta.revision)
                #expect(call.meta.capabilities == meta.capabilities)
            }
        }
    }

    @Test("A call without arguments repeats itself, and none that has some")
    func noArguments() throws {
        let headers = Self.headers()
        let form = #"{"jsonrpc":"2.0","id":@,"method":"tools/call","params":{"name":"t","_meta":\#(Self.meta)}}"#
        let known = try Self.knowing(form, headers)
        let call = try #require(known.repetition(Self.text(form, id: #""z""#, arguments: ""), headers))
        #expect(call.id.json == #""z""#)
        #expect(call.members.layout == RequestMembers(call.members.params, naming: "name").layout)
        #expect(known.repetition(Self.text(Self.forms[0], id: "1", arguments: "{}"), headers) == nil)
    }

    /// Whatever one letter more, less or other makes of it: it is the same call, or read anew.
    @Test("No text is taken for a repetition that means something else", arguments: forms)
    func mutations(form: String) throws {
        let headers = Self.headers()
        let known = try Self.knowing(form, headers)
        let good = Self.text(form, id: "12", arguments: #"{"a":"b"}"#).readableBytesView
        var repetitions = 0
        for place in good.indices {
            for byte in Array(#"0"{}[],:\x "#.utf8) + [0x00, 0xFF] {
                for edit in 0..<3 {
                    var bytes = Array(good)
                    let offset = place - good.startIndex
                    switch edit {
                    case 0: bytes[offset] = byte
                    case 1: bytes.insert(byte, at: offset)
                    default: bytes.removeSubrange(offset..<min(offset + Int(byte & 7) + 1, bytes.count))
                    }
                    let body = ByteBuffer(bytes: bytes)
                    guard let call = known.repetition(body, headers) else { continue }
                    repetitions += 1
                    let (id, members, _) = try Self.read(body)
                    #expect(call.id == id && call.members.params == members.params, "\(String(buffer: body))")
                    #expect(call.members.layout == members.layout && members.duplicate == nil)
                }
            }
        }
        #expect(repetitions > 20, "some of them are good")
    }

    @Test("It is known under the very head that it came with, and only when that head has come twice")
    func heads() throws {
        let headers = Self.headers()
        let known = KnownCall()
        let body = Self.text(Self.forms[0], id: "1", arguments: "{}")
        try Self.remember(body, in: known, headers)
        #expect(known.repetition(body, headers) == nil)
        try Self.remember(body, in: known, headers)
        #expect(known.repetition(body, headers) != nil)
        #expect(known.repetition(body, Self.headers()) == nil)
        #expect(known.repetition(body, headers) != nil, "one that differs takes nothing away")
    }

    @Test("What is bounded is bounded in a repetition too: depth, values, ids")
    func limits() throws {
        let headers = Self.headers()
        let limits = JSONLimits(depth: 6, stringBytes: 100, values: 600)
        let known = try Self.knowing(Self.forms[0], headers, limits: limits)
        func isKnown(id: String = "1", _ arguments: String) -> Bool {
            known.repetition(Self.text(Self.forms[0], id: id, arguments: arguments), headers) != nil
        }
        #expect(isKnown(#"{"a":[[[1]]]}"#))
        #expect(!isKnown(#"{"a":[[[[1]]]]}"#))
        let string = String(repeating: "x", count: 100)
        #expect(isKnown(#"{"a":"\#(string)"}"#))
        #expect(!isKnown(#"{"a":"\#(string)x"}"#))
        #expect(isKnown(#"{"a":[1,2,3]}"#))
        #expect(!isKnown(#"{"a":[\#(Array(repeating: "1", count: 600).joined(separator: ","))]}"#))
        let wide = try Self.knowing(Self.forms[0], headers)
        let long = String(repeating: "x", count: RequestID.maximumLength)
        #expect(wide.repetition(Self.text(Self.forms[0], id: "\"\(long)\"", arguments: "{}"), headers) == nil)
        for id in ["1.5", "null", "{}", "true", "[1]", "01"] {
            #expect(!isKnown(id: id, "{}"), "\(id) is no id")
        }
    }

    @Test("Long calls are not kept, nor the memory of any; long arguments do not count")
    func room() throws {
        let headers = Self.headers()
        let long = String(repeating: "x", count: 5000)
        let form = Self.forms[0].replacing(#""name":"t""#, with: #""name":"t","more":"\#(long)""#)
        #expect(try Self.knowing(form, headers).repetition(Self.text(form, id: "1", arguments: "{}"), headers) == nil)
        let known = KnownCall()
        let body = Self.text(Self.forms[0], id: "1", arguments: Self.arguments[4])
        for _ in 0..<2 { try Self.remember(body, in: known, headers) }
        let call = try #require(known.repetition(Self.text(Self.forms[0], id: "1", arguments: "{}"), headers))
        #expect(call.members.params?.bytes.storageCapacity ?? 0 < 5000)
        #expect(call.meta.clientInfo == nil)
    }

    @Test("Answers to earlier rounds are given once, and repeated keys are refused: neither is kept")
    func unfit() throws {
        let headers = Self.headers()
        for member in [#""requestState":"s""#, #""inputResponses":{}"#, #""name":"u""#] {
            let form = Self.forms[0].replacing(#""name":"t""#, with: #""name":"t",\#(member)"#)
            let known = KnownCall()
            let body = Self.text(form, id: "1", arguments: "{}")
            for _ in 0..<2 { try Self.remember(body, in: known, headers) }
            #expect(known.repetition(body, headers) == nil, "\(member)")
        }
    }

    @Test("A client whose calls all differ is not prepared for for ever; one that repeats itself always is")
    func patience() throws {
        let headers = Self.headers()
        func body(_ name: Int) -> ByteBuffer {
            Self.text(Self.forms[0].replacing(#""t""#, with: #""t\#(name)""#), id: "1", arguments: "{}")
        }
        let known = KnownCall()
        for name in 0..<4 { try Self.remember(body(name), in: known, headers) }
        #expect(known.repetition(body(3), headers) != nil)
        for name in 10..<14 { try Self.remember(body(name), in: known, headers) }
        #expect(known.repetition(body(13), headers) != nil)
        for name in 20..<25 { try Self.remember(body(name), in: known, headers) }
        #expect(known.repetition(body(24), headers) == nil)
    }

    /// One connection on which the same tool is called again and again; what a client gets wrong in between is refused
    /// as it would be the first time.
    @Test("Calls on one connection are each served with their own id and arguments, good ones beside bad ones")
    func served() async throws {
        let backend = try await ScriptedModernBackend.start()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            let connection = try await RawConnection.open(port: gateway.port)
            func answer(
                _ arguments: String, id: String, meta: String = Self.meta, name: String = "one_echo"
            ) async throws -> RawReply {
                let form = Self.forms[0].replacing(Self.meta, with: meta).replacing(#""t""#, with: "\"\(name)\"")
                let body = String(buffer: Self.text(form, id: id, arguments: arguments))
                try await connection.send(
                    gateway.client.http.requestText("POST", body, fields: ModernClient.fields("tools/call", "one_echo"))
                )
                return try await connection.reply()
            }
            for round in 0..<4 {
                let arguments = (0..<3).map {
                    #"{"n":\#(round * 3 + $0),"s":"\#(String(repeating: "x", count: $0 * 7))"}"#
                }
                for (number, text) in arguments.enumerated() {
                    let reply = try await answer(text, id: #""\#(round)-\#(number)""#)
                    #expect(reply.status == 200)
                    #expect(try reply.messages.last?["id"]?.string == "\(round)-\(number)")
                    #expect(try reply.messages.last?["result"]?["content"] != nil)
                    #expect(backend.requests("tools/call").last?.params?["arguments"]?.description == text)
                    #expect(backend.requests("tools/call").last?.params?["name"]?.string == "echo")
                }
                switch round {
                case 0: #expect(try await answer("[]", id: "1").messages.last?["error"]?["code"]?.int == -32602)
                case 1: #expect(try await answer(#"{"n":}"#, id: "1").messages.last?["error"]?["code"]?.int == -32700)
                case 2:
                    let other = try await answer("{}", id: "1", name: "one_other")
                    #expect(other.status == 400)
                    #expect(try other.messages.last?["error"]?["code"]?.int == -32020)
                default:
                    let other = try await answer("{}", id: "1", meta: Self.meta.replacing("2026", with: "2027"))
                    #expect(other.status == 400)
                    #expect(try other.messages.last?["error"]?["code"]?.int == -32020)
                }
            }
            #expect(backend.requests("tools/call").count == 12)
            await connection.close()
        }
        await backend.http.stop()
    }
}
