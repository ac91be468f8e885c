// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import VirtualServer

/// Modern requests on standard input: they carry everything with them, so a Legacy session beside them does not matter,
/// nor whether there is one (2026-07-28, Transports, stdio).
extension StdioConnection {
    /// What is going on under an id.
    enum ModernWork {
        case request(InFlightRequest, LineOutput)
        case subscription(Subscription)
    }

    /// Notifications other than `notifications/cancelled` mean nothing, and responses have no question.
    func serveModern(_ message: MCPMessage) {
        guard case .request(let id, let method, let params) = message else { return }
        do throws(RequestError) {
            guard !isInFlight(id) else { throw RequestError(.invalidRequest, "A request with this id is in flight") }
            let (meta, members) = try modern.dispatcher.check(method, params, nil, knownMeta)
            let output = LineOutput { [self] in write($0, isAnswer: $1) }
            let caller = try modern.caller(meta, principal, shard, channel: ModernChannel(meta) { output.send($0) })
            if method == .listen {
                try listen(id, params, caller, output)
            } else {
                try serve(id, method, members, caller, output)
            }
        } catch {
            answer(OutgoingMessage(id: id, error: error))
        }
    }

    private func serve(
        _ id: RequestID, _ method: MCPMethod, _ members: RequestMembers, _ caller: Caller, _ output: LineOutput
    ) throws(RequestError) {
        let request = try modern.requests.begin(for: principal)
        modernWork[id] = .request(request, output)
        openRequests += 1
        modern.dispatcher.serve(method, members, caller, request) { [self] result in
            let message =
                switch result {
                case .success(let result): OutgoingMessage(id: id, result: result)
                case .failure(let error):
                    OutgoingMessage(id: id, error: request.isCutShort ? error.ofShutdown : error)
                }
            modern.requests.end(request)
            if case .request(let current, _) = modernWork[id], current === request { modernWork[id] = nil }
            output.finish(message)
            requestEnded()
        }
    }

    private func listen(
        _ id: RequestID, _ params: JSONSlice?, _ caller: Caller, _ output: LineOutput
    ) throws(RequestError) {
        let subscription = try modern.subscriptions.begin(
            id, params, for: principal, hasTasks: caller.channel.capabilities.hasTasks, output: output)
        modernWork[id] = .subscription(subscription)
        openRequests += 1
        _ = Task.immediate(executorPreference: shard.executor) { [self] in
            await modern.subscriptions.open(subscription, caller)
            // The end of the input is the client's end of every subscription.
            if isInputClosed { modern.subscriptions.end(subscription) }
            requestEnded()
        }
    }

    /// Stops what the client wants no more; nothing is said about it afterwards.
    ///
    /// - Returns: whether the id was that of a Modern request.
    func cancelModern(_ params: JSONSlice?) -> Bool {
        guard let raw = params?["requestId"], let id = RequestID(raw), let work = modernWork.removeValue(forKey: id)
        else { return false }
        switch work {
        case .request(let request, let output):
            output.finish(nil)
            request.cancel()
        case .subscription(let subscription): modern.subscriptions.drop(subscription)
        }
        return true
    }
}

/// One Modern request's way to standard output; nothing comes through once it is over.
final class LineOutput: SubscriptionOutput {
    private let write: @Sendable (_ message: ByteBuffer, _ isAnswer: Bool) -> Bool
    private let isOver = Mutex(false)

    init(write: @escaping @Sendable (_ message: ByteBuffer, _ isAnswer: Bool) -> Bool) { self.write = write }

    func send(_ message: ByteBuffer) { say(message, isAwaited: false) }
    func acknowledge(_ message: ByteBuffer) { say(message, isAwaited: true) }

    private func say(_ message: ByteBuffer, isAwaited: Bool) {
        isOver.withLock { isOver in
            if !isOver { _ = write(message, isAwaited) }
        }
    }

    /// Says the last word, if there is one to say.
    func finish(_ message: OutgoingMessage?) {
        isOver.withLock { isOver in
            guard !isOver else { return }
            isOver = true
            if let message { _ = write(message.contiguous, true) }
        }
    }

    /// On a channel that stays open the end of a subscription is also told by a notification; it comes behind the
    /// result, because a result of something that is cancelled could not be taken for one.
    func finish(_ id: RequestID, _ result: JSONSlice) {
        isOver.withLock { isOver in
            guard !isOver else { return }
            isOver = true
            _ = write(OutgoingMessage(id: id, result: result.bytes).contiguous, true)
            var cancelled = ByteBuffer()
            cancelled.writeNotification(method: .cancelled, params: JSONSlice(["requestId": .slice(id.slice)]))
            _ = write(cancelled, true)
        }
    }
}
