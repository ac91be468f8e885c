// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import JSONTypes
import Logging
import MCPTypes
import NIOCore
import Synchronization

/// What a connection's era rests on is looked at again when an answer contradicts it.
///
/// A request is repeated in the other era only when it provably did not run: a lenient Legacy server executes a
/// `tools/call` that it took for one of its own.
extension BackendSession {
    /// A doubt is not followed up more often than this.
    private static let reviewInterval = TimeAmount.seconds(10)

    /// What the outcome of a request to a Modern backend means, its rules checked.
    func accept(
        _ outcome: CallOutcome, of method: MCPMethod, _ params: RequestParameters, over connection: Connection,
        _ options: CallOptions, _ timeout: TimeAmount, _ deadline: NIODeadline
    ) async throws(BackendError) -> JSONSlice {
        switch outcome {
        case .result(let result):
            let declaresType = try checkType(of: result, method, options)
            if !declaresType, method == .toolsCall, !backend.eras.omitsResultType {
                await reviewMissingResultType(connection, on: options.shard)
            }
            return result
        case .failed(.answered(let error)) where error.code == .unsupportedProtocolVersion:
            return try await acceptVersion(error, of: method, params, over: connection, options, timeout, deadline)
        case .failed(let error):
            guard error.contradictsModern(method) else { throw error }
            guard await review(connection, on: options.shard) == .refuted else { throw error }
            // At these statuses a Legacy server has not looked at what it was sent: it misses a session.
            throw .sessionLost
        }
    }

    /// - Returns: whether the result says what it is.
    @discardableResult
    private func checkType(
        of result: JSONSlice, _ method: MCPMethod, _ options: CallOptions
    ) throws(BackendError) -> Bool {
        guard result.kind == .object else { throw .invalidResponse("the result is no object") }
        let type = ResultType(declaredIn: result)
        switch type ?? .complete {
        case .complete: break
        case .inputRequired:
            guard [.toolsCall, .promptsGet, .resourcesRead].contains(method) else {
                throw .invalidResponse("\(method.name) cannot ask for input")
            }
        case .task:
            guard method == .toolsCall, capabilities.hasTasks || options.declaresTasks else {
                throw .invalidResponse("a task that the request did not allow")
            }
        case .unknown(let name): throw .invalidResponse("resultType \"\(name)\" is unknown")
        }
        return type != nil
    }

    /// -32022: another revision is picked from those that the backend names, once.
    private func acceptVersion(
        _ refusal: RequestError, of method: MCPMethod, _ params: RequestParameters, over connection: Connection,
        _ options: CallOptions, _ timeout: TimeAmount, _ deadline: NIODeadline
    ) async throws(BackendError) -> JSONSlice {
        let common = refusal.data?["supported"].flatMap { DiscoverVerdict.common($0) }
        guard common?.era != .modern else {
            let outcome = await perform(
                method, params: params, over: connection.link, options: options, timeout: timeout, deadline: deadline)
            switch outcome {
            case .result(let result):
                try checkType(of: result, method, options)
                return result
            case .failed(let error): throw error
            }
        }
        guard mayReclassify(connection) else { throw .answered(refusal) }
        reclassify(connection) { $0.modern = false }
        throw .sessionLost
    }

    // MARK: Looking again

    private func mayReclassify(_ connection: Connection) -> Bool {
        backend.settings.era == .auto && connection.link.modern?.mayChangeEra ?? true
    }

    private func reclassify(_ connection: Connection, _ lesson: (inout BackendEras) -> Void) {
        backend.logger.notice(
            "Backend no longer speaks as it did; its era is looked at again",
            metadata: ["revision": "\(connection.handshake.revision.rawValue)"])
        backend.learn(lesson)
        lose(connection.link)
    }

    /// Whether it is time for a review; counts as one.
    private func startReview() -> Bool { state.withLock { Self.isDue(&$0.reviewed) } }

    private static func isDue(_ last: inout NIODeadline?) -> Bool {
        let now = NIODeadline.now()
        if let last, now - last < reviewInterval { return false }
        last = now
        return true
    }

    private enum Review {
        case confirmed
        case refuted
        /// It was too early for another one, or nobody answered.
        case open
    }

    /// Asks a Modern connection's backend what it speaks.
    private func review(_ connection: Connection, on shard: Shard) async -> Review {
        guard mayReclassify(connection), startReview() else { return .open }
        switch await discover(over: connection.link, on: shard, headers: .none, timeout: probeTimeout) {
        case .modern, .refused: return .confirmed
        case .inconclusive, .tryAgain: return .open
        case .legacy:
            reclassify(connection) { eras in
                eras.modern = false
                eras.legacy = nil
            }
            return .refuted
        }
    }

