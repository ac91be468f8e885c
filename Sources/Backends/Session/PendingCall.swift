// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore

/// What became of a request to a backend.
enum CallOutcome: Sendable {
    case result(JSONSlice)
    case failed(BackendError)
}

/// What carries a call, as the end of the call sees it. Called on the call's loop.
protocol CallTransport: AnyObject {
    /// Lets go of what is held for a call that ended without an answer.
    func release(_ call: PendingCall)

    /// Tells the backend that nobody waits any more, because the call ended by its deadline or its caller.
    func withdraw(_ call: PendingCall)
}

/// One request that waits for its answer.
///
/// `@unchecked Sendable`: confined to `shard`'s loop. Answers that arrive on another loop, as those of a child
/// process may, come through `deliver`.
final class PendingCall: @unchecked Sendable {
    let id: Int
    let shard: Shard
    /// Where what the backend asks or tells during this call goes.
    let channel: (any ClientChannel)?
    /// The client's own token, put back into progress notifications.
    let progressToken: JSONSlice?

    /// Until the call has ended.
    var transport: (any CallTransport)?
    /// The place among what the shard watches; the shard's own.
    var watchedAt: Int?

    private let timeout: TimeAmount
    private var deadline: NIODeadline
    private var hardDeadline: NIODeadline
    private var openQuestions = 0
    private var questionsOpened = NIODeadline.distantPast
    private(set) var outcome: CallOutcome?
    private var continuation: UnsafeContinuation<CallOutcome, Never>?
    private var follower: (() -> Void)?

    /// Progress extends a call's deadline, but not beyond this many times its timeout
    /// (2025-11-25, Lifecycle, Timeouts: an absolute maximum).
    private static let maximumExtension: Int64 = 20

    /// - Parameters:
    ///   - timeout: how much more time a sign of life gives.
    ///   - deadline: when the call ends without one.
    init(
        id: Int, shard: Shard, channel: (any ClientChannel)? = nil, progressToken: JSONSlice? = nil,
        timeout: TimeAmount, deadline: NIODeadline
    ) {
        self.id = id
        self.shard = shard
        self.channel = channel
        self.progressToken = progressToken
        self.timeout = timeout
        self.deadline = deadline
        self.hardDeadline =
            deadline + TimeAmount.nanoseconds(timeout.nanoseconds.multipliedClamped(by: Self.maximumExtension - 1))
    }

    var isFinished: Bool { outcome != nil }

    /// Waits for the outcome. Cancelling the task ends the call.
    ///
    /// The continuation is an unchecked one, which costs every call less: `complete` alone resumes it, once, with the
    /// first outcome, and whatever is waited for is watched by its shard, so that one comes by the deadline.
    func wait() async -> CallOutcome {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if let outcome {
                    continuation.resume(returning: outcome)
                } else {
                    self.continuation = continuation
                }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Has `body` called once there is an outcome, on the loop, in place of a task that waits.
    func follow(_ body: @escaping () -> Void) {
        shard.eventLoop.assertInEventLoop()
        follower = body
        if outcome != nil { shard.executor.resume(self) }
    }

    /// What the executor does with a call that was followed.
    func tellFollower() {
        let body = follower
        follower = nil
        body?()
    }

    /// Ends the call from any thread, as cancelling the task that waits for it does.
    func cancel() {
        shard.eventLoop.execute { self.end(.cancelled) }
    }

    /// Completes the call from any thread; only the first outcome counts.
    func deliver(_ outcome: CallOutcome) {
        if shard.eventLoop.inEventLoop {
            complete(outcome)
        } else {
            shard.eventLoop.execute { self.complete(outcome) }
        }
    }

    private func complete(_ outcome: CallOutcome) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        let transport = self.transport
        self.transport = nil
        if case .failed = outcome { transport?.release(self) }
        continuation?.resume(returning: outcome)
        continuation = nil
        if follower != nil { shard.executor.resume(self) }
    }

    private func end(_ error: BackendError) {
        guard outcome == nil else { return }
        let transport = self.transport
        complete(.failed(error))
        transport?.withdraw(self)
    }

    /// Ends the call when its time is over; called from the tick.
    func sweep(now: NIODeadline) {
        if openQuestions > 0 { return }
        if now >= deadline { end(.timeout) }
    }

    /// The backend showed that it is working.
    func extendDeadline() {
        let next = NIODeadline.now() + timeout
        deadline = next < hardDeadline ? next : hardDeadline
    }

    /// While a person thinks about an answer, the backend's time does not run.
    func questionOpened() {
        onLoop {
            if self.openQuestions == 0 { self.questionsOpened = .now() }
            self.openQuestions += 1
        }
    }

    func questionClosed() {
        onLoop {
            self.openQuestions -= 1
            guard self.openQuestions == 0 else { return }
            let now = NIODeadline.now()
            self.hardDeadline = self.hardDeadline + (now - self.questionsOpened)
            self.deadline = now + self.timeout
        }
    }

    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        if shard.eventLoop.inEventLoop {
            body()
        } else {
            shard.eventLoop.execute(body)
        }
    }
}

extension Int64 {
    fileprivate func multipliedClamped(by factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max / 4 : product
    }
}
