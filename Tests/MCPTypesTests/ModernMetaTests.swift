// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Testing

@Suite struct ModernMetaTests {
    private static let version = #""io.modelcontextprotocol/protocolVersion":"2026-07-28""#
    private static let capabilities = #""io.modelcontextprotocol/clientCapabilities":{}"#

    private static func params(_ members: String...) -> String {
        #"{"name":"x","_meta":{"# + members.joined(separator: ",") + "}}"
    }

    private func read(_ text: String?) -> Result<ModernMeta, RequestError> {
        let params = text.flatMap { try? JSONSlice(validating: ByteBuffer(string: $0)) }
        do throws(RequestError) {
            return .success(try ModernMeta(params?["_meta"]))
        } catch {
            return .failure(error)
        }
    }

    @Test(
        "HM-03, HM-04, HM-05: required keys that are missing or of another kind are -32602 with status 400",
        arguments: [
            nil, "{}", #"{"_meta":null}"#, #"{"_meta":[]}"#, #"{"_meta":"x"}"#, #"{"_meta":{}}"#,
            params(capabilities), params(version),
            params(#""io.modelcontextprotocol/protocolVersion":20260728"#, capabilities),
            params(#""io.modelcontextprotocol/protocolVersion":null"#, capabilities),
            params(version, #""io.modelcontextprotocol/clientCapabilities":[]"#),
            params(version, #""io.modelcontextprotocol/clientCapabilities":null"#),
            params(version, #""io.modelcontextprotocol/clientCapabilities":true"#),
            params(version, version, capabilities),
            params(version, capabilities, #""io.modelcontextprotocol/clientInfo":"me""#),
            params(version, capabilities, #""io.modelcontextprotocol/logLevel":"loud""#),
            params(version, capabilities, #""io.modelcontextprotocol/logLevel":null"#),
            params(version, capabilities, #""io.modelcontextprotocol/logLevel":7"#),
            params(version, capabilities, #""progressToken":{}"#),
            params(version, capabilities, #""progressToken":1.5"#),
            params(version, capabilities, #""progressToken":true"#),
        ] as [String?])
    func refused(_ text: String?) {
        guard case .failure(let error) = read(text) else {
            Issue.record("accepted")
            return
        }
        #expect(error.code == .invalidParams)
        #expect(error.httpStatus == 400)
        #expect(!error.message.isEmpty)
    }

    @Test("HM-06: clientInfo may be missing, and so may everything that is not required")
    func least() throws {
        let meta = try read(Self.params(Self.version, Self.capabilities)).get()
        #expect(meta.revision == "2026-07-28")
        #expect(meta.clientInfo == nil)
        #expect(meta.capabilities == .none)
        #expect(meta.logLevel == nil)
        #expect(meta.progressToken == nil)
    }

    @Test("M39: each level that there is can be asked for", arguments: LogLevel.allCases)
    func levels(_ level: LogLevel) throws {
        let member = #""io.modelcontextprotocol/logLevel":"\#(level.rawValue)""#
        #expect(try read(Self.params(Self.version, Self.capabilities, member)).get().logLevel == level)
    }

    @Test("A progress token keeps its JSON type", arguments: ["1", #""1""#, "9007199254740993", #""ä""#, "-4"])
    func token(_ token: String) throws {
        let meta = try read(Self.params(Self.version, Self.capabilities, #""progressToken":"# + token)).get()
        #expect(meta.progressToken?.description == token)
    }

    @Test("What a request declares is what it declares, and unknown keys are nobody's business")
    func declared() throws {
        let meta = try read(
            #"{"_meta":{"com.example/x":1,"io.modelcontextprotocol/clientInfo":{"name":"a","version":"1"},"#
                + #""io.modelcontextprotocol/clientCapabilities":{"elicitation":{"url":{}},"roots":{},"#
                + #""extensions":{"io.modelcontextprotocol/tasks":{}}},"#
                + Self.version + "}}"
        ).get()
        #expect(meta.capabilities.elicitsURLs)
        #expect(!meta.capabilities.elicitsForms)
        #expect(meta.capabilities.roots != nil)
        #expect(meta.capabilities.sampling == nil)
        #expect(meta.capabilities.hasTasks)
        #expect(meta.clientInfo?["name"]?.string == "a")
    }

    @Test("BP-20: a request to a backend has our keys for the hop and the caller's for everything else")
    func outgoing() throws {
        let params = JSONSlice([
            "name": "x", "_meta": ["com.example/a": 1, "traceparent": "00-1-2-3", "progressToken": 4],
        ])
        let request = ModernMeta.request(
            RequestParameters(params), ModernMeta.Declaration(capabilities: JSONSlice(["roots": [:]])),
            logLevel: .warning, progressToken: 5)
        let meta = try #require(request["_meta"])
        #expect(meta["com.example/a"]?.int == 1)
        #expect(meta["traceparent"]?.string == "00-1-2-3")
        #expect(meta["progressToken"]?.int == 5)
        #expect(meta[ModernMeta.protocolVersionKey]?.string == "2026-07-28")
        #expect(meta[ModernMeta.clientCapabilitiesKey]?.description == #"{"roots":{}}"#)
        #expect(meta[ModernMeta.clientInfoKey]?["name"]?.string == GatewayIdentity.name)
        #expect(meta[ModernMeta.logLevelKey]?.string == "warning")
        #expect(request["name"]?.string == "x")
        let least = ModernMeta.request(
            RequestParameters(nil), ModernMeta.Declaration(capabilities: .emptyObject), logLevel: nil)
        #expect(least["_meta"]?[ModernMeta.logLevelKey] == nil)
        #expect(try ModernMeta(least["_meta"]).revision == "2026-07-28")
    }
}
