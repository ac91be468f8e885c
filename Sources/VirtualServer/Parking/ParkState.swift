// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore

/// One call of a Modern client to a Legacy backend, which may ask in the middle of it.
///
/// The client's request ends with each round of questions while the backend's goes on, so the two are kept apart here: at
/// most one client request is attached at a time, the backend's call is made once. A value: whoever owns it does what it
/// says, in order, and tells it of time.
struct ParkState: Sendable {
    enum Phase: String, Sendable, Hashable, CaseIterable {
        /// An ordinary call so far.
        case running
        /// Questions are being gathered; a client request is attached.
        case collecting
        /// A round is with the client; no request is attached.
        case parked
        /// The answers are with the backend; a client request is attached.
        case resumed
        /// The backend has finished, and nobody is attached who could be told.
        case held
        case closed

        var isAttached: Bool { self == .running || self == .collecting || self == .resumed }
        var isLive: Bool { self == .collecting || self == .parked || self == .resumed }
    }

    let settings: ParkingSettings
    let method: MCPMethod
    /// What was negotiated with the backend.
    let revision: ProtocolRevision
    /// What the first request declared, which is what the backend was told.
    let declaredFirst: CapabilityFingerprint

    private(set) var phase = Phase.running
    /// How many rounds have been sent.
    private(set) var round = 0
    private(set) var surfaced: [(key: String, ask: ParkedAsk)] = []
    private(set) var queued: [ParkedAsk] = []
    /// The client request that is open, or that was answered with the present round.
    private(set) var request: Int
    private(set) var declared: CapabilityFingerprint
    private(set) var refusals = Refusals()
    private var keys = 0
    private var held: Result<JSONSlice, RequestError>?
    private var sentProgress: Double?
    private var latestProgress: JSONSlice?

    private var debounceDeadline: NIODeadline?
    private var debounceLimit: NIODeadline?
    private var roundDeadline: NIODeadline?
    private let lifeDeadline: NIODeadline

    /// - Parameters:
    ///   - request: the number of the client request that started the call.
    ///   - declared: what that request declared.
    init(
        settings: ParkingSettings, method: MCPMethod, revision: ProtocolRevision, declared: CapabilityFingerprint,
        request: Int = 0, now: NIODeadline
    ) {
        self.settings = settings
        self.method = method
        self.revision = revision
        declaredFirst = declared
        self.declared = declared
        self.request = request
        lifeDeadline = now + settings.lifeTime
    }

    // MARK: Time

    /// When something is due; nothing is while nothing is parked.
    var nextDeadline: NIODeadline? {
        switch phase {
        case .running, .closed: nil
        case .collecting: min(debounceDeadline ?? lifeDeadline, lifeDeadline)
        case .resumed: lifeDeadline
        case .parked, .held: min(roundDeadline ?? lifeDeadline, lifeDeadline)
        }
    }

    /// What time has brought about.
    func due(at now: NIODeadline) -> ParkEvent? {
        guard let next = nextDeadline, next <= now else { return nil }
        if lifeDeadline <= now { return .lifeTimeout }
        return phase == .collecting ? .debounce(round: round) : .roundTimeout(round: round)
    }

    private mutating func armDebounce(_ now: NIODeadline) {
        let limit = debounceLimit ?? now + settings.debounceMaximum
        debounceLimit = limit
        debounceDeadline = min(now + settings.debounce, limit)
    }

    /// Whatever waits is sent at once.
    private mutating func armImmediately(_ now: NIODeadline) {
        debounceLimit = now
        debounceDeadline = now
    }

    // MARK: Events

    /// The only way to change: one row of the table for each event in each state.
    mutating func handle(_ event: ParkEvent, now: NIODeadline) -> [ParkEffect] {
        let before = phase
        var effects = step(event, now)
        if phase != before, before != .running || phase != .closed {
            effects.append(.moved(from: before, to: phase, round: round))
        }
        return effects
    }

    private mutating func step(_ event: ParkEvent, _ now: NIODeadline) -> [ParkEffect] {
        if phase == .closed { return afterEnd(event) }
        switch event {
        case .ask(let ask, let isAdmitted): return asked(ask, isAdmitted, now)
        case .withdraw(let id): return withdrawn(id)
        case .outcome(let outcome): return finished(refusals.explaining(outcome))
        case .backendLost(let error):
            return finished(.failure(phase == .running ? error : ParkError.backendLost), as: .backendLost)
        case .callTimeout(let error):
            return finished(.failure(phase == .running ? error : ParkError.timedOut), as: .callTimeout)
        case .progress(let params): return progressed(params)
        case .log(let params):
            return phase.isAttached ? [.tell(request: request, .message, params)] : []
        case .debounce(let armed):
            return phase == .collecting && armed == round ? gathered(now) : []
        case .roundTimeout(let armed):
            guard phase == .parked || phase == .held, armed == round else { return [] }
            return end(.roundTimeout, answering: nil)
        case .lifeTimeout: return phase == .running ? [] : end(.lifeTimeout, answering: ParkError.timedOut)
        case .retry(let retry): return retried(retry, now)
        case .gone(let gone): return left(gone)
        case .revoke(let reason):
            guard phase != .running else { return [] }
            return end(reason, answering: reason == .shutdown ? ParkError.shutdown : ParkError.revoked)
        }
    }

