// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import NIOHTTP1
import Testing

@testable import ExampleBackend

@Suite(.timeLimit(.minutes(5))) struct EraTests {
    struct Signal: Sendable {
        let header: String?
        let declared: String?
        let hasSession: Bool
        let era: EraSignal

        init(_ header: String?, _ declared: String?, _ hasSession: Bool, _ era: EraSignal) {
            self.header = header
            self.declared = declared
            self.hasSession = hasSession
            self.era = era
        }
    }

    @Test(
        "HM-01, HM-02, HM-32: the era of a message follows from its header and its metadata",
        arguments: [
            Signal("2026-07-28", #""2026-07-28""#, false, .modern), Signal("2026-07-28", nil, false, .modern),
            Signal("2026-07-28", nil, true, .modern), Signal(nil, #""2026-07-28""#, false, .modern),
            Signal(nil, #""2026-07-28""#, true, .modern), Signal("2025-11-25", nil, false, .legacy),
            Signal("2025-11-25", #""2026-07-28""#, true, .modern), Signal("v999", nil, true, .modern),
            Signal("v999", #""v999""#, false, .modern), Signal(nil, #""v999""#, true, .modern),
            Signal(nil, "7", true, .modern),
            Signal("2025-11-25", #""2025-11-25""#, true, .legacy),
            Signal("2025-11-25", #""2025-11-25""#, false, .refused(requested: "2025-11-25")),
            Signal("2025-11-25", #""2025-06-18""#, true, .modern), Signal(nil, #""2025-11-25""#, true, .legacy),
            Signal(nil, #""2025-11-25""#, false, .modern), Signal(nil, nil, false, .legacy),
            Signal(nil, nil, true, .legacy),
        ])
    func signals(signal: Signal) throws {
        let declared = try signal.declared.map { try JSONSlice(validating: ByteBuffer(string: $0)) }
        #expect(EraSignal.of(header: signal.header, declared: declared, hasSession: signal.hasSession) == signal.era)
    }

    @Test("LC-11: discover lists the versions of the era", arguments: Era.allCases) func versions(era: Era) async throws
    {
        let client = ModernClient { $0.era = era }
        let versions = try await client.result("server/discover")["supportedVersions"]?.strings
        #expect(versions?.contains("2026-07-28") == (era != .legacy))
        #expect(versions?.contains("2025-11-25") == (era != .modern))
    }

    @Test func `LC-15: both eras take turns on one endpoint`() async throws {
        try await withModernBackend { modern in
            let legacy = try await modern.http.opened()
            for _ in 0..<3 {
                #expect(try await legacy.call("echo", ["text": "old"]).json["result"]?.resultType == nil)
                #expect(try await modern.call("echo", ["text": "new"]).json["result"]?.resultType == "complete")
            }
            #expect(try await modern.stats()["liveSessions"]?.int == 1)
        }
    }

    @Test func `HM-32: a Legacy client may send reserved keys other than the version`() async throws {
        try await withModernBackend { modern in
            let legacy = try await modern.http.opened()
            let stray: JSONObject = ["io.modelcontextprotocol/clientInfo": ["name": "x", "version": "1"]]
            let answer = try await legacy.send(
                .POST, HTTPClient.call(1, "echo", ["text": "x"], meta: stray),
                headers: [("MCP-Protocol-Version", "2025-11-25")])
            #expect(answer.status == 200)
            #expect(try answer.json["result"]?.text == "x")
        }
    }

    @Test func `A Legacy server takes Modern requests for broken ones of its own`() async throws {
        try await withHTTPBackend { client in
            let answer = try await ModernHTTP(client).send("server/discover")
            #expect(answer.status == 400)
            #expect(try answer.json["error"]?["code"]?.int == -32600)
            let session = try await client.opened()
            let inside = try await session.send(.POST, ModernHTTP(session).body("server/discover"))
            #expect(try inside.json["error"]?["code"]?.int == -32601)
            #expect(inside.status == 200)
        }
    }

    @Test(
        "HM-23: a Modern server has neither GET nor DELETE",
        arguments: [HTTPMethod.GET, .DELETE], [Era.modern, .dual])
    func methods(method: HTTPMethod, era: Era) async throws {
        try await withHTTPBackend {
            $0.era = era
        } _: { client in
            let answer = try await client.send(method, headers: [ModernHTTP.version])
            #expect(answer.status == 405)
            #expect(answer.headers.first(name: "allow") == "POST")
        }
    }

    @Test func `A Modern server answers initialize with the versions that it speaks`() async throws {
        try await withHTTPBackend {
            $0.era = .modern
        } _: { client in
            let answer = try await client.send(.POST, HTTPClient.initialize("2025-11-25"))
            #expect(answer.status == 400)
            let error = try answer.json["error"]
            #expect(error?["code"]?.int == -32022)
            #expect(error?["data"]?["supported"]?.strings == ["2026-07-28"])
            #expect(error?["data"]?["requested"]?.string == "2025-11-25")
            #expect(try answer.json["id"]?.int == 0)
            let batch = try await client.send(.POST, "[]")
            #expect(batch.status == 400)
            #expect(try batch.json["error"]?["code"]?.int == -32600)
        }
    }

    @Test func `LC-02, LC-03: initialize never agrees on a Modern version`() async throws {
        for version in ["2026-07-28", "1999-01-01", "2031-01-01"] {
            let client = try await CoreClient.open(version, options: .init(transport: .stdio, era: .dual))
            #expect(try client.session.revision == .november2025)
        }
    }

    @Test func `BC-08: a server changes its era in place`() async throws {
        try await withModernBackend { modern in
            #expect(try await modern.call("set_era", ["era": "legacy"]).status == 200)
            #expect(try await modern.call("echo", ["text": "x"]).status == 400)
            let legacy = try await modern.http.opened()
            _ = try await legacy.call("set_era", ["era": "modern"])
            #expect(try await modern.call("echo", ["text": "x"]).status == 200)
            #expect(try await legacy.call("echo", ["text": "x"]).status == 400)
        }
    }
}
