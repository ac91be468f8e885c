// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import MCPTypes
import NIOCore

/// A call whose first request is on its way before anybody waits for it: most calls end with the answer to that one
/// request, and those need no task.
///
/// It has to be ended, by `BackendSession.plainResult(of:)` or `BackendSession.finish`: it holds a place at its backend.
package struct StartedCall: Sendable {
    fileprivate let pending: PendingCall
    fileprivate let connection: BackendSession.Connection
    fileprivate let permit: CircuitBreaker.Permit
    fileprivate let timeout: TimeAmount
    fileprivate let deadline: NIODeadline

    /// Has `body` called once, on the call's loop, when its first request has been answered or has failed.
    package func follow(_ body: @escaping () -> Void) { pending.follow(body) }

    /// Ends the call's first request from any thread. What follows it is called all the same.
    package func cancel() { pending.cancel() }

    fileprivate var attempt: BackendSession.Attempt? {
        pending.outcome.map { BackendSession.Attempt(connection: connection, outcome: $0, sent: []) }
    }
}

extension BackendSession {
    /// Makes the first request of a call to a Modern backend. Called on `options.shard`'s loop.
    ///
    /// - Returns: `nil` where something has to be waited for before the request can be made, or it may not be made.
    ///   Then nothing has been done, and `call` does it all.
    package func start(
        _ method: MCPMethod, params: RequestParameters, options: CallOptions
    ) -> StartedCall? {
        guard credential == nil, let connection = readyConnection(), connection.isModern, backend.limiter.tryAcquire()
        else { return nil }
        guard let permit = backend.health.admit() else {
            backend.limiter.release()
            return nil
        }
        let timeout = options.timeout ?? backend.settings.requestTimeout
        let deadline = NIODeadline.now() + timeout
        let pending = send(
            connection.spelled(method), params, over: connection.link, options, headers: options.headers,
            timeout: timeout, deadline: deadline)
        return StartedCall(
            pending: pending, connection: connection, permit: permit, timeout: timeout, deadline: deadline)
    }

    /// The result of a call that was started and whose answer is an object that says that it is complete: the call has
    /// then ended.
    ///
    /// - Returns: `nil` where `finish` has to look at it, or go on.
    package func plainResult(of call: StartedCall) -> JSONSlice? {
        guard let attempt = call.attempt, let result = attempt.plainResult else { return nil }
        finish(call.pending, attempt.outcome)
        backend.observed(nil, call.permit)
        backend.limiter.release()
        return result
    }

    /// Waits for the result of a call that was started, as `call` would have done: it is repeated under the same rules.
    ///
    /// - Parameters: those that it was started with.
    package func finish(
        _ call: StartedCall, _ method: MCPMethod, params: RequestParameters, options: CallOptions
    ) async throws(BackendError) -> JSONSlice {
        defer { backend.limiter.release() }
        let outcome = await call.pending.wait()
        finish(call.pending, outcome)
        return try await persist(
            with: method, params, options, call.permit, call.timeout, call.deadline, after: call.attempt)
    }
}