    /// The result stands: the tool has run, whoever ran it.
    private func reviewMissingResultType(_ connection: Connection, on shard: Shard) async {
        if await review(connection, on: shard) == .confirmed { backend.learn { $0.omitsResultType = true } }
    }

    /// Asks a Legacy session's backend for a sign of life, which a Modern one refuses.
    func isStillLegacy(_ connection: Connection, on shard: Shard) async -> Bool {
        guard mayReclassify(connection), connection.link is StreamableHTTPLink, startReview() else { return true }
        let outcome = await performOwn(.ping, nil, over: connection.link, on: shard, timeout: probeTimeout)
        switch outcome {
        case .failed(.answered(let error)) where error.contradictsLegacySession: break
        case .failed(.sessionLost): break
        default: return true
        }
        reclassify(connection) { eras in
            eras.legacy = nil
            eras.modern = nil
        }
        return false
    }

    /// Asks a Legacy session's backend whether it knows the session.
    func hasLost(_ link: StreamableHTTPLink, on shard: Shard) async -> Bool {
        guard state.withLock({ Self.isDue(&$0.askedAfter) }) else { return false }
        let outcome = await performOwn(.ping, nil, over: link, on: shard, timeout: probeTimeout)
        if case .failed(.sessionLost) = outcome { return true }
        return false
    }

    /// Whether what a backend has answered so before its era changed may be sent again.
    ///
    /// That it is another one now does not say who ran the request: only the answer itself can say that nobody did.
    func mayRepeatAnew(after error: BackendError, _ options: CallOptions) -> Bool {
        if error.provesNotExecuted { return true }
        if case .answered(let answer) = error, answer.refusesUnread { return true }
        return mayRepeat(after: .outcomeUnknown("the backend was replaced"), options)
    }

    /// Takes in what a Modern backend says of itself now: nothing ends when it restarts with other capabilities.
    ///
    /// Returns whether it says something else than before.
    func adoptDiscovered(_ result: JSONSlice) -> Bool {
        guard result["supportedVersions"] != nil else { return false }
        let fresh = Handshake(discovered: result)
        return state.withLock { state in
            guard case .ready(let connection) = state.phase, connection.handshake.revision.era == .modern,
                connection.handshake.capabilities != fresh.capabilities
                    || connection.handshake.instructions != fresh.instructions
            else { return false }
            state.phase = .ready(Connection(link: connection.link, handshake: fresh))
            return true
        }
    }

    // MARK: Headers

    /// The headers of a call whose backend refused those that it had, read from its list of now; `nil` when that says
    /// the same (2026-07-28, Transports, Custom Headers).
    func freshHeaders(
        of params: RequestParameters, _ options: CallOptions, _ deadline: NIODeadline
    ) async -> ParameterHeaders? {
        guard let name = params.text?["name"]?.string else { return nil }
        var own = options
        own.channel = nil
        own.progressToken = nil
        own.parameterHeaders = .none
        let listing = own
        let timeout = backend.settings.requestTimeout
        let reader = CatalogReader { [self] method, params throws(BackendError) in
            try await callOnce(method, RequestParameters(params), listing, timeout, deadline)
        }
        guard let tools = try? await reader.list(.toolsList, "tools") else { return nil }
        backend.signal(.listChanged(.tools))
        guard let tool = tools.items.first(where: { $0["name"]?.string == name }),
            let fresh = try? ParameterHeaders(schema: tool["inputSchema"]), fresh != options.parameterHeaders
        else { return nil }
        return fresh
    }
}

extension BackendError {
    var isHeaderMismatch: Bool {
        if case .answered(let error) = self { error.code == .headerMismatch } else { false }
    }

    /// Whether a Modern backend would hardly have answered so, and a Legacy one might: without a session it refuses
    /// what it is sent.
    func contradictsModern(_ method: MCPMethod) -> Bool {
        switch self {
        case .rejected(let status): return [400, 404, 405].contains(status)
        case .answered(let error):
            if method == .discover, error.code == .methodNotFound { return true }
            guard (400..<500).contains(error.httpStatus) else { return false }
            return error.refusesUnread
        default: return false
        }
    }

    /// Whether a Legacy backend would hardly have answered a session's request so: what it refuses in JSON-RPC has the
    /// status 200, and it knows no rules about headers.
    func contradictsLegacy(_ method: MCPMethod) -> Bool {
        guard method != .ping, case .answered(let error) = self else { return false }
        return error.contradictsLegacySession
    }
}

extension RequestError {
    /// Whether this is how servers refuse what they have not looked at, such as a request without the session that it
    /// needs.
    fileprivate var refusesUnread: Bool { code == .invalidRequest || (-32019 ... -32000).contains(code.rawValue) }

    fileprivate var contradictsLegacySession: Bool {
        [400, 404, 405].contains(httpStatus) || code == .unsupportedProtocolVersion || code == .headerMismatch
    }
}
