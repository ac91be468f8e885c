// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import Logging
import MCPTypes
import NIOCore
import Synchronization
import TestSupport

@testable import Backends
@testable import VirtualServer

/// Time that parked calls, their states and their sessions live in; only tests move it.
final class ParkTestClock: Sendable {
    private let passed = Mutex<Int64>(0)

    var now: NIODeadline { .uptimeNanoseconds(1_000_000_000_000) + .nanoseconds(passed.withLock { $0 }) }
    var date: Date { Date(timeIntervalSince1970: 1_800_000_000 + Double(passed.withLock { $0 }) / 1e9) }
    func advance(_ time: TimeAmount) { passed.withLock { $0 += time.nanoseconds } }

    private struct Wakes {
        var next = 0
        var pending: [Int: NIODeadline] = [:]
        var most = 0
    }

    private let state = Mutex(Wakes())

    /// What is to be woken for, and the most of that at one time; tests wake nobody, they sweep.
    var wakes: [NIODeadline] { state.withLock { $0.pending.values.sorted() } }
    var mostWakes: Int { state.withLock { $0.most } }

    var parking: ParkClock {
        ParkClock(now: { self.now }, date: { self.date }, wake: { delay, _ in self.pend(delay) })
    }

    private func pend(_ delay: TimeAmount) -> ParkClock.Cancel {
        let deadline = now + delay
        let number = state.withLock { state in
            state.next += 1
            state.pending[state.next] = deadline
            state.most = max(state.most, state.pending.count)
            return state.next
        }
        return { self.state.withLock { $0.pending[number] = nil } }
    }
}

/// A Legacy backend with one tool, `ask`, which asks what its test says, and remembers what it is told.
final class AskingBackend: Sendable {
    typealias Tool = @Sendable (Talk) async -> Void

    private struct State {
        var calls = 0
        var callIDs: [String] = []
        var answers: [String: JSONSlice] = [:]
        var gates: [String: ScriptedGate] = [:]
        var cancelled: [String] = []
        var progressTokens: [JSONSlice] = []
    }

    private let state = Mutex(State())

    var calls: Int { state.withLock { $0.calls } }
    /// The ids of the requests that called the tool.
    var callIDs: [String] { state.withLock { $0.callIDs } }
    /// The ids that `notifications/cancelled` named.
    var cancelled: [String] { state.withLock { $0.cancelled } }
    /// What was answered to the question with that id.
    func answer(to id: String) -> JSONSlice? { state.withLock { $0.answers[id] } }

    private func gate(_ id: String) -> ScriptedGate {
        state.withLock { state in
            if let gate = state.gates[id] { return gate }
            let gate = ScriptedGate()
            state.gates[id] = gate
            return gate
        }
    }

    /// One run of the tool.
    struct Talk: Sendable {
        let backend: AskingBackend
        let reply: ScriptedReply
        let progressToken: JSONSlice?

