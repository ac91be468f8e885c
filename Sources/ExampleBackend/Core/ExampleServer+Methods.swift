// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

extension ExampleServer {
    /// Serves a request of an open session.
    package func work(for request: ClientRequest, in session: Session, origin: any RequestOrigin) -> Work {
        do throws(RPCError) {
            switch request.method {
            case "tools/call":
                return try call(request, session, origin)
            case "ping":
                return .ready(Self.empty)
            case "tools/list":
                return try list(.tools, request, session)
            case "resources/list":
                return try list(.resources, request, session)
            case "resources/templates/list":
                return try list(.templates, request, session)
            case "prompts/list":
                return try list(.prompts, request, session)
            case "resources/read":
                return try read(request, session)
            case "resources/subscribe":
                return try subscribe(request, session)
            case "resources/unsubscribe":
                session.unsubscribe(try string("uri", request))
                return .ready(Self.empty)
            case "prompts/get":
                return try prompt(request, session)
            case "completion/complete":
                return .ready(.result(try completion(request.params)))
            case "logging/setLevel":
                return try setLevel(request, session)
            case "tasks/get", "tasks/result", "tasks/list", "tasks/cancel":
                return try task(request, session)
            case "initialize":
                throw .invalidRequest("The session is initialized already")
            default:
                throw .methodNotFound(request.method)
            }
        } catch {
            return .ready(.failure(error))
        }
    }

    private static let empty = Reply.result([:])

    func initializeResult(_ revision: Revision) -> Reply {
        var info: JSONObject = ["name": .string(offer.name), "version": "1.0.0"]
        if revision.hasStructuredOutput { info["title"] = .string(offer.title) }
        var capabilities: JSONObject = [
            "tools": ["listChanged": true],
            "resources": ["subscribe": true, "listChanged": true],
            "prompts": ["listChanged": true],
            "logging": [:],
        ]
        if revision >= .march2025 { capabilities["completions"] = [:] }
        if revision.hasCoreTasks, !options.faults.withoutSessions {
            capabilities["tasks"] = ["list": [:], "cancel": [:], "requests": ["tools": ["call": [:]]]]
        }
        return .result([
            "protocolVersion": .string(revision.rawValue),
            "capabilities": .object(capabilities),
            "serverInfo": .object(info),
            "instructions": .string(offer.instructions),
        ])
    }

    func string(_ key: StaticString, _ request: ClientRequest) throws(RPCError) -> String {
        try string(key, request.params?[key], request)
    }

    /// - Parameter value: the member `key` of the request's parameters.
    private func string(
        _ key: StaticString, _ value: JSONSlice?, _ request: ClientRequest
    ) throws(RPCError) -> String {
        guard let text = value?.string else {
            throw .invalidParams("\(request.method) needs the string \"\(key)\"")
        }
        return text
    }

    private func list(
        _ kind: Catalogue.Kind, _ request: ClientRequest, _ session: Session
    ) throws(RPCError) -> Work {
        let page = try catalogue.page(kind, cursor: request.params?["cursor"], revision: session.revision)
        return .ready(Reply(payload: .result(page)))
    }

    // MARK: Tools

    func call(
        _ request: ClientRequest, _ session: Session, _ origin: any RequestOrigin
    ) throws(RPCError) -> Work {
        counters.count(.calls)
        if let limit = options.faults.exitAfterCalls, counters[.calls] >= limit { terminate(3) }
        let name = try string("name", request.name, request)
        guard let tool = catalogue.tool(name, in: session.revision) else {
            throw .invalidParams("Unknown tool: \(name)")
        }
        let arguments = request.arguments
        if let arguments, arguments.kind != .object { throw .invalidParams("arguments must be an object") }
        let meta = request.meta
        let call = Call(
            name: name, arguments: arguments, meta: meta, session: session, server: self, origin: origin)
        if let token = call.progressToken { counters.note(progressToken: token) }
        tool.executions.add()
        if let milliseconds = try taskLifetime(tool, request, session) {
            return work(tool, call, milliseconds: milliseconds)
        }
        let delay = options.faults.callDelay
        switch tool.handler {
        case .answering(let answer):
            guard delay == .zero else {
                return .running { _ in
                    try await Task.sleep(for: delay)
                    return try answer(call)
                }
            }
            do {
                return .ready(try answer(call))
            } catch {
                return .ready(Self.reply(to: error, in: session))
            }
        case .running(let run):
            return .running { peer in
                if delay > .zero { try await Task.sleep(for: delay) }
                return try await run(call, peer)
            }
        }
    }