    private func afterEnd(_ event: ParkEvent) -> [ParkEffect] {
        switch event {
        case .retry(let retry): [.answer(request: retry.request, .failure(ParkError.gone))]
        case .ask(let ask, _): [.reply(ask: ask.id, ask.cancelAnswer)]
        default: []
        }
    }

    // MARK: Questions

    /// Why `ask` is not put to the client now, if it is not.
    func refusal(of ask: ParkedAsk) -> AskRefusal? {
        if phase == .held || phase == .closed { return .unavailable(.ended) }
        let declared = phase == .parked ? declaredFirst : declared
        if let problem = ask.problem, case .unavailable = problem { return problem }
        guard declared.isSuperset(of: ask.needs) else {
            let hasMethod =
                switch ask.method {
                case .elicit: !declared.isDisjoint(with: [.forms, .urls])
                case .createMessage: declared.contains(.sampling)
                default: false
                }
            return hasMethod ? .undeclaredMode : .undeclaredMethod
        }
        if let problem = ask.problem { return problem }
        return queued.count >= settings.maximumQueued ? .unavailable(.limit) : nil
    }

    private mutating func asked(_ ask: ParkedAsk, _ isAdmitted: Bool, _ now: NIODeadline) -> [ParkEffect] {
        let isNew = phase == .running
        if let refusal = refusal(of: ask) ?? (isNew && !isAdmitted ? .unavailable(.limit) : nil) {
            return refuse(ask, refusal)
        }
        queued.append(ask)
        guard phase != .parked else { return [] }
        phase = .collecting
        armDebounce(now)
        return []
    }

    private mutating func refuse(_ ask: ParkedAsk, _ refusal: AskRefusal) -> [ParkEffect] {
        refusals.note(refusal, of: ask, declared: phase == .parked ? declaredFirst : declared)
        return [.reply(ask: ask.id, refusal.answer(to: ask.method)), .refused(refusal)]
    }

    private mutating func withdrawn(_ id: Int) -> [ParkEffect] {
        guard let ask = queued.first(where: { $0.id == id }) ?? surfaced.first(where: { $0.ask.id == id })?.ask else {
            return []
        }
        queued.removeAll { $0.id == id }
        surfaced.removeAll { $0.ask.id == id }
        // Nothing of this reaches a backend that took its question back; one whose call failed is told.
        return [.reply(ask: id, ask.cancelAnswer)]
    }

    /// Every question that waits, in the order in which they came.
    private mutating func takeAsks() -> [ParkedAsk] {
        defer {
            surfaced = []
            queued = []
        }
        return surfaced.map(\.ask) + queued
    }

    // MARK: Rounds

    private mutating func gathered(_ now: NIODeadline) -> [ParkEffect] {
        debounceDeadline = nil
        debounceLimit = nil
        guard !surfaced.isEmpty || !queued.isEmpty else {
            phase = .resumed
            return []
        }
        guard round < settings.maximumRounds else {
            phase = .resumed
            return takeAsks().flatMap { refuse($0, .unavailable(.roundsUsedUp)) }
        }
        var bytes = surfaced.reduce(0) { $0 + $1.ask.bytes }
        while let next = queued.first, surfaced.count < settings.asksPerRound,
            surfaced.isEmpty || bytes + next.bytes <= settings.roundBytes
        {
            keys += 1
            surfaced.append((key: "q\(keys)", ask: next))
            bytes += next.bytes
            queued.removeFirst()
        }
        round += 1
        phase = .parked
        roundDeadline = now + settings.roundTime
        return [.surface(request: request, round: round, surfaced)]
    }

