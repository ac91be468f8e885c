// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

/// What a Modern request needs in order to be answered.
package enum ModernWork: Sendable {
    case ready(Reply)
    /// It has to run, and may send notifications meanwhile; cancelling its task cancels the request.
    case running(@Sendable (any Outlet) async -> Reply)
}

extension ExampleServer {
    /// Serves one request of revision 2026-07-28, which stands for itself.
    ///
    /// `fields` are the header fields that repeat parts of the body; nil for a transport without headers. The order
    /// of the checks is part of the protocol: metadata, version header, version, method, routing headers, parameters,
    /// capabilities.
    package func modern(
        _ request: ClientRequest, fields: RoutingFields?, origin: any RequestOrigin
    ) -> ModernWork {
        counters.count(.modernRequests)
        do throws(RPCError) {
            let meta = try RequestMeta(request.meta)
            try fields?.checkVersion(meta.version)
            guard Revision(rawValue: meta.version)?.isModern == true else {
                throw .unsupportedVersion(meta.version)
            }
            counters.note(modernMeta: meta.slice)
            guard Self.modernMethods.contains(request.method) else { throw .methodNotFound(request.method) }
            try fields?.checkRoute(request)
            return try modern(request, meta, fields, origin)
        } catch {
            return .ready(.failure(error))
        }
    }

    private static let modernMethods: Set<String> = [
        "server/discover", "tools/list", "tools/call", "resources/list", "resources/templates/list", "resources/read",
        "prompts/list", "prompts/get", "completion/complete", "subscriptions/listen", "tasks/get", "tasks/update",
        "tasks/cancel",
    ]

    private func modern(
        _ request: ClientRequest, _ meta: RequestMeta, _ fields: RoutingFields?, _ origin: any RequestOrigin
    ) throws(RPCError) -> ModernWork {
        let session = Session(
            id: "", revision: .july2026, capabilities: meta.capabilities, clientInfo: meta.clientInfo ?? .emptyObject,
            transport: Nowhere(), logLevel: try meta.logLevel())
        switch request.method {
        case "tools/call":
            if let name = request.name?.string, let tool = catalogue.tool(name, in: .july2026) {
                try fields?.checkParameters(tool.headerParameters, request.arguments)
            }
            return run(try call(request, session, origin), request, session, try round(request, request.name))
        case "server/discover":
            return discover(meta)
        case "tools/list":
            return try listing(.tools, request, session)
        case "resources/list":
            return try listing(.resources, request, session)
        case "resources/templates/list":
            return try listing(.templates, request, session)
        case "prompts/list":
            return try listing(.prompts, request, session)
        case "completion/complete":
            return .ready(modernised(.result(try completion(request.params))))
        case "subscriptions/listen":
            return try listen(request, meta)
        case "tasks/get", "tasks/update", "tasks/cancel":
            return .ready(modernised(try task(request, meta)))
        case "resources/read":
            return run(try read(request, session), request, session, try round(request, request.params?["uri"]))
        default:
            return run(try prompt(request, session), request, session, try round(request, request.name))
        }
    }

    /// The state of the multi round-trip exchange that the request belongs to.
    private func round(_ request: ClientRequest, _ named: JSONSlice?) throws(RPCError) -> Round {
        let subject = RoundStates.Subject(
            method: request.method, name: named?.string ?? "", arguments: request.arguments)
        return Round(
            subject: subject, responses: try InputResponse.all(request.inputResponses),
            earlier: try rounds.find(request.requestState, for: subject))
    }

    private func run(_ work: Work, _ request: ClientRequest, _ session: Session, _ round: Round) -> ModernWork {
        switch work {
        case .ready(let reply):
            return .ready(modernised(reply))
        case .running(let operation):
            return .running { [self] outlet in
                let peer = Peer(
                    session: session, outlet: outlet, counters: counters, patience: options.patience,
                    asking: .rounds(round))
                counters.begin()
                defer { counters.finish() }
                var reply: Reply
                do {
                    reply = try await operation(peer)
                } catch is InputRequired {
                    if let failure = round.failure {
                        reply = .failure(failure)
                    } else {
                        counters.count(.inputRounds)
                        reply = .result(.object(round.result(rounds)))
                        if round.isStreamed { reply.delivery = .stream(.plain) }
                    }
                } catch {
                    reply = Self.reply(to: error, in: session)
                }
                if Task.isCancelled {
                    counters.count(.cancellations)
                    return .silence
                }
                return modernised(reply)
            }
        }
    }

    private func listing(
        _ kind: Catalogue.Kind, _ request: ClientRequest, _ session: Session
    ) throws(RPCError) -> ModernWork {
        if options.faults.listsAskForInput {
            return .ready(modernised(.result(["resultType": "input_required", "requestState": "of a list"])))
        }
        let page = try catalogue.page(kind, cursor: request.params?["cursor"], revision: session.revision)
        return .ready(modernised(Reply(payload: .result(page))))
    }

    // MARK: server/discover

    private func discover(_ meta: RequestMeta) -> ModernWork {
        counters.count(.discovers)
        let switches = switches.current
        let reply = discovered(switches, meta)
        let isSilent = switches.discover == .silent
        guard isSilent || switches.discoverDelay > .zero else { return .ready(reply) }
        return .running { _ in
            let delay = isSilent ? Duration.seconds(86_400) : switches.discoverDelay
            do { try await Task.sleep(for: delay) } catch { return .silence }
            return reply
        }
    }

    private func discovered(_ values: Switches.Values, _ meta: RequestMeta) -> Reply {
        switch values.discover {
        case .missing: return .failure(.methodNotFound("server/discover"))
        case .error: return .failure(RPCError(code: -32603, message: "Not today"))
        case .broken: return Reply(payload: .status(500, body: "Internal Server Error\n"))
        case .nothing: return Reply(payload: .status(404, body: ""))
        case .loose: return .result(["capabilities": ["tools": [:]]])
        case .again where switches.refusesNow(): return .failure(.unsupportedVersion(meta.version))
        case .honest, .older, .silent, .again: break
        }
        let versions = values.discover == .older ? Era.legacy.versions : values.era.versions
        return modernised(
            .result([
                "supportedVersions": .array(versions.map { .string($0) }),
                "capabilities": .object(modernCapabilities),
                "instructions": .string(offer.instructions),
                "ttlMs": .number(JSONNumber(options.cacheMilliseconds)),
                "cacheScope": "public",
            ]))
    }

    private var modernCapabilities: JSONObject {
        [
            "tools": ["listChanged": true],
            "resources": ["subscribe": true, "listChanged": true],
            "prompts": ["listChanged": true],
            "logging": [:],
            "completions": [:],
            "extensions": [RequestMeta.tasks: [:]],
        ]
    }
}

/// The transport of a request without a session: nothing can reach its client outside of the answer.
struct Nowhere: SessionTransport {
    func announce(_ message: ByteBuffer) async {}
    func close() {}
}
