// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Logging
import MCPTypes
import NIOCore
import Synchronization

/// Keeps one `subscriptions/listen` request open on a Modern connection, for everything that its session wants to be
/// told of.
final class ModernListener: Sendable {
    private let session: BackendSession
    private let tasks = TaskSupervisor()
    private let state: Mutex<State>

    private struct State {
        var machine: ListenStates
        var streams: [Int: Stream] = [:]
        var waiters: [Waiter] = []
        var link: (any ModernLink)?
        var retry: Scheduled<Void>?
        var isClosed = false
        /// What was told of until now.
        var tasks: Set<String> = []
    }

    private struct Stream {
        let call: PendingCall
        var isAcknowledged = false
    }

    private struct Waiter {
        let subject: ListenFilter.Subject
        let call: PendingCall
    }

    init(session: BackendSession) {
        self.session = session
        let isKnownToLack = session.backend.eras.lacksListening
        let afterLoss = session.state.withLock { $0.hasConnectedBefore }
        state = Mutex(State(machine: ListenStates(afterLoss: afterLoss, isUnsupported: isKnownToLack)))
    }

    /// The lists whose changes the backend tells of now.
    var pushedKinds: Set<CapabilityKind> { state.withLock { $0.machine.granted.kinds } }

    /// Listens for `filter` from now on.
    func want(_ filter: ListenFilter, over link: any ModernLink, on shard: Shard) {
        let actions = state.withLock { state -> [ListenStates.Action] in
            guard !state.isClosed else { return [] }
            state.link = link
            if state.machine.isUnsupported, !session.backend.eras.lacksListening { state.machine.reconsider() }
            return state.machine.want(filter)
        }
        perform(actions, on: shard)
    }

    /// Completes `call` once it is known whether the backend tells of `subject`, which is wanted by now.
    func join(_ subject: ListenFilter.Subject, _ call: PendingCall) {
        let outcome = state.withLock { state -> CallOutcome? in
            if state.isClosed { return .failed(.closed) }
            if state.machine.isHopeless { return .failed(.notSubscribable) }
            if let settled = state.machine.settled, settled.asked.contains(subject) {
                return settled.granted.contains(subject) ? .result(.null) : .failed(.notSubscribable)
            }
            state.waiters.append(Waiter(subject: subject, call: call))
            return nil
        }
        if let outcome { call.deliver(outcome) }
    }

    func forget(_ call: PendingCall) {
        state.withLock { $0.waiters.removeAll { $0.call === call } }
    }

    // MARK: What the backend says

    func acknowledged(_ number: Int, _ params: JSONSlice?, on shard: Shard) {
        let granted = ListenFilter(acknowledged: params)
        let actions = state.withLock { state in
            state.streams[number]?.isAcknowledged = true
            return state.machine.acknowledged(number, granted)
        }
        perform(actions, on: shard)
    }

    // MARK: Effects

    private func perform(_ actions: [ListenStates.Action], on shard: Shard) {
        for action in actions {
            switch action {
            case .open(let number, let filter):
                if session.isUnasked { note(.asked) }
                tasks.run(on: shard.executor) { await self.run(number, filter, on: shard) }
            case .close(let number): close(number)
            case .established(let asked, let granted, let afterGap):
                let hadGap = note(.told) || afterGap
                settle(asked) { granted.contains($0) ? .result(.null) : .failed(.notSubscribable) }
                let known = state.withLock { state in
                    defer { state.tasks = granted.taskIDs }
                    return hadGap ? [] : state.tasks
                }
                let unheard = granted.taskIDs.subtracting(known)
                if !unheard.isEmpty { session.missedReports(of: unheard) }
                if hadGap { session.missedNotifications(of: granted.uris) }
            case .failed(let asked, let error): settle(asked) { _ in .failed(error) }
            case .retry(let pause):
                // One that replaces another may fail while that other goes on.
                if state.withLock({ $0.machine.settled == nil }) { note(.asked) }
                retry(after: pause, on: shard)
            case .unsupported:
                note(.refused)
                session.backend.learn { $0.lacksListening = true }
                settleAll(.failed(.notSubscribable))
            }
        }
    }

    @discardableResult
    private func note(_ telling: BackendSession.Telling) -> Bool {
        guard let link = state.withLock({ $0.link }) else { return false }
        return session.note(telling, over: link)
    }