    private mutating func retried(_ retry: ParkRetry, _ now: NIODeadline) -> [ParkEffect] {
        func refused(_ error: RequestError) -> [ParkEffect] { [.answer(request: retry.request, .failure(error))] }
        guard retry.round == round else { return refused(retry.round < round ? ParkError.stale : ParkError.gone) }
        guard phase == .parked || phase == .held else { return refused(ParkError.inProgress) }
        let needed = surfaced.reduce(into: CapabilityFingerprint()) { $0.formUnion($1.ask.needs) }
        let missing = needed.subtracting(retry.declared)
        guard missing.isEmpty else { return refused(.missingCapability(missing.required)) }
        if let responses = retry.responses, responses.kind != .object || responses.duplicateKey() != nil {
            return refused(ParkError.invalidResponses(key: nil))
        }
        var answers: [(key: String, ask: ParkedAsk, answer: Result<JSONSlice, RequestError>)] = []
        for (key, ask) in surfaced {
            guard let value = retry.responses?.member(key) else { continue }
            guard let answer = AnswerConversion.answer(value, to: ask, revision: revision) else {
                return refused(ParkError.invalidResponses(key: key))
            }
            answers.append((key, ask, answer))
        }
        if let held {
            request = retry.request
            return end(.finished, answering: nil, with: held)
        }
        request = retry.request
        declared = retry.declared
        roundDeadline = nil
        sentProgress = nil
        var effects: [ParkEffect] = [.attached(request: retry.request)]
        if let latest = latestProgress {
            latestProgress = nil
            sentProgress = latest["progress"]?.double
            effects.append(.tell(request: request, .progress, latest))
        }
        // In the order of their keys, which is the order in which the backend asked.
        for answered in answers {
            surfaced.removeAll { $0.key == answered.key }
            effects.append(.reply(ask: answered.ask.id, answered.answer))
        }
        phase = .collecting
        effects += refuseUndeclared()
        if surfaced.isEmpty && queued.isEmpty {
            phase = .resumed
        } else {
            armImmediately(now)
        }
        return effects
    }

    /// While the call was parked, what the first request declared counted; what counts from now on is what the attached
    /// one declares (2026-07-28, Multi Round-Trip Requests).
    private mutating func refuseUndeclared() -> [ParkEffect] {
        let waiting = queued
        queued = []
        var effects: [ParkEffect] = []
        for ask in waiting {
            if let refusal = refusal(of: ask) {
                effects += refuse(ask, refusal)
            } else {
                queued.append(ask)
            }
        }
        return effects
    }

    // MARK: The call's end

    private mutating func finished(
        _ outcome: Result<JSONSlice, RequestError>, as reason: ParkEnd = .finished
    ) -> [ParkEffect] {
        switch phase {
        case .running: return end(reason, answering: nil, with: outcome)
        case .collecting, .resumed:
            let dropped = takeAsks().map { ParkEffect.drop(ask: $0.id) }
            return dropped + end(reason, answering: nil, with: uncacheable(outcome))
        case .parked:
            phase = .held
            let isTooLarge = (try? outcome.get()).map { $0.bytes.readableBytes > settings.heldBytes } ?? false
            held = isTooLarge ? .failure(ParkError.resultTooLarge) : uncacheable(outcome)
            latestProgress = nil
            return takeAsks().map { .drop(ask: $0.id) }
        case .held, .closed: return []
        }
    }

    /// What someone's answers have shaped is nobody else's, and not the same the next time.
    private func uncacheable(_ outcome: Result<JSONSlice, RequestError>) -> Result<JSONSlice, RequestError> {
        guard method == .resourcesRead, round > 0 else { return outcome }
        return outcome.map { result in
            result.editing([
                JSONEdit(key: "ttlMs", value: JSONSlice(0)),
                JSONEdit(key: "cacheScope", value: JSONSlice(string: CacheHints.Scope.private.rawValue)),
            ])
        }
    }

    private mutating func left(_ gone: Int) -> [ParkEffect] {
        guard gone == request, phase != .held else { return [] }
        return end(.abandoned, answering: nil)
    }

    /// - Parameters:
    ///   - error: what an attached request is told, where it is not answered with `outcome`.
    private mutating func end(
        _ reason: ParkEnd, answering error: RequestError?, with outcome: Result<JSONSlice, RequestError>? = nil
    ) -> [ParkEffect] {
        let isFinished = outcome != nil || phase == .held
        let wasParked = phase != .running
        var effects: [ParkEffect] = []
        if let outcome {
            effects.append(.answer(request: request, outcome))
        } else if let error, phase.isAttached {
            effects.append(.answer(request: request, .failure(error)))
        }
        if !isFinished { effects.append(.cancelCall) }
        effects += takeAsks().map { .reply(ask: $0.id, $0.cancelAnswer) }
        phase = .closed
        held = nil
        latestProgress = nil
        effects.append(.closed(reason, wasParked: wasParked))
        return effects
    }

    // MARK: Progress

    private mutating func progressed(_ params: JSONSlice) -> [ParkEffect] {
        guard let value = params["progress"]?.double else { return [] }
        switch phase {
        case .running, .collecting, .resumed:
            if let sentProgress, value <= sentProgress { return [] }
            sentProgress = value
            return [.tell(request: request, .progress, params)]
        case .parked:
            latestProgress = params
            return []
        case .held, .closed: return []
        }
    }
}

extension Refusals {
    fileprivate func explaining(
        _ outcome: Result<JSONSlice, RequestError>
    ) -> Result<JSONSlice, RequestError> {
        outcome.mapError { explaining($0) }
    }
}
