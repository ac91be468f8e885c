// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite("Finding out a backend's era over HTTP", .serialized, .timeLimit(.minutes(5)))
struct EraDetectionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let what: String
        /// The answer to `server/discover`, the nth time.
        let answer: @Sendable (ScriptedReply, Int) -> Void
        /// The verbs up to the end of the opening.
        let verbs: [String]
        let era: ProtocolRevision.Era?
        let modern: Bool?
        var testDescription: String { what }
    }

    private static let found =
        #"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}"#
    private static let legacy = ["server/discover", "initialize", "notifications/initialized"]

    private static func error(_ reply: ScriptedReply, _ code: Int, _ status: Int, _ data: String) {
        reply.json(
            #"{"jsonrpc":"2.0","id":\#(reply.id),"error":{"code":\#(code),"message":"x","data":\#(data)}}"#,
            status: status)
    }

    private static let answers: [Row] = [
        Row(
            what: "Modern", answer: { reply, _ in reply.result(found) }, verbs: ["server/discover"], era: .modern,
            modern: true),
        Row(
            what: "Modern, as an event stream",
            answer: { reply, _ in
                reply.openStream()
                reply.event(reply.response(found))
                reply.endStream()
            }, verbs: ["server/discover"], era: .modern, modern: true),
        Row(
            what: "negotiated down", answer: { reply, _ in reply.result(#"{"supportedVersions":["2025-06-18"]}"#) },
            verbs: legacy, era: .legacy, modern: false),
        Row(
            what: "a loose result", answer: { reply, _ in reply.result("{}") }, verbs: legacy, era: .legacy,
            modern: false),
        Row(
            what: "-32022 with the same version, once",
            answer: { reply, count in
                if count > 1 { return reply.result(found) }
                error(reply, -32022, 400, #"{"supported":["2026-07-28"]}"#)
            }, verbs: ["server/discover", "server/discover"], era: .modern, modern: true),
        Row(
            what: "-32022 with the same version, always",
            answer: { reply, _ in error(reply, -32022, 400, #"{"supported":["2026-07-28"]}"#) },
            verbs: ["server/discover", "server/discover"], era: nil, modern: nil),
        Row(
            what: "-32022 with older versions",
            answer: { reply, _ in error(reply, -32022, 400, #"{"supported":["2025-11-25"]}"#) }, verbs: legacy,
            era: .legacy, modern: false),
        Row(
            what: "-32020", answer: { reply, _ in reply.error(-32020, "x", status: 400) },
            verbs: ["server/discover"], era: nil, modern: nil),
        Row(
            what: "-32021", answer: { reply, _ in reply.error(-32021, "x", status: 400) },
            verbs: ["server/discover"], era: nil, modern: nil),
        Row(
            what: "404 -32601", answer: { reply, _ in reply.error(-32601, "x", status: 404) }, verbs: legacy,
            era: .legacy, modern: false),
        Row(
            what: "-32602 at 200", answer: { reply, _ in reply.error(-32602, "x") }, verbs: legacy, era: .legacy,
            modern: false),
        Row(
            what: "-32600 without an id",
            answer: { reply, _ in
                reply.json(
                    #"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Missing session ID"}}"#,
                    status: 400)
            }, verbs: legacy, era: .legacy, modern: false),
        Row(
            what: "202", answer: { reply, _ in reply.accepted() }, verbs: legacy, era: .legacy, modern: false),
    ]

    private static let plainTexts: [Row] = [400, 404, 405, 406, 421].map { status in
        Row(
            what: "\(status) in plain text",
            answer: { reply, _ in reply.respond(status, type: "text/plain", body: "no") }, verbs: legacy,
            era: .legacy, modern: false)
    }

    private static let passing: [Row] = [408, 429, 500, 502, 503].map { status in
        Row(
            what: "\(status)", answer: { reply, _ in reply.respond(status) }, verbs: legacy, era: .legacy,
            modern: nil)
    }

    private static let credentials: [Row] = [401, 403, 407].map { status in
        Row(
            what: "\(status)", answer: { reply, _ in reply.respond(status) }, verbs: ["server/discover"],
            era: nil, modern: nil)
    }

    @Test(
        "BC-01 to BC-07: what a backend answers to the probe decides how it is spoken to",
        arguments: answers + plainTexts + passing + credentials)
    func probe(row: Row) async throws {
        let asked = Mutex(0)
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "server/discover" else { return false }
            row.answer(
                reply,
                asked.withLock { asked in
                    asked += 1
                    return asked
                })
            return true
        }
        try await BackendHarness.run(backend.url, configure: { $0.probeTimeout = .seconds(30) }) { harness in
            let session = harness.session(preference: .modernFirst)
            let result = await harness.openResult(session)
            #expect((try? result.get())?.revision.era == row.era, "\(result)")
            #expect(backend.requests.map { $0.verb ?? "" } == row.verbs)
            #expect(harness.backend.eras.modern == row.modern)
            #expect(harness.backend.eras.legacy == (row.era == .legacy ? true : nil))
            await session.close()
        }
        await backend.stop()
    }

    @Test("BC-07: a backend that does not answer the probe in time is spoken to as before, for this once")
    func silent() async throws {
        let gate = ScriptedGate()
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "server/discover" else { return false }
            await gate.wait()
            return true
        }
        try await BackendHarness.run(backend.url, configure: { $0.probeTimeout = .milliseconds(200) }) { harness in
            let session = harness.session(preference: .modernFirst)
            #expect(await harness.call(session).text == "echo")
            #expect(harness.backend.eras == BackendEras(legacy: true))
            await session.close()
        }
        gate.open()
        await backend.stop()
    }

    @Test("BC-02: initialize proposes the newest revision that the probe named")
    func proposal() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "server/discover" else { return false }
            reply.result(#"{"supportedVersions":["2024-11-05","2025-06-18"]}"#)
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session(preference: .modernFirst)
            #expect(await harness.call(session).text == "echo")
            await session.close()
        }
        #expect(backend.requests("initialize").first?.params?["protocolVersion"]?.string == "2025-06-18")
        await backend.stop()
    }

    @Test(
        "BC-08: a backend that knows both eras is spoken to in its caller's; what it is not is remembered",
        arguments: [
            (true, true, EraPreference.legacyFirst, ["initialize"], ProtocolRevision.Era.legacy),
            (true, true, .modernFirst, ["server/discover"], .modern),
            (true, false, .legacyFirst, ["initialize", "server/discover"], .modern),
            (true, false, .modernFirst, ["server/discover"], .modern),
            (false, true, .legacyFirst, ["initialize"], .legacy),
            (false, true, .modernFirst, ["server/discover", "initialize"], .legacy),
        ]
    )
    func preference(
        modern: Bool, legacy: Bool, preference: EraPreference, verbs: [String], era: ProtocolRevision.Era
    ) async throws {
        let backend = try await ScriptedModernBackend.start(configure: {
            $0.speaksModern = modern
            $0.speaksLegacy = legacy
        })
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session(preference: preference)
            #expect(await harness.call(session).text == "echo")
            #expect(session.handshake?.revision.era == era)
            #expect(backend.verbs.prefix(verbs.count).map { $0 ?? "" } == verbs)
            await session.close()
            let before = backend.requests.count
            let second = harness.session(preference: preference)
            #expect(await harness.call(second).text == "echo")
            #expect(backend.verbs[before] == verbs.last)
            await second.close()
        }
        await backend.stop()
    }

    @Test("A forced era is the only one that is tried", arguments: [EraSetting.legacy, .modern])
    func forced(era: EraSetting) async throws {
        let backend = try await ScriptedModernBackend.start(configure: {
            $0.speaksModern = era == .legacy
            $0.speaksLegacy = era == .modern
        })
        try await BackendHarness.run(backend.url, configure: { $0.era = era }) { harness in
            for preference in [EraPreference.legacyFirst, .modernFirst] {
                let session = harness.session(preference: preference)
                #expect(await harness.call(session).error != nil)
                await session.close()
            }
        }
        let other = era == .legacy ? "server/discover" : "initialize"
        #expect(!backend.verbs.contains(other))
        await backend.stop()
    }

    @Test(
        "BC-08: a Modern backend that is replaced by a Legacy one is found out, and the call that was refused repeated")
    func downgrade() async throws {
        let backend = try await ScriptedModernBackend.start()
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session(preference: .modernFirst)
            #expect(await harness.call(session).text == "echo")
            backend.change {
                $0.speaksModern = false
                $0.speaksLegacy = true
            }
            #expect(await harness.call(session).text == "echo")
            #expect(session.handshake?.revision.era == .legacy)
            #expect(harness.backend.eras == BackendEras(legacy: true, modern: false))
            await session.close()
        }
        await backend.stop()
    }

    @Test(
        "BC-08: a Legacy backend that is replaced by a Modern one is found out; a call that may not run twice is repeated only if the refusal says that it did not run",
        arguments: [
            (-32022, false, true), (-32020, false, true), (-32600, false, true), (-32000, false, true),
            (-32602, false, false), (-32602, true, true),
        ])
    func upgrade(code: Int, isRepeatable: Bool, isRepeated: Bool) async throws {
        let isReplaced = Mutex(false)
        let backend = try await ScriptedModernBackend.start(configure: {
            $0.speaksModern = false
            $0.speaksLegacy = true
        }) { request, reply in
            guard isReplaced.withLock({ $0 }), ["tools/call", "ping"].contains(request.verb),
                request.header("MCP-Protocol-Version") != "2026-07-28"
            else { return false }
            reply.error(code, "Refused", status: 400)
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session(preference: .legacyFirst)
            #expect(await harness.call(session).text == "echo")
            isReplaced.withLock { $0 = true }
            backend.change {
                $0.speaksModern = true
                $0.speaksLegacy = false
            }
            let result = await harness.call(session, isRepeatable: isRepeatable)
            if isRepeated {
                #expect(result.text == "echo")
            } else {
                #expect(result.error?.requestError(backend: "b").code.rawValue == code)
                #expect(backend.requests("tools/call").count == 2)
            }
            #expect(await harness.call(session).text == "echo")
            #expect(session.handshake?.revision.era == .modern)
            #expect(harness.backend.eras == BackendEras(legacy: false, modern: true))
            await session.close()
        }
        await backend.stop()
    }

    @Test("BC-09: a lenient Legacy backend runs a Modern call once; from then on it is spoken to as what it is")
    func lenient() async throws {
        let isModern = Mutex(true)
        let backend = try await ScriptedBackend.start(configure: { $0.hasSessions = false }) { request, reply in
            guard request.verb == "server/discover", isModern.withLock({ $0 }) else { return false }
            reply.result(Self.found)
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session(preference: .modernFirst)
            _ = try await harness.open(session)
            isModern.withLock { $0 = false }
            #expect(await harness.call(session, "once").text == "once")
            #expect(backend.requests("tools/call").count == 1)
            #expect(await harness.call(session, "again").text == "again")
            #expect(session.handshake?.revision.era == .legacy)
            #expect(backend.requests("tools/call").count == 2)
            #expect(backend.requests("tools/call").last?.params?["_meta"] == nil, "no Modern keys for Legacy backends")
            await session.close()
        }
        await backend.stop()
    }

    @Test("A Modern backend that leaves resultType out is asked about it once, and keeps its era")
    func noResultType() async throws {
        let backend = try await ScriptedModernBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.result(#"{"content":[{"type":"text","text":"ok"}]}"#)
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session(preference: .modernFirst)
            for _ in 0..<5 { #expect(await harness.call(session).text == "ok") }
            #expect(session.handshake?.revision.era == .modern)
            await session.close()
        }
        #expect(backend.requests("server/discover").count == 2)
        #expect(backend.requests("tools/call").count == 5)
        await backend.stop()
    }
}