        func ask(_ id: String, _ method: String = "elicitation/create", _ params: String = Talk.form) {
            reply.event(#"{"jsonrpc":"2.0","id":"\#(id)","method":"\#(method)","params":\#(params)}"#)
        }

        static let form =
            #"{"message":"Name?","requestedSchema":{"type":"object","properties":{"n":{"type":"string"}},"required":["n"]}}"#

        /// Waits for the answer; what it says, or its error's code.
        func answer(_ id: String) async -> String {
            await backend.gate(id).wait()
            guard let answer = backend.answer(to: id) else { return "none" }
            if let result = answer["result"] {
                return result["content"]?["n"]?.string ?? result["action"]?.string ?? result.description
            }
            return answer["error"]?["code"]?.description ?? "?"
        }

        func notify(_ method: String, _ params: String) {
            reply.event(#"{"jsonrpc":"2.0","method":"\#(method)","params":\#(params)}"#)
        }

        func progress(_ value: Int) {
            notify(
                "notifications/progress",
                #"{"progressToken":\#(progressToken?.description ?? "null"),"progress":\#(value)}"#)
        }

        func finish(_ text: String) {
            let text = JSONSlice(string: text)
            reply.event(reply.response(#"{"content":[{"type":"text","text":\#(text)}]}"#))
            reply.endStream()
        }

        func fail(_ code: Int, data: String? = nil) {
            let data = data.map { #","data":\#($0)"# } ?? ""
            reply.event(#"{"jsonrpc":"2.0","id":\#(reply.id),"error":{"code":\#(code),"message":"no"\#(data)}}"#)
            reply.endStream()
        }
    }

    func serve(_ request: ScriptedRequest, _ reply: ScriptedReply, _ tool: Tool) async -> Bool {
        guard request.method == "POST", let body = request.json else { return false }
        if request.verb == nil, let id = body["id"]?.string {
            state.withLock { $0.answers[id] = body }
            gate(id).open()
            reply.accepted()
            return true
        }
        if request.verb == "notifications/cancelled" {
            state.withLock { $0.cancelled.append(request.params?["requestId"]?.description ?? "") }
            reply.accepted()
            return true
        }
        guard request.verb == "tools/call" else { return false }
        state.withLock { state in
            state.calls += 1
            state.callIDs.append(request.id ?? "")
        }
        reply.openStream()
        await tool(Talk(backend: self, reply: reply, progressToken: request.params?["_meta"]?["progressToken"]))
        return true
    }
}

/// A core that parks calls, with one asking backend behind it.
struct ParkBench: Sendable {
    let server: ServerHarness
    let backend: AskingBackend
    let scripted: ScriptedBackend
    let lot: ParkingLot
    let shared: SharedSessions
    let seal: StateSeal
    let clock: ParkTestClock

    static let alice = Principal(issuer: "https://issuer.example", subject: "alice")
    static let bob = Principal(issuer: "https://issuer.example", subject: "bob")
    static let tools = ["ask", "other"].map { #"{"name":"\#($0)","inputSchema":{"type":"object"}}"# }

    /// - Parameter gathers: whether questions are gathered; otherwise each is asked at once.
    static func run(
        gathers: Bool = false, revision: String = "2025-11-25",
        limits: CallLimits? = nil, settings change: (inout ParkingSettings) -> Void = { _ in },
        tool: @escaping AskingBackend.Tool,
        _ body: (ParkBench) async throws -> Void
    ) async throws {
        try await Turnstile.servers.pass {
            try await running(
                gathers: gathers, revision: revision, limits: limits, settings: change, tool: tool, body)
        }
    }

    private static func running(
        gathers: Bool, revision: String, limits: CallLimits?, settings change: (inout ParkingSettings) -> Void,
        tool: @escaping AskingBackend.Tool, _ body: (ParkBench) async throws -> Void
    ) async throws {
        let backend = AskingBackend()
        let scripted = try await ScriptedBackend.start(configure: {
            $0.revision = revision
            $0.tools = "[\(tools.joined(separator: ","))]"
        }) { request, reply in await backend.serve(request, reply, tool) }
        var settings = ParkingSettings()
        if !gathers { settings.debounce = .nanoseconds(0) }
        change(&settings)
        let clock = ParkTestClock()
        try await ServerHarness.run(["one": scripted.url]) { harness in
            var sharing = SharingSettings()
            sharing.roots = settings.roots
            let shared = SharedSessions(settings: sharing, now: { clock.now })
            let seal = StateSeal(audience: "https://gateway.example/mcp", now: { clock.date })
            let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            let lot = ParkingLot(
                settings: settings, shared: shared, seal: seal, clock: clock.parking, logger: logger)
            let server = VirtualServer(
                name: "gateway", backends: harness.backends, capabilities: harness.capabilities, seal: seal,
                parking: lot, limiter: limits.map { CallLimiter($0, now: { clock.now }, logger: logger) },
                logger: logger)
            let bench = ParkBench(
                server: ServerHarness(
                    server: server, capabilities: harness.capabilities, backends: harness.backends,
                    shards: harness.shards),
                backend: backend, scripted: scripted, lot: lot, shared: shared, seal: seal, clock: clock)
            do {
                try await body(bench)
            } catch {
                await bench.end()
                throw error
            }
            await bench.end()
        }
        await scripted.stop()
    }

    private func end() async {
        await lot.close(within: .zero)
        await shared.close()
    }

    struct Request: Sendable {
        let channel: ScriptedChannel
        let task: Task<ServerHarness.Client.Answer, Never>
        var answer: ServerHarness.Client.Answer { get async { await task.value } }
    }

    /// Sends one request of a Modern client.
    func send(
        _ arguments: String = "{}", tool: String = "one_ask", state: String? = nil, responses: String? = nil,
        declared: String = ParkBench.forms, principal: Principal = ParkBench.alice, token: Bool = false
    ) throws -> Request {
        let channel = ScriptedChannel(declared)
        let sessions = try shared.sessions(for: principal, capabilities: channel.capabilities).required("sessions")
        let caller = Caller(
            principal: principal, revision: .v2026_07_28, shard: server.shard, channel: channel, sessions: sessions)
        let client = ServerHarness.Client(harness: server, channel: channel, caller: caller)
        var params: JSONObject = ["name": .string(tool), "arguments": .slice(json(arguments))]
        if let state { params["requestState"] = .slice(json(state)) }
        if let responses { params["inputResponses"] = .slice(json(responses)) }
        if token { params["_meta"] = ["progressToken": "t"] }
        let text = JSONSlice(.object(params)).description
        return Request(channel: channel, task: Task { await client.callTool(text) })
    }

    static let forms = #"{"elicitation":{}}"#

    /// Waits until so many questions wait, and for the time in which they are gathered.
    func gather(_ count: Int) async throws {
        try await eventually("\(count) questions wait") { lot.waitingQuestions == count }
        pass(.milliseconds(50))
    }

    func pass(_ time: TimeAmount) {
        clock.advance(time)
        lot.sweep()
        shared.sweep(now: clock.now)
    }
}

extension Result where Success == JSONSlice, Failure == RequestError {
    /// The keys that a round asks for, in their order; `nil` for anything else.
    var keys: [String]? {
        guard let result = try? get(), result["resultType"]?.isString("input_required") == true else { return nil }
        return result["inputRequests"]?.members.compactMap(\.key.string)
    }

    /// The round's state, as JSON.
    var state: String? { (try? get())?["requestState"]?.description }

    var reason: String? { error?.data?["reason"]?.string }
}