    // MARK: Resources

    func read(_ request: ClientRequest, _ session: Session) throws(RPCError) -> Work {
        let uri = try string("uri", request)
        if let ask = catalogue.resource(uri)?.ask {
            return Self.running { [self] peer in contents(try await ask(peer), session) }
        }
        guard let contents = catalogue.contents(of: uri) else {
            throw .resourceNotFound(uri, in: session.revision)
        }
        return .ready(self.contents(contents, session))
    }

    private func contents(_ contents: [JSONValue], _ session: Session) -> Reply {
        var result: JSONObject = ["contents": .array(contents)]
        if session.revision.isModern {
            result["ttlMs"] = .number(JSONNumber(options.cacheMilliseconds))
            result["cacheScope"] = "public"
        }
        return .result(.object(result))
    }

    private func subscribe(_ request: ClientRequest, _ session: Session) throws(RPCError) -> Work {
        let uri = try string("uri", request)
        guard catalogue.hasResource(uri) else { throw .resourceNotFound(uri, in: session.revision) }
        guard session.subscribe(uri) else { throw .invalidRequest("Too many subscriptions") }
        return .ready(Self.empty)
    }

    /// Tells the subscribers of a resource, of both eras, that it changed.
    func touch(_ uri: String) async {
        subscriptions.touched(uri)
        let message = Peer.notification("notifications/resources/updated", ["uri": .string(uri)])
        for session in sessions.all where session.isSubscribed(uri) { await session.transport.announce(message) }
    }

    // MARK: Prompts, completion, logging

    func prompt(_ request: ClientRequest, _ session: Session) throws(RPCError) -> Work {
        let name = try string("name", request.name, request)
        guard let prompt = catalogue.prompt(name) else { throw .invalidParams("Unknown prompt: \(name)") }
        let values = try prompt.values(request.arguments)
        switch prompt.messages {
        case .known(let messages): return .ready(prompt.result(messages(values)))
        case .asking(let messages): return Self.running { prompt.result(try await messages(values, $0)) }
        }
    }

    /// Work that is no tool call: what fails a tool is an error here.
    private static func running(_ body: @escaping @Sendable (Peer) async throws -> Reply) -> Work {
        .running { peer in
            do {
                return try await body(peer)
            } catch let failure as ToolFailure {
                throw RPCError(code: -32603, message: failure.text)
            }
        }
    }

    func completion(_ params: JSONSlice?) throws(RPCError) -> JSONValue {
        guard let reference = params?["ref"], let argument = params?["argument"],
            let name = argument["name"]?.string, let prefix = argument["value"]?.string
        else { throw .invalidParams("completion/complete needs ref and argument with name and value") }
        let values: [String]
        if reference["type"]?.isString("ref/prompt") == true {
            guard let prompt = reference["name"]?.string.flatMap({ catalogue.prompt($0) }) else {
                throw .invalidParams("Unknown prompt in ref")
            }
            guard let argument = prompt.arguments.first(where: { $0.name == name }) else {
                throw .invalidParams("The prompt has no argument \"\(name)\"")
            }
            values = argument.complete(prefix, params?["context"]?["arguments"])
        } else if reference["type"]?.isString("ref/resource") == true {
            guard let template = reference["uri"]?.string.flatMap({ catalogue.template($0) }) else {
                throw .invalidParams("Unknown resource template in ref")
            }
            guard template.variable == name else {
                throw .invalidParams("The template has no variable \"\(name)\"")
            }
            values = template.complete(prefix)
        } else {
            throw .invalidParams("ref must be of type ref/prompt or ref/resource")
        }
        let shown = values.prefix(100).map { JSONValue.string($0) }
        return [
            "completion": [
                "values": .array(shown), "total": .number(JSONNumber(values.count)),
                "hasMore": .bool(values.count > shown.count),
            ]
        ]
    }

    private func setLevel(_ request: ClientRequest, _ session: Session) throws(RPCError) -> Work {
        let name = try string("level", request)
        guard let level = LogLevel(rawValue: name) else { throw .invalidParams("Unknown level: \(name)") }
        session.logLevel = level
        return .ready(Self.empty)
    }
}
