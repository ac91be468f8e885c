// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import JSONTypes
import Logging
import MCPTypes
import NIOCore
import NIOPosix
import Testing

@testable import VirtualServer

@Suite("A call's parameters on their way to a Modern backend")
struct ToolRequestTests {
    private static let ours = ModernMeta.Declaration(capabilities: JSONSlice(["roots": [:]]))
    private static let hop =
        #""io.modelcontextprotocol/protocolVersion":"2026-07-28","#
        + #""io.modelcontextprotocol/clientCapabilities":{"sampling":{"a":"}"}}"#

    /// `_meta` with members that go on and members that do not.
    private static let metas = [
        "{\(hop)}", #"{"traceparent":"00-1-2-3",\#(hop)}"#, #"{\#(hop),"com.example/a":{"b":[1]},"progressToken":7}"#,
        #"{ "progressToken" : "p" , \#(hop) , "traceparent":"\"}" , "dev.mcp/x":1 , "tracestate":"" }"#,
        #"{"\u0070rogressToken":1,\#(hop),"io.modelcontextprotocol\/logLevel":"info"}"#,
    ]

    private static let orders = ["nam", "nma", "anm", "amn", "mna", "man", "nm", "mn"]

    private static func params(_ order: String, meta: String, blank: String = "") -> String {
        let members: [Character: String] = [
            "n": #""name":"one_echo""#, "a": #""arguments":{"name":"x","_meta":{"y":"}"}}"#, "m": #""_meta":\#(meta)"#,
        ]
        return "{" + order.compactMap { members[$0] }.joined(separator: blank + "," + blank) + blank + "}"
    }

    private static func json(_ text: String) throws -> JSONSlice { try JSONSlice(validating: ByteBuffer(string: text)) }

    private static func members(_ object: JSONSlice?) -> [String: JSONSlice] {
        Dictionary((object?.members).map { $0.map { ($0.key.string ?? "", $0.value) } } ?? []) { first, _ in first }
    }

    @Test(
        "BP-19, BP-20: what was looked through once says the same as what is looked through again",
        arguments: orders, metas)
    func known(_ order: String, _ meta: String) throws {
        for blank in ["", " "] {
            let params = try Self.json(Self.params(order, meta: meta, blank: blank))
            let request = try ToolRequest(RequestMembers(params, naming: "name"))
            for name in [nil, #""e""#, #""a_much_longer_name""#] {
                let other = try name.map { try Self.json($0) }
                let parameters = request.named(other, try ModernMeta(params["_meta"]))
                #expect(parameters.knownName == other ?? JSONSlice(string: "one_echo"))
                for token in [nil, 5] {
                    let known = ModernMeta.request(parameters, Self.ours, logLevel: .error, progressToken: token)
                    let anew = ModernMeta.request(
                        RequestParameters(parameters.text), Self.ours, logLevel: .error, progressToken: token)
                    _ = try Self.json(known.description)
                    #expect(known["_meta"]?.duplicateKey() == nil)
                    #expect(Self.members(known["_meta"]) == Self.members(anew["_meta"]))
                    #expect(known["name"] == other ?? JSONSlice(string: "one_echo"))
                    #expect(known["arguments"] == params["arguments"])
                    #expect(known.members.map(\.key) == params.members.map(\.key))
                }
            }
        }
    }

    @Test("Nothing is known of parameters without _meta, of a Legacy client, or that were changed since")
    func unknown() throws {
        let text = Self.params("nam", meta: Self.metas[1])
        let meta = try ModernMeta(try Self.json(text)["_meta"])
        let request = try ToolRequest(RequestMembers(try Self.json(text), naming: "name"))
        #expect(request.named(nil, meta).knownName != nil)
        #expect(request.named(nil, nil).knownName == nil)
        let bare = try ToolRequest(RequestMembers(try Self.json(Self.params("na", meta: "")), naming: "name"))
        #expect(bare.named(nil, meta).knownName == nil)

        let endpoint = HTTPEndpoint(isTLS: false, host: "127.0.0.1", port: 1, target: "/")
        let backend = try Backend(
            settings: BackendSettings(name: "one", endpoint: .streamableHTTP(endpoint), health: try HealthSettings()),
            shards: Shards(group: MultiThreadedEventLoopGroup.singleton),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        defer { backend.close() }
        var call = BackendCall(
            method: .toolsCall, target: "one_echo", backend: backend, original: JSONSlice(string: "echo"),
            parameters: request.named(nil, meta), isRepeatable: false)
        #expect(call.roundParameters.knownName != nil)
        call.responses = try Self.json(#"{"q":{"action":"accept"}}"#)
        #expect(call.roundParameters.knownName == nil)
        #expect(call.roundParameters.text?["inputResponses"]?["q"] != nil)
        call.responses = nil
        call.params = call.params.editing([JSONEdit(key: "x", value: JSONSlice(1))])
        #expect(call.roundParameters.knownName == nil)
        #expect(call.params["x"]?.int == 1)
    }

    @Test("Of a member that is repeated the first one is meant, and the repetition is told")
    func repeated() throws {
        let members = RequestMembers(
            try Self.json(#"{"name":"a","_meta":{"x":1},"task":{},"name":"b","_meta":{},"requestState":"s"}"#),
            naming: "name")
        #expect(members.duplicate == "name")
        #expect(members.name?.string == "a")
        #expect(members.metaValue?["x"]?.int == 1)
        #expect(members.layout.hasTask && members.layout.hasRound)
        #expect(throws: RequestError.self) { try ToolRequest(members) }
        let none = RequestMembers(nil, naming: "name")
        #expect(none.name == nil && none.metaValue == nil && none.duplicate == nil && none.layout == .init())
        #expect(RequestMembers(try Self.json(#"{"name":"a"}"#), naming: nil).name == nil)
    }
}
