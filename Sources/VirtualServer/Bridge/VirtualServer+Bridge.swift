// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
package import JSONTypes
import Logging
package import MCPTypes

/// The four cells of client and backend era.
///
/// A call's memory holds what every function that is inlined into it may need while it waits. Functions that few calls
/// come to are therefore not inlined.
extension VirtualServer {
    /// Makes a call in which the backend may ask, or starts it as a task, and returns what the client of `caller` gets.
    func interact(_ call: BackendCall, _ caller: Caller) async throws(RequestError) -> JSONSlice {
        if call.wantsTask { return try await startTask(call, caller: caller) }
        switch caller.revision.era {
        case .legacy:
            let answer = try await legacyClient(call, caller)
            if call.method == .toolsCall { rememberLinks(in: answer.result, of: call.backend.name, caller) }
            return ResultDialect.legacy(answer.result, of: call.method, from: answer.era, to: caller.revision)
        case .modern:
            let result = try await call.mayHaveRound ? round(call, caller) : fresh(call, caller)
            if call.method == .toolsCall { rememberLinks(in: result, of: call.backend.name, caller) }
            return result
        }
    }

    // MARK: Calls that are started

    /// Makes the first request of a Modern client's call, where nothing has to be waited for before it.
    ///
    /// - Parameter call: one that has no earlier round and needs no task.
    func start(_ call: BackendCall, _ caller: Caller) throws(RequestError) -> StartedTool {
        let session = try session(with: call.backend, caller)
        let first = session.start(
            call.method, params: call.parameters, options: options(of: call, caller, caller.channel))
        return StartedTool(call, caller, session, first: first)
    }

    /// The result of a call whose first request was all that it took; `nil` where `finish` has to go on.
    package func plainResult(of tool: StartedTool) -> JSONSlice? {
        guard let first = tool.first, let result = tool.session.plainResult(of: first) else { return nil }
        rememberLinks(in: result, of: tool.call.backend.name, tool.caller)
        return result
    }

    /// Waits for the result of a call that was started, or only counted and checked.
    package func finish(_ tool: StartedTool) async throws(RequestError) -> JSONSlice {
        let call = tool.call
        let caller = tool.caller
        guard let first = tool.first else { return try await interact(call, caller) }
        let result: JSONSlice
        do throws(BackendError) {
            result = try await tool.session.finish(
                first, call.method, params: call.parameters, options: options(of: call, caller, caller.channel))
            guard result.kind == .object else { throw Self.noObject }
        } catch {
            return try answer(to: error, of: call, caller)
        }
        let answer = try passed(result, call, tool.session, caller)
        rememberLinks(in: answer, of: call.backend.name, caller)
        return answer
    }

    // MARK: Legacy clients

    /// A Legacy client is asked on its own session, whatever the backend's era.
    private func legacyClient(_ call: BackendCall, _ caller: Caller) async throws(RequestError) -> BackendAnswer {
        let session = try session(with: call.backend, caller)
        // A Modern backend would take these for the answer to something that it asked.
        if call.mayHaveRound, session.openEra != .legacy { return try await roundless(call, over: session, caller) }
        return try await legacyClient(call, over: session, caller)
    }

    @inline(never)
    private func roundless(
        _ call: consuming BackendCall, over session: BackendSession, _ caller: Caller
    ) async throws(RequestError) -> BackendAnswer {
        call.withoutRound()
        return try await legacyClient(call, over: session, caller)
    }

    private func legacyClient(
        _ call: BackendCall, over session: BackendSession, _ caller: Caller
    ) async throws(RequestError) -> BackendAnswer {
        let channel = QuestionDialect.channel(for: caller)
        // A client of 2025-11-25 is told that the tool is a task, and is to say so.
        if call.needsTask, caller.revision < .v2025_11_25,
            let answer = try await neededTask(call, over: session, caller, channel)
        {
            return answer
        }
        let outcome: Result<JSONSlice, BackendError>
        do throws(BackendError) {
            outcome = .success(try await attempt(call, over: session, caller, channel))
        } catch {
            outcome = .failure(error)
        }
        if case .success(let result) = outcome, session.era == .legacy {
            return BackendAnswer(result: result, era: .legacy)
        }
        return try await interpret(outcome, of: call, over: session, caller, channel)
    }

    /// What an attempt has led to that is not simply a Legacy backend's result.
    @inline(never)
    private func interpret(
        _ outcome: Result<JSONSlice, BackendError>, of call: BackendCall, over session: BackendSession,
        _ caller: Caller, _ channel: any ClientChannel
    ) async throws(RequestError) -> BackendAnswer {
        do throws(BackendError) {
            let result: JSONSlice
            do throws(BackendError) {
                result = try outcome.get()
            } catch {
                guard error.wantsTask, session.era == .modern else { throw error }
                return try await runAsTask(call, over: session, caller, channel)
            }
            guard session.era == .modern else { return BackendAnswer(result: result, era: .legacy) }
            switch ResultType(of: result) {
            case .complete: return BackendAnswer(result: result, era: .modern)
            case .inputRequired: break
            case .task, .unknown:
                throw BackendError.invalidResponse("it was answered with a task that nobody asked for")
            }
            let rounds = LegacyRounds(server: self, call: call, session: session, caller: caller, channel: channel)
            return BackendAnswer(result: try await rounds.run(from: result), era: .modern)
        } catch {
            throw explained(error, call, session.era, caller)
        }
    }

