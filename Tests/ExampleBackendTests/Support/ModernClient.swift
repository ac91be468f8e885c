// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Synchronization

@testable import ExampleBackend

/// A client of the Modern era without any transport: each request stands for itself.
struct ModernClient: Sendable {
    let server: ExampleServer
    var capabilities: JSONObject
    var meta: JSONObject = [:]

    static let form: JSONObject = ["elicitation": [:]]
    static let tasks: JSONObject = ["extensions": ["io.modelcontextprotocol/tasks": [:]]]
    static let everything: JSONObject = ["elicitation": ["form": [:], "url": [:]], "sampling": [:], "roots": [:]]

    init(
        _ capabilities: JSONObject = [:], _ configure: (inout ExampleBackendOptions) -> Void = { _ in }
    ) {
        var options = ExampleBackendOptions(transport: .stdio, era: .dual)
        configure(&options)
        server = ExampleServer(options: options) { _ in }
        self.capabilities = capabilities
    }

    /// A client of a server that exists already.
    init(on server: ExampleServer, _ capabilities: JSONObject = [:]) {
        self.server = server
        self.capabilities = capabilities
    }

    /// Everything that came before the answer.
    final class Record: Outlet {
        private let messages = Mutex<[JSONSlice]>([])
        private let breaks = Mutex(0)

        var all: [JSONSlice] { messages.withLock { $0 } }
        var broken: Int { breaks.withLock { $0 } }

        func send(_ message: ByteBuffer) async { messages.withLock { $0.append(JSONSlice(trusted: message)) } }
        func breakOff() async { breaks.withLock { $0 += 1 } }

        func all(_ method: StaticString) -> [JSONSlice] { all.filter { $0["method"]?.isString(method) == true } }

        /// Waits until so many messages have come.
        func first(_ count: Int) async -> [JSONSlice] {
            while all.count < count { await Task.yield() }
            return all
        }
    }

    private struct Headless: RequestOrigin {
        var headers: [(name: String, value: String)]? { nil }
    }

    func request(_ method: String, _ params: JSONObject = [:], id: JSONSlice = JSONSlice(1)) -> ClientRequest {
        var params = params
        var all: JSONObject = [
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": .object(capabilities),
        ]
        for (key, value) in meta { all[key] = value }
        if params["_meta"] == nil { params["_meta"] = .object(all) }
        return ClientRequest(id: id, method: method, params: JSONSlice(.object(params)))
    }

    func reply(_ request: ClientRequest, _ record: Record = Record()) async -> Reply {
        switch server.modern(request, fields: nil, origin: Headless()) {
        case .ready(let reply): reply
        case .running(let operation): await operation(record)
        }
    }

    /// The whole answer; nil when there is none.
    func exchange(_ method: String, _ params: JSONObject = [:], _ record: Record = Record()) async throws -> JSONSlice?
    {
        let id = JSONSlice(string: "a \(method)")
        let reply = await reply(request(method, params, id: id), record)
        guard let message = reply.message(id: id) else { return nil }
        let answer = try JSONSlice(validating: message)
        guard answer["id"] == id else { throw Missing() }
        return answer
    }

    func result(_ method: String, _ params: JSONObject = [:], _ record: Record = Record()) async throws -> JSONSlice {
        try await exchange(method, params, record).required()["result"].required()
    }

    func error(_ method: String, _ params: JSONObject = [:]) async throws -> JSONSlice {
        try await exchange(method, params).required()["error"].required()
    }

    func call(
        _ tool: String, _ arguments: JSONObject = [:], _ record: Record = Record(), responses: JSONObject? = nil,
        state: JSONSlice? = nil
    ) async throws -> JSONSlice {
        try await result("tools/call", Self.params(tool, arguments, responses: responses, state: state), record)
    }

    func text(_ tool: String, _ arguments: JSONObject = [:]) async throws -> String {
        try await call(tool, arguments).text.required()
    }

    static func params(
        _ tool: String, _ arguments: JSONObject = [:], responses: JSONObject? = nil, state: JSONSlice? = nil
    ) -> JSONObject {
        var params: JSONObject = ["name": .string(tool), "arguments": .object(arguments)]
        if let responses { params["inputResponses"] = .object(responses) }
        if let state { params["requestState"] = .slice(state) }
        return params
    }

    func stats() async throws -> JSONSlice {
        try JSONSlice(validating: ByteBuffer(string: try await text("stats")))
    }
}

extension JSONSlice {
    /// The names of an object's members.
    var keys: [String] { members.compactMap { $0.key.string } }
    var resultType: String? { self["resultType"]?.string }
}

/// The answers that a friendly client gives.
enum Answers {
    static func accept(_ content: JSONObject) -> JSONValue { ["action": "accept", "content": .object(content)] }
    static let name = accept(["name": "Ann"])
    static let roots: JSONValue = ["roots": [["uri": "file:///work", "name": "work"]]]
    static let completion: JSONValue = [
        "role": "assistant", "model": "m", "content": ["type": "text", "text": "Paris"],
    ]
}
