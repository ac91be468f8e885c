// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

/// The answer streams that a server of revision 2024-11-05 has open.
private final class AnswerStreams: Sendable {
    private let state = Mutex<[ScriptedReply]>([])

    var all: [ScriptedReply] { state.withLock { $0 } }
    var last: ScriptedReply? { all.last }

    func add(_ stream: ScriptedReply) { state.withLock { $0.append(stream) } }
    func tell(_ event: String) { last?.event(event) }
}

/// A server of revision 2024-11-05: one GET stream for answers, POSTs elsewhere for messages.
private struct LegacyPeer: Sendable {
    typealias Script = @Sendable (ScriptedRequest, ScriptedReply, AnswerStreams) async -> Bool

    let http: ScriptedHTTPBackend
    let streams: AnswerStreams

    /// - Parameter endpoint: what the first event names; `PORT` stands for the server's own.
    static func start(
        endpoint: String = "/messages?session=1", _ script: @escaping Script = { _, _, _ in false }
    ) async throws -> LegacyPeer {
        let streams = AnswerStreams()
        let http = try await ScriptedHTTPBackend.start { request, reply in
            if await script(request, reply, streams) { return }
            let port = request.header("Host")?.split(separator: ":").last ?? ""
            Self.serve(request, reply, streams, endpoint: endpoint.replacing("PORT", with: port))
        }
        return LegacyPeer(http: http, streams: streams)
    }

    func requests(_ verb: String) -> [ScriptedRequest] { http.requests(verb) }