    /// Runs a tool that is a task only, for a client that cannot say so; `nil` where the backend does not run tasks.
    @inline(never)
    private func neededTask(
        _ call: BackendCall, over session: BackendSession, _ caller: Caller, _ channel: any ClientChannel
    ) async throws(RequestError) -> BackendAnswer? {
        do throws(BackendError) {
            let handshake = try await session.open(on: caller.shard, headers: caller.headers)
            guard handshake.revision.era == .legacy, handshake.capabilities.tasks else { return nil }
            return try await runAsTask(call, over: session, caller, channel)
        } catch {
            throw explained(error, call, session.era, caller)
        }
    }

    /// One request and its result, which may be incomplete. What goes to a Modern client still has the metadata of the
    /// backend's hop, which ends where the result is finished for it.
    func attempt(
        _ call: BackendCall, over session: BackendSession, _ caller: Caller, _ channel: any ClientChannel,
        isParkable: Bool = false
    ) async throws(BackendError) -> JSONSlice {
        var options = options(of: call, caller, channel)
        // A later request may bring a token, and the backend must be told now that progress is wanted.
        if isParkable, session.era == .legacy { options.progressToken = ParkingLot.progressToken }
        // Answers belong to nothing that a Legacy backend could know.
        let params = session.era == .legacy ? call.parameters : call.roundParameters
        let result = try await session.call(call.method, params: params, options: options)
        guard result.kind == .object else { throw Self.noObject }
        return caller.revision.era == .modern ? result : MetaOwnership.crossing(result)
    }

    private func options(
        of call: BackendCall, _ caller: Caller, _ channel: any ClientChannel
    ) -> BackendSession.CallOptions {
        var options = options(caller, call.params, isRepeatable: call.isRepeatable && call.responses == nil)
        options.channel = channel
        options.parameterHeaders = call.parameterHeaders
        options.declaresTasks = call.declaresTasks
        return options
    }

    private static let noObject = BackendError.invalidResponse("the result is no object")

    // MARK: Modern clients

    /// A request that may go on with an earlier one.
    @inline(never)
    private func round(_ call: consuming BackendCall, _ caller: Caller) async throws(RequestError) -> JSONSlice {
        let responses = call.params["inputResponses"]
        let state = call.params["requestState"]
        call.withoutRound()
        call.responses = responses
        guard let state, !state.isNull else { return try await fresh(call, caller) }
        guard let text = state.string else { throw StateSeal.invalidState }
        let subject = call.subject(caller.principal)
        let opened = try seal.open(text, for: subject)
        switch opened.kind {
        case .park:
            guard let parking else { throw ParkError.gone }
            do throws(RequestError) {
                return try await parking.resume(opened, subject: subject, responses: responses, caller: caller)
            } catch {
                return try converted(error, call, subject, caller)
            }
        case .relay:
            try redirect(&call, by: opened)
            call.backendState = opened.fields["s"]
            let session = try session(with: call.backend, caller)
            // Nobody else may be told what only a Modern backend has asked for.
            guard try await era(of: session, caller) == .modern else { throw ParkError.gone }
            return try await relay(call, session, caller)
        case .recall:
            try redirect(&call, by: opened)
            if let refusal = Self.refusedVisit(responses) { throw refusal }
            call.responses = nil
            return try await fresh(call, caller)
        case .task: throw StateSeal.invalidState
        }
    }

    private func redirect(_ call: inout BackendCall, by state: OpenedState) throws(RequestError) {
        guard let name = state.fields["b"]?.string, let backend = backends[name], let original = state.fields["o"]
        else { throw ParkError.gone }
        call.redirect(to: backend, original)
    }

    /// A call that no state speaks about.
    private func fresh(_ call: BackendCall, _ caller: Caller) async throws(RequestError) -> JSONSlice {
        let session = try session(with: call.backend, caller)
        if !call.needsTask, session.knownEra == .modern { return try await relay(call, session, caller) }
        return try await fresh(call, over: session, caller)
    }

    @inline(never)
    private func fresh(
        _ call: BackendCall, over session: BackendSession, _ caller: Caller
    ) async throws(RequestError) -> JSONSlice {
        // A parked call finds out by itself, on the session that it will use.
        if parking == nil { _ = try await era(of: session, caller) }
        if call.needsTask {
            let handshake = try await opened(session, call.backend, caller)
            if handshake.revision.era == .legacy, handshake.capabilities.tasks {
                return try await startRequiredTask(call.params, session, caller: caller)
            }
        }
        if session.knownEra == .modern { return try await relay(call, session, caller) }
        if let parking { return try await park(call, parking, caller) }
        return try await direct(call, session, caller)
    }

