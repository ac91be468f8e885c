// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import JSONTypes
import Logging
import MCPTypes
import NIOCore
import Synchronization

/// One call that may be parked, with everything that its state speaks about: the backend's call, the client requests
/// that wait, the backend's questions.
///
/// Events may come from any thread. Each changes the state under the lock; what follows is done outside of it, one effect
/// after the other in the order of the events, by whoever comes first.
final class Park: ClientChannel {
    typealias Outcome = Result<JSONSlice, RequestError>

    /// Random, and in no way derived from the call.
    let id: String
    let subject: StateSubject
    let backend: Backend
    private let lot: ParkingLot
    private let lease: SessionLease
    private let conversion: AskConversion
    private let box: Mutex<Box>

    private struct Box {
        var state: ParkState
        var requests: [Int: Request] = [:]
        var nextRequest = 1
        var asks: [Int: CheckedContinuation<Outcome, Never>] = [:]
        var nextAsk = 1
        var call: Task<Void, Never>?
        var isCancelled = false
        var effects: [ParkEffect] = []
        var isWorking = false
    }

    /// A client request that has not been answered yet.
    private struct Request {
        let caller: Caller
        var continuation: CheckedContinuation<Outcome, Never>?
        /// Known before anyone waited for it.
        var outcome: Outcome?
    }

    init(
        id: String, subject: StateSubject, caller: Caller, backend: Backend, lease: SessionLease, lot: ParkingLot,
        revision: ProtocolRevision
    ) {
        self.id = id
        self.subject = subject
        self.backend = backend
        self.lease = lease
        self.lot = lot
        let settings = lot.settings
        let declared = lot.relayed(CapabilityFingerprint(caller.channel.capabilities))
        conversion = AskConversion(
            label: settings.labelsQuestions ? backend.name : nil, revision: revision, declared: declared,
            maximumBytes: settings.askBytes, allowsLoopbackHTTP: settings.allowsLoopbackHTTP)
        let state = ParkState(
            settings: settings, method: subject.method, revision: revision, declared: declared, now: lot.clock.now())
        box = Mutex(Box(state: state, requests: [0: Request(caller: caller)]))
    }

    // MARK: The backend's call

    /// Makes the call, in a task of its own: it outlives the client request that it was made for.
    func start(_ operation: @escaping ParkingLot.Operation, on shard: Shard) {
        box.withLock { box in
            // The task waits for this lock before it reports, so it cannot end before it is known.
            box.call = Task(executorPreference: shard.executor) { [self, session = lease.session] in
                do throws(RequestError) {
                    finished(.success(try await operation(self, session)))
                } catch {
                    finished(.failure(error))
                }
            }
        }
    }

    private func finished(_ outcome: Outcome) {
        switch outcome {
        // Our codes are ordinary numbers to a backend, which has answered here.
        case .failure(let error) where error.isRelayed: handle(.outcome(outcome))
        case .failure(let error) where Self.lostCodes.contains(error.code): handle(.backendLost(error))
        case .failure(let error) where error.code == .backendTimeout: handle(.callTimeout(error))
        default: handle(.outcome(outcome))
        }
    }

    private static let lostCodes: Set<ErrorCode> = [.outcomeUnknown, .backendUnavailable]

    // MARK: Client requests

    /// Waits for the answer to the request that started the call.
    func firstAnswer() async throws(RequestError) -> JSONSlice { try await answer(to: 0) }

    /// Takes `caller`'s request as the answer to a round, and waits for what it is to be answered with.
    func resume(round: Int, responses: JSONSlice?, caller: Caller) async throws(RequestError) -> JSONSlice {
        let declared = lot.relayed(CapabilityFingerprint(caller.channel.capabilities))
        let request = box.withLock { box in
            let request = box.nextRequest
            box.nextRequest += 1
            box.requests[request] = Request(caller: caller)
            return request
        }
        handle(.retry(ParkRetry(request: request, round: round, declared: declared, responses: responses)))
        return try await answer(to: request)
    }

    private func answer(to request: Int) async throws(RequestError) -> JSONSlice {
        let outcome: Outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known: Outcome? = box.withLock { box in
                    guard let entry = box.requests[request] else { return .failure(ParkError.cancelled) }
                    if let outcome = entry.outcome {
                        box.requests[request] = nil
                        return outcome
                    }
                    box.requests[request]?.continuation = continuation
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            handle(.gone(request: request))
            settle(request, .failure(ParkError.cancelled))
        }
        // Whoever would have read the round is gone, so nobody has its state.
        if Task.isCancelled { handle(.gone(request: request)) }
        return try outcome.get()
    }

    private func settle(_ request: Int, _ outcome: Outcome) {
        let continuation = box.withLock { box -> CheckedContinuation<Outcome, Never>? in
            guard let entry = box.requests[request], entry.outcome == nil else { return nil }
            if let continuation = entry.continuation {
                box.requests[request] = nil
                return continuation
            }
            box.requests[request]?.outcome = outcome
            return nil
        }
        continuation?.resume(returning: outcome)
    }

    // MARK: What the backend says

    /// Everything is let through to here: only here is known who is asked, and refusals have to be remembered.
    var capabilities: ClientCapabilities { Self.everything }