    /// There is one repetition to come at most, however many requests have failed: it asks for all that is wanted then.
    private func retry(after pause: Duration, on shard: Shard) {
        let retry = shard.eventLoop.scheduleTask(in: TimeAmount(pause)) {
            self.perform(self.state.withLock { $0.isClosed ? [] : $0.machine.retryDue() }, on: shard)
        }
        let superseded = state.withLock { state in
            guard !state.isClosed else { return Optional(retry) }
            defer { state.retry = retry }
            return state.retry
        }
        superseded?.cancel()
    }

    private func settle(_ asked: ListenFilter, _ outcome: (ListenFilter.Subject) -> CallOutcome) {
        let settled = state.withLock { state in
            let settled = state.waiters.filter { asked.contains($0.subject) }
            state.waiters.removeAll { asked.contains($0.subject) }
            return settled
        }
        for waiter in settled { waiter.call.deliver(outcome(waiter.subject)) }
    }

    private func settleAll(_ outcome: CallOutcome) {
        let waiters = state.withLock { state in
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.call.deliver(outcome) }
    }

    /// One request, from its sending to its end.
    private func run(_ number: Int, _ filter: ListenFilter, on shard: Shard) async {
        let headers: ForwardedHeaders
        do throws(BackendError) {
            headers = ForwardedHeaders(fields: try await session.credentialFields())
        } catch {
            ended(number, .failed(error), opened: .now(), on: shard)
            return
        }
        let opened = NIODeadline.now()
        let call = session.registerListening(number, by: self, on: shard)
        let link = state.withLock { state -> (any ModernLink)? in
            // Until now there was nothing to close, so what was wanted instead has to be asked for.
            guard !state.isClosed, state.machine.awaits(number) else { return nil }
            state.streams[number] = Stream(call: call)
            return state.link
        }
        guard let link else { return session.unregisterListening(call) }
        let request = ModernRequest(
            method: .listen, params: RequestParameters(filter.params), headers: headers,
            declaresTasks: !filter.taskIDs.isEmpty)
        link.send(request, for: call)
        // Another loop may have ended it between those two steps, when there was nothing to withdraw yet.
        if !state.withLock({ $0.machine.awaits(number) }) { end(call, over: link) }
        let limit = shard.eventLoop.scheduleTask(in: session.backend.settings.requestTimeout) {
            if !self.isAcknowledged(number) { call.deliver(.failed(.timeout)) }
        }
        let outcome = await call.wait()
        limit.cancel()
        session.unregisterListening(call)
        ended(number, outcome, opened: opened, on: shard)
    }

    private func isAcknowledged(_ number: Int) -> Bool {
        state.withLock { $0.streams[number]?.isAcknowledged ?? false }
    }

    private func ended(_ number: Int, _ outcome: CallOutcome, opened: NIODeadline, on shard: Shard) {
        let end: ListenStates.End =
            switch outcome {
            case .result: .graceful
            case .failed(.answered(let error)) where error.code == .methodNotFound: .unknownMethod
            case .failed(.rejected(status: 404)): .unknownMethod
            case .failed(let error): .failed(error)
            }
        let actions = state.withLock { state -> [ListenStates.Action] in
            state.streams[number] = nil
            guard !state.isClosed else { return [] }
            let uptime = Duration.nanoseconds((NIODeadline.now() - opened).nanoseconds)
            return state.machine.ended(number, end, after: uptime, jitter: .random(in: 0..<1))
        }
        if case .failed(let error) = end, !actions.isEmpty {
            session.backend.logger.debug("A subscription ended", metadata: ["reason": "\(error)"])
        }
        perform(actions, on: shard)
    }

    private func close(_ number: Int) {
        let (stream, link) = state.withLock { ($0.streams[number], $0.link) }
        guard let stream else { return }
        end(stream.call, over: link)
    }

    /// Over HTTP the end of the stream is what the backend sees; a process must be told.
    private func end(_ call: PendingCall, over link: (any ModernLink)?) {
        if let link, link.hasSingleChannel { session.withdraw(call, over: link) }
        call.deliver(.failed(.cancelled))
    }

    func close() {
        let (streams, waiters, link, retry) = state.withLock { state in
            state.isClosed = true
            defer {
                state.streams = [:]
                state.waiters = []
                state.link = nil
                state.retry = nil
            }
            return (Array(state.streams.values), state.waiters, state.link, state.retry)
        }
        retry?.cancel()
        for stream in streams { end(stream.call, over: link) }
        for waiter in waiters { waiter.call.deliver(.failed(.closed)) }
        tasks.cancelAll()
    }
}