    /// The era that the caller's session with a backend speaks. Only when nothing is known yet is the backend asked.
    private func era(of session: BackendSession, _ caller: Caller) async throws(RequestError) -> ProtocolRevision.Era {
        if let era = session.knownEra { return era }
        do throws(BackendError) {
            return try await session.open(on: caller.shard, headers: caller.headers).revision.era
        } catch {
            throw report(error, of: session.backend)
        }
    }

    /// Modern client, Modern backend.
    private func relay(
        _ call: BackendCall, _ session: BackendSession, _ caller: Caller
    ) async throws(RequestError) -> JSONSlice {
        let result: JSONSlice
        do throws(BackendError) {
            result = try await attempt(call, over: session, caller, caller.channel)
        } catch {
            return try answer(to: error, of: call, caller)
        }
        return try passed(result, call, session, caller)
    }

    @inline(never)
    private func answer(
        to error: BackendError, of call: BackendCall, _ caller: Caller
    ) throws(RequestError) -> JSONSlice {
        try converted(explained(error, call, .modern, caller), call, call.subject(caller.principal), caller)
    }

    /// A Modern backend's result on its way to a Modern client.
    private func passed(
        _ result: JSONSlice, _ call: BackendCall, _ session: BackendSession, _ caller: Caller
    ) throws(RequestError) -> JSONSlice {
        switch ResultType(of: result) {
        // What answers to questions have led to is good for nobody else and no other time.
        case .complete: return call.backendState == nil && call.responses == nil ? result : result.uncacheable
        case .inputRequired: return try relayed(result, call, call.subject(caller.principal), caller)
        case .task:
            return try relayedTask(result, of: call.backend.name, session, caller)
        case .unknown(let type):
            throw report(.invalidResponse("unknown resultType \"\(type)\""), of: call.backend)
        }
    }

    /// Modern client, Legacy backend: the call waits for the client's next request.
    private func park(
        _ call: BackendCall, _ parking: ParkingLot, _ caller: Caller
    ) async throws(RequestError) -> JSONSlice {
        let subject = call.subject(caller.principal)
        do throws(RequestError) {
            return try await parking.run(subject, caller: caller, backend: call.backend) {
                [self] (channel, session) throws(RequestError) in
                let result: JSONSlice
                do throws(BackendError) {
                    result = try await attempt(call, over: session, caller, channel, isParkable: true)
                } catch {
                    throw report(error, of: call.backend)
                }
                // It has turned out to be Modern.
                if session.era == .modern { return try passed(result, call, session, caller) }
                return ModernResult.legacy(result)
            }
        } catch {
            return try converted(error, call, subject, caller)
        }
    }

    /// Modern client, Legacy backend that nobody can wait for: its questions are refused.
    private func direct(
        _ call: BackendCall, _ session: BackendSession, _ caller: Caller
    ) async throws(RequestError) -> JSONSlice {
        let subject = call.subject(caller.principal)
        let channel = RefusingChannel(caller.channel)
        if let level = caller.logLevel { await raiseLogLevel(of: session, to: level, caller) }
        let result: JSONSlice
        do throws(BackendError) {
            result = try await attempt(call, over: session, caller, channel)
        } catch {
            let own = report(error, of: call.backend)
            guard case .answered(let answer) = error, answer.code != .urlElicitationRequired else {
                return try converted(own, call, subject, caller)
            }
            return try converted(channel.explanation(backend: call.backend.name) ?? own, call, subject, caller)
        }
        if session.era == .modern { return try passed(result, call, session, caller) }
        return ModernResult.legacy(result)
    }

    /// A request may want to hear more than the session that it shares has asked for (2025-11-25, Logging).
    private func raiseLogLevel(of session: BackendSession, to level: LogLevel, _ caller: Caller) async {
        do throws(BackendError) {
            try await session.raiseLogLevel(to: level, on: caller.shard)
        } catch {
            session.backend.logger.warning("The log level could not be set", metadata: ["error": "\(error)"])
        }
    }
}

extension BackendError {
    /// Whether a Modern backend cannot run the tool but as a task, and has not run it (SEP-2663).
    fileprivate var wantsTask: Bool {
        guard case .answered(let error) = self, error.code == .missingRequiredClientCapability else { return false }
        return error.data?["requiredCapabilities"]?["extensions"]?[TasksExtension.key] != nil
    }
}

extension JSONSlice {
    fileprivate var uncacheable: JSONSlice {
        guard self["ttlMs"] != nil || self["cacheScope"] != nil else { return self }
        return editing([JSONEdit(key: "ttlMs", value: nil), JSONEdit(key: "cacheScope", value: nil)])
    }
}