    private static let everything = CapabilityFingerprint(rawValue: .max).capabilities(roots: true)

    /// A person has been asked already, perhaps; asking again is not the same as once.
    var mayRepeatCall: Bool { box.withLock { $0.state.phase == .running } }

    func notify(_ method: MCPMethod, params: JSONSlice?) {
        guard let params else { return }
        switch method {
        case .progress: handle(.progress(params))
        case .message: handle(.log(params))
        default: break
        }
    }

    func ask(_ method: MCPMethod, params: JSONSlice?) async throws(RequestError) -> JSONSlice {
        let id = box.withLock { box in
            defer { box.nextAsk += 1 }
            return box.nextAsk
        }
        let ask = conversion.ask(id, method, params)
        let answer: Outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isKept = box.withLock { box in
                    if Task.isCancelled { return false }
                    box.asks[id] = continuation
                    let needsRoom = box.state.phase == .running && box.state.refusal(of: ask) == nil
                    apply(.ask(ask, isAdmitted: !needsRoom || lot.admit(self)), &box)
                    return true
                }
                if !isKept { continuation.resume(returning: ask.cancelAnswer) }
                work()
            }
        } onCancel: {
            handle(.withdraw(ask: id))
        }
        return try answer.get()
    }

    var waitingQuestions: Int { box.withLock { $0.state.surfaced.count + $0.state.queued.count } }

    // MARK: Events and effects

    func handle(_ event: ParkEvent) {
        box.withLock { apply(event, &$0) }
        work()
    }

    /// Looks at the clock, and says when that has to be done again.
    func sweep(now: NIODeadline) -> NIODeadline? {
        box.withLock { Self.catchUp(&$0, now) }
        return workOff()
    }

    private func apply(_ event: ParkEvent, _ box: inout Box) {
        let now = lot.clock.now()
        box.effects += box.state.handle(event, now: now)
        Self.catchUp(&box, now)
    }

    private static func catchUp(_ box: inout Box, _ now: NIODeadline) {
        while let event = box.state.due(at: now) { box.effects += box.state.handle(event, now: now) }
    }

    private func work() {
        if let deadline = workOff() { lot.wake(at: deadline) }
    }

    /// - Returns: when the clock has to be looked at.
    private func workOff() -> NIODeadline? {
        while true {
            let (effects, deadline) = box.withLock { box -> ([ParkEffect], NIODeadline?) in
                if box.isWorking || box.effects.isEmpty { return ([], box.state.nextDeadline) }
                box.isWorking = true
                defer { box.effects = [] }
                return (box.effects, nil)
            }
            if effects.isEmpty { return deadline }
            for effect in effects { perform(effect) }
            box.withLock { $0.isWorking = false }
        }
    }

    private func perform(_ effect: ParkEffect) {
        switch effect {
        case .surface(let request, let round, let asks): surface(round, asks, to: request)
        case .answer(let request, let outcome): settle(request, outcome)
        case .reply(let ask, let answer): reply(ask, answer)
        case .drop(let ask): reply(ask, .failure(.unanswered))
        case .refused(let refusal): lot.counters.refused(refusal)
        case .attached(let request):
            let caller = box.withLock { $0.requests[request]?.caller }
            if let caller { lot.raiseLogLevel(of: lease.session, for: caller) }
        case .tell(let request, let method, let params):
            box.withLock { $0.requests[request]?.caller.channel }?.notify(method, params: params)
        case .moved(let old, let new, let round): moved(old, new, round)
        case .cancelCall:
            box.withLock { box in
                box.isCancelled = true
                return box.call
            }?.cancel()
        case .closed(let reason, let wasParked): closed(reason, wasParked)
        }
    }

    private func surface(_ round: Int, _ asks: [(key: String, ask: ParkedAsk)], to request: Int) {
        var requests = JSONObject()
        for (key, ask) in asks { requests.append(key, ask.request) }
        do throws(RequestError) {
            let state = try lot.seal(self, round: round)
            let result = JSONSlice([
                "resultType": "input_required", "inputRequests": .object(requests), "requestState": .string(state),
            ])
            settle(request, .success(result))
        } catch {
            settle(request, .failure(error))
            handle(.gone(request: request))
        }
    }

    private func reply(_ ask: Int, _ answer: Outcome) {
        box.withLock { $0.asks.removeValue(forKey: ask) }?.resume(returning: answer)
    }

    private func moved(_ old: ParkState.Phase, _ new: ParkState.Phase, _ round: Int) {
        lot.counters.moved(from: old, to: new)
        lot.logger.info(
            "Parked call changed state",
            metadata: [
                "park": "\(id.prefix(8))", "backend": "\(backend.name)", "round": "\(round)",
                "from": "\(old.rawValue)", "to": "\(new.rawValue)",
            ])
    }

    private func closed(_ reason: ParkEnd, _ wasParked: Bool) {
        let (isCancelled, orphans) = box.withLock { box in
            box.call = nil
            defer { box.asks = [:] }
            return (box.isCancelled, Array(box.asks.values))
        }
        for orphan in orphans { orphan.resume(returning: .failure(.unanswered)) }
        let isSettled = !isCancelled && reason != .backendLost && reason != .callTimeout
        lot.release(self, lease, reason: wasParked ? reason : nil, isSettled: isSettled)
    }
}