    private static func serve(
        _ request: ScriptedRequest, _ reply: ScriptedReply, _ streams: AnswerStreams, endpoint: String
    ) {
        switch (request.method, request.target) {
        case ("GET", "/sse"):
            reply.openStream()
            streams.add(reply)
            reply.event(endpoint, event: "endpoint")
        case ("POST", "/messages?session=1"):
            reply.accepted()
            guard request.id != nil, let verb = request.verb else { return }
            switch verb {
            case "initialize":
                streams.tell(
                    reply.response(
                        #"{"protocolVersion":"2024-11-05","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1"}}"#
                    ))
            case "tools/call":
                streams.tell(reply.response(#"{"content":[{"type":"text","text":"\#(request.subject ?? "")"}]}"#))
            default: streams.tell(reply.response("{}"))
            }
        default: reply.respond(405)
        }
    }

    func run(
        configure: BackendHarness.Configure = { _ in }, _ body: (BackendHarness) async throws -> Void
    ) async throws {
        let endpoint = try HTTPEndpoint("http://127.0.0.1:\(http.port)/sse").required("a URL")
        try await BackendHarness.run(.legacySSE(endpoint), configure: configure, body)
        await http.stop()
    }
}

@Suite("HTTP with SSE, revision 2024-11-05", .serialized, .timeLimit(.minutes(5)))
struct LegacySSETests {
    @Test("Messages go to the place that the stream names, answers come on the stream")
    func roundTrip() async throws {
        let peer = try await LegacyPeer.start()
        try await peer.run { harness in
            try await harness.withSession { session in
                let handshake = try await harness.open(session)
                #expect(handshake.revision == .v2024_11_05)
                for name in ["one", "two"] { #expect(await harness.call(session, name).text == name) }
            }
            let http = peer.http
            #expect(http.requests(method: "GET").count == 1)
            #expect(http.requests(method: "GET").first?.header("Accept") == "text/event-stream")
            #expect(http.requests(method: "DELETE").isEmpty)
            #expect(
                http.requests(method: "POST").map(\.verb) == [
                    "initialize", "notifications/initialized", "tools/call", "tools/call",
                ])
            #expect(http.requests(method: "POST").allSatisfy { $0.header("MCP-Protocol-Version") == nil })
            #expect(http.requests(method: "POST").allSatisfy { $0.sessionID == nil })
            try await eventually("closing the session closes the stream") { peer.streams.all.allSatisfy { !$0.isOpen } }
        }
    }

    @Test(
        "The place may be relative or absolute, on the same origin",
        arguments: ["/messages?session=1", "messages?session=1", "http://127.0.0.1:PORT/messages?session=1"])
    func sameOrigin(place: String) async throws {
        let peer = try await LegacyPeer.start(endpoint: place)
        try await peer.run { harness in
            try await harness.withSession { session in #expect(await harness.call(session, "x").text == "x") }
        }
    }

    @Test(
        "A place on another origin is refused, and nothing is sent there",
        arguments: [
            "http://127.0.0.1:OTHER/messages", "//127.0.0.1:OTHER/messages", "https://127.0.0.1:PORT/messages",
            "http://localhost:PORT/messages", "http://user@127.0.0.1:PORT/messages", "http://127.0.0.1:PORT@evil/",
            "ftp://127.0.0.1:PORT/messages", "/a b", "/é",
        ]
    )
    func foreignOrigin(place: String) async throws {
        let other = try await ScriptedHTTPBackend.start { _, reply in reply.accepted() }
        let peer = try await LegacyPeer.start(endpoint: place.replacing("OTHER", with: "\(other.port)"))
        try await peer.run { harness in
            try await harness.withSession { session in
                let result = await harness.call(session)
                #expect(result.error != nil && !result.isOutcomeUnknown, "\(result)")
            }
            #expect(peer.http.requests(method: "POST").isEmpty)
            #expect(other.connectionCount == 0)
            let http = peer.http
            try await eventually("the stream is closed") { http.openConnectionCount == 0 }
        }
        await other.stop()
    }

    @Test("A second endpoint event does not move a session that is open")
    func secondEndpoint() async throws {
        let peer = try await LegacyPeer.start { request, _, streams in
            if request.subject == "move" { streams.last?.event("/elsewhere", event: "endpoint") }
            return false
        }
        try await peer.run { harness in
            try await harness.withSession { session in
                for name in ["move", "x", "y"] { #expect(await harness.call(session, name).text == name) }
            }
            #expect(peer.http.requests.allSatisfy { $0.target != "/elsewhere" })
        }
    }

    @Test(
        "A stream that does not open, or opens without a place, is an error at once",
        arguments: ["404", "500", "json", "end", "cut"])
    func noStream(what: String) async throws {
        let peer = try await LegacyPeer.start { request, reply, _ in
            guard request.method == "GET" else { return false }
            switch what {
            case "json": reply.json("{}")
            case "end":
                reply.openStream()
                reply.endStream()
            case "cut":
                reply.openStream()
                reply.close()
            default: reply.respond(Int(what) ?? 500)
            }
            return true
        }
        try await peer.run { harness in
            try await harness.withSession { session in
                let started = ContinuousClock.now
                #expect(await harness.call(session).error != nil)
                #expect(ContinuousClock.now - started < .seconds(5))
            }
            #expect(peer.http.requests(method: "POST").isEmpty)
        }
    }

    @Test("A stream that names no place is given up in time, and closed")
    func silentStream() async throws {
        let peer = try await LegacyPeer.start { request, reply, _ in
            guard request.method == "GET" else { return false }
            reply.openStream()
            return true
        }
        try await peer.run(configure: { $0.requestTimeout = .milliseconds(200) }) { harness in
            try await harness.withSession { session in
                let started = ContinuousClock.now
                #expect(await harness.call(session).error != nil)
                #expect(ContinuousClock.now - started < .seconds(5))
                let http = peer.http
                try await eventually("the stream is closed") { http.openConnectionCount == 0 }
            }
        }
    }

    @Test("The end of the stream fails every call in flight, with an unknown outcome; the next call opens a new one")
    func streamEnds() async throws {
        let peer = try await LegacyPeer.start { request, reply, _ in
            guard request.subject == "hang" else { return false }
            reply.accepted()
            return true
        }
        try await peer.run { harness in
            try await harness.withSession { session in
                _ = try await harness.open(session)
                let calls = (0..<3).map { _ in Task { await harness.call(session, "hang") } }
                try await eventually("the calls are there") { peer.requests("tools/call").count == 3 }
                peer.streams.last?.endStream()
                for call in calls {
                    let result = await call.value
                    #expect(result.isOutcomeUnknown, "\(result)")
                }
                #expect(await harness.call(session, "x").text == "x")
            }
            #expect(peer.http.requests(method: "GET").count == 2)
            #expect(peer.requests("initialize").count == 2)
        }
    }

    @Test("A POST that the server refuses fails its call", arguments: [400, 401, 403, 500, 503])
    func refusedPost(status: Int) async throws {
        let peer = try await LegacyPeer.start { request, reply, _ in
            guard request.subject == "no" else { return false }
            reply.respond(status)
            return true
        }
        try await peer.run { harness in
            try await harness.withSession { session in
                let error = await harness.call(session, "no").error
                #expect(
                    error == ([401, 403].contains(status) ? .unauthorized(status: status) : .rejected(status: status)))
                #expect(await harness.call(session, "x").text == "x")
            }
        }
    }

    @Test("A POST answered with 404 means that the session is lost: a new stream, a new handshake, and the call again")
    func lostSession() async throws {
        let count = Mutex(0)
        let peer = try await LegacyPeer.start { request, reply, _ in
            guard request.verb == "tools/call",
                count.withLock({
                    $0 += 1
                    return $0
                }) == 1
            else { return false }
            reply.respond(404)
            return true
        }
        try await peer.run { harness in
            try await harness.withSession { session in
                #expect(await harness.call(session, "x").text == "x")
                let http = peer.http
                #expect(http.requests(method: "GET").count == 2)
                try await eventually("the old stream is closed", within: .seconds(5)) {
                    peer.streams.all.count == 2 && !peer.streams.all[0].isOpen
                }
            }
        }
    }

    @Test("Calls that wait on the stream of a session that is found lost do not wait for their deadline")
    func lostWithOthers() async throws {
        let peer = try await LegacyPeer.start { request, reply, streams in
            if request.subject == "hang" {
                reply.accepted()
                return true
            }
            guard request.subject == "lost", streams.all.count == 1 else { return false }
            reply.respond(404)
            return true
        }
        try await peer.run { harness in
            try await harness.withSession { session in
                let hanging = Task { await harness.call(session, "hang", timeout: .seconds(20)) }
                try await eventually("the call is there") { peer.requests("tools/call").count == 1 }
                let started = ContinuousClock.now
                #expect(await harness.call(session, "lost").text == "lost")
                let result = await hanging.value
                #expect(result.isOutcomeUnknown, "\(result)")
                #expect(ContinuousClock.now - started < .seconds(10))
            }
        }
    }

    @Test("A timed-out call is withdrawn, and the connection of its POST does not stay")
    func timeout() async throws {
        let peer = try await LegacyPeer.start { request, reply, _ in
            guard request.subject == "hang" else { return false }
            await reply.closed()
            return true
        }
        try await peer.run { harness in
            try await harness.withSession { session in
                _ = try await harness.open(session)
                for _ in 0..<5 {
                    #expect(await harness.call(session, "hang", timeout: .milliseconds(200)).error == .timeout)
                }
                try await eventually("the server is told") { peer.requests("notifications/cancelled").count == 5 }
                let asked = peer.requests("tools/call").compactMap { $0.json?["id"] }
                #expect(
                    Set(peer.requests("notifications/cancelled").compactMap { $0.params?["requestId"] }) == Set(asked))
                let http = peer.http
                try await eventually("the POSTs' connections are closed", within: .seconds(5)) {
                    http.openConnectionCount <= 3
                }
            }
        }
    }

    @Test("Questions and notifications come on the stream, and answers go to the same place as requests")
    func questions() async throws {
        let answered = ScriptedGate()
        let peer = try await LegacyPeer.start { request, reply, streams in
            if request.verb == nil, request.json?["result"] != nil {
                reply.accepted()
                answered.open()
                return true
            }
            guard request.subject == "ask" else { return false }
            reply.accepted()
            streams.tell(#"{"jsonrpc":"2.0","id":0,"method":"roots/list"}"#)
            await answered.wait()
            streams.tell(reply.response(#"{"content":[{"type":"text","text":"asked"}]}"#))
            return true
        }
        try await peer.run { harness in
            try await harness.withSession(#"{"roots":{}}"#) { session in
                let channel = ScriptedChannel(#"{"roots":{}}"#) { _, _ in json(#"{"roots":[]}"#) }
                #expect(await harness.call(session, "ask", channel: channel).text == "asked")
                #expect(channel.asked.count == 1)
            }
        }
    }

    @Test(
        "BC-06: a server that knows no POST of initialize is spoken to in the old way", arguments: [400, 404, 405])
    func fallback(status: Int) async throws {
        let peer = try await LegacyPeer.start { request, reply, _ in
            guard request.method == "POST", request.target == "/sse" else { return false }
            reply.respond(status, type: "text/html", body: "<html>")
            return true
        }
        let http = peer.http
        try await BackendHarness.run("http://127.0.0.1:\(http.port)/sse") { harness in
            try await harness.withSession { session in
                let result = await harness.call(session, "x")
                #expect(result.text == "x", "\(result)")
            }
        }
        #expect(http.requests.prefix(3).map(\.method) == ["POST", "POST", "GET"])
        #expect(http.requests.prefix(2).map(\.verb) == ["initialize", "server/discover"])
        #expect(http.requests("initialize").map(\.target) == ["/sse", "/messages?session=1"])
        await http.stop()
    }

    @Test(
        "BC-06: other answers are no sign of the old transport",
        arguments: [
            "401", "403", "408", "429", "500", "502", "503", "307", "error 400", "error 404", "html",
        ]
    )
    func noFallback(answer: String) async throws {
        let peer = try await LegacyPeer.start { request, reply, _ in
            guard request.method == "POST" else { return false }
            switch answer {
            case "html": reply.respond(200, type: "text/html", body: "<html>")
            case _ where answer.hasPrefix("error"):
                reply.error(-32602, "Unsupported protocol version", status: Int(answer.suffix(3)) ?? 0)
            default: reply.respond(Int(answer) ?? 0)
            }
            return true
        }
        let http = peer.http
        try await BackendHarness.run("http://127.0.0.1:\(http.port)/sse") { harness in
            try await harness.withSession { session in #expect(await harness.call(session).error != nil) }
        }
        #expect(http.requests(method: "GET").isEmpty)
        await http.stop()
    }

    @Test("BC-06: when the old way fails too, the first answer is the one that is told")
    func fallbackFails() async throws {
        let server = try await ScriptedHTTPBackend.start { _, reply in reply.respond(404) }
        try await BackendHarness.run(server.url) { harness in
            try await harness.withSession { session in
                #expect(await harness.call(session).error == .rejected(status: 404))
            }
        }
        #expect(server.requests.map(\.method) == ["POST", "POST", "GET"])
        await server.stop()
    }
}
