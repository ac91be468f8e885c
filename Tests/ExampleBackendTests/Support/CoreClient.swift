// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Synchronization

@testable import ExampleBackend

/// A client of the core, without any transport: it records what it is sent and answers questions by script.
final class CoreClient: Outlet, SessionTransport, RequestOrigin {
    typealias Answering = @Sendable (_ method: String, _ params: JSONSlice?) -> ClientAnswer?

    private struct State {
        var sent: [JSONSlice] = []
        var announced: [JSONSlice] = []
        var nextID = 100
        var session: Session?
        var breaks = 0
    }

    let server: ExampleServer
    let headers: [(name: String, value: String)]?
    private let answering: Answering
    private let state = Mutex(State())

    /// Opens a session on a server of its own, or on that of another client.
    static func open(
        _ revision: String = "2025-11-25", capabilities: JSONValue = [:],
        options: ExampleBackendOptions = ExampleBackendOptions(transport: .stdio), with other: CoreClient? = nil,
        headers: [(name: String, value: String)]? = nil, answering: @escaping Answering = { _, _ in nil }
    ) async throws -> CoreClient {
        let client = CoreClient(options, other?.server, headers, answering)
        let params = JSONSlice([
            "protocolVersion": .string(revision), "capabilities": capabilities,
            "clientInfo": ["name": "core test", "version": "0"],
        ])
        let opened = try await client.server.open(id: RandomID.make(), params) { _ in client }
        client.state.withLock { $0.session = opened.session }
        return client
    }

    private init(
        _ options: ExampleBackendOptions, _ server: ExampleServer?, _ headers: [(name: String, value: String)]?,
        _ answering: @escaping Answering
    ) {
        let exits = Exits()
        self.server = server ?? ExampleServer(options: options) { exits.add($0) }
        self.exits = exits
        self.headers = headers
        self.answering = answering
    }

    private let exits: Exits
    var exitStatuses: [Int32] { exits.all }

    private final class Exits: Sendable {
        private let statuses = Mutex<[Int32]>([])
        func add(_ status: Int32) { statuses.withLock { $0.append(status) } }
        var all: [Int32] { statuses.withLock { $0 } }
    }

    var session: Session {
        get throws { try state.withLock { $0.session }.required() }
    }

    /// Messages of running calls, oldest first.
    var sent: [JSONSlice] { state.withLock { $0.sent } }
    /// Messages that belong to no call.
    var announced: [JSONSlice] { state.withLock { $0.announced } }
    var breaks: Int { state.withLock { $0.breaks } }

    func sent(_ method: StaticString) -> [JSONSlice] { sent.filter { $0["method"]?.isString(method) == true } }

    // MARK: Outlet and transport

    func send(_ message: ByteBuffer) async {
        let message = JSONSlice(trusted: message)
        state.withLock { $0.sent.append(message) }
        guard let id = message["id"], let method = message["method"]?.string,
            let answer = answering(method, message["params"]), let session = try? session
        else { return }
        server.receive(answer, id: id, in: session)
    }

    func breakOff() async { state.withLock { $0.breaks += 1 } }

    func announce(_ message: ByteBuffer) async {
        state.withLock { $0.announced.append(JSONSlice(trusted: message)) }
    }

    func close() {}

    // MARK: Requests

    /// Sends a request and waits for the whole answer; nil when there is none.
    func exchange(_ method: String, _ params: JSONValue? = nil, id: JSONSlice? = nil) async throws -> JSONSlice? {
        let id =
            id
            ?? JSONSlice(
                state.withLock { state in
                    state.nextID += 1
                    return state.nextID
                })
        let reply = try await reply(ClientRequest(id: id, method: method, params: params.map { JSONSlice($0) }))
        return try reply.message(id: id).map { try JSONSlice(validating: $0) }
    }

    func reply(_ request: ClientRequest) async throws -> Reply {
        let session = try session
        switch server.work(for: request, in: session, origin: self) {
        case .ready(let reply):
            return reply
        case .running(let operation):
            let (replies, continuation) = AsyncStream<Reply>.makeStream()
            try server.run(operation, id: request.id, in: session, outlet: self) { continuation.yield($0) }
            var iterator = replies.makeAsyncIterator()
            return try await iterator.next().required()
        }
    }

    /// The result of a request that succeeds.
    func result(_ method: String, _ params: JSONValue? = nil) async throws -> JSONSlice {
        try await exchange(method, params).required()["result"].required()
    }

    /// The error of a request that fails.
    func error(_ method: String, _ params: JSONValue? = nil) async throws -> JSONSlice {
        try await exchange(method, params).required()["error"].required()
    }

    /// The result of a tool call.
    func call(_ tool: String, _ arguments: JSONObject = [:], meta: JSONObject? = nil) async throws -> JSONSlice {
        try await result("tools/call", Self.params(tool, arguments, meta))
    }

    /// The text of the first content block of a tool call that does not fail.
    func text(_ tool: String, _ arguments: JSONObject = [:]) async throws -> String {
        let result = try await call(tool, arguments)
        if result["isError"]?.bool == true { throw ToolFailure(result.description) }
        return try result.text.required()
    }

    static func params(_ tool: String, _ arguments: JSONObject = [:], _ meta: JSONObject? = nil) -> JSONValue {
        var params: JSONObject = ["name": .string(tool), "arguments": .object(arguments)]
        if let meta { params["_meta"] = .object(meta) }
        return .object(params)
    }
}

extension JSONSlice {
    /// The text of the first content block.
    var text: String? { Array(self["content"]?.elements ?? JSONSlice.emptyArray.elements).first?["text"]?.string }
    var isFailure: Bool { self["isError"]?.bool == true }
    var strings: [String] { elements.compactMap(\.string) }
    var method: String? { self["method"]?.string }
}

struct Missing: Error {}

extension Optional {
    /// The value, or a failure of the test.
    func required() throws -> Wrapped {
        guard let self else { throw Missing() }
        return self
    }
}
