// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
package import JSONTypes
import Logging
package import MCPTypes
import NIOCore
import Synchronization

/// What the backend sends: answers, notifications, and questions to the client.
extension BackendSession {
    /// One message from the backend, within the answer of `call` or outside of any.
    func receive(_ bytes: ByteBuffer, during call: PendingCall?, from link: any SessionLink) {
        let message: MCPMessage
        do {
            message = try MCPMessage(parsing: bytes, limits: backend.settings.jsonLimits)
        } catch {
            backend.logger.warning("Skipped a message that is not JSON-RPC", metadata: ["problem": "\(error)"])
            return
        }
        switch message {
        case .response(let id, let outcome):
            // Taken out here, so that what the backend sends next cannot be taken for part of this call.
            guard let number = id?.number,
                let target = state.withLock({ $0.calls.removeValue(forKey: number) ?? $0.listening[number]?.call })
            else {
                backend.logger.warning(
                    "Ignored an answer to a request that is not waiting", metadata: ["id": "\(id?.json ?? "none")"])
                return
            }
            target.deliver(CallOutcome(outcome))
        case .notification(let method, let params):
            if link.modern == nil || !receiveModern(method, params, during: call) {
                receive(method, params, during: call, from: link)
            }
        case .request(_, let method, _) where link.modern != nil:
            backend.logger.warning(
                "Ignored a request, which a Modern server must not make",
                metadata: ["method": "\(method.name.bounded(to: 64))"])
        case .request(let id, let method, let params):
            answer(id, method, params, during: call, over: link)
        }
    }

    func receive(_ method: MCPMethod, _ params: JSONSlice?, during call: PendingCall?, from link: any SessionLink) {
        switch method {
        case .progress:
            guard let params, let number = params["progressToken"]?.int,
                let target = state.withLock({ $0.calls[number] }), let token = target.progressToken
            else { return }
            target.shard.eventLoop.execute { target.extendDeadline() }
            target.channel?.notify(
                .progress,
                params: MetaOwnership.crossing(params).editing([JSONEdit(key: "progressToken", value: token)]))
        case .cancelled:
            // The backend withdraws a question of its own.
            guard let raw = params?["requestId"], let id = RequestID(raw) else { return }
            state.withLock { $0.questions.removeValue(forKey: id) }?.task.cancel()
        case .message:
            let params = params.map { MetaOwnership.crossing($0) }
            let owner = call ?? (isShared && !link.hasSingleChannel ? nil : soleCall)
            if let channel = owner?.channel {
                channel.notify(.message, params: params)
            } else if !isShared {
                inbound(.message, params)
            }
        case .taskStatus where link.modern == nil, .taskChanged where link.modern != nil: taskReported(params)
        case .taskStatus, .taskChanged: break
        default:
            // Some servers announce changes on whichever session they happen to work for.
            if let kind = CapabilityKind(changedBy: method) { backend.announce(kind, by: self) }
            inbound(method, params.map { MetaOwnership.crossing($0) })
        }
    }

    /// What only Modern backends send. Returns whether that was all.
    private func receiveModern(_ method: MCPMethod, _ params: JSONSlice?, during call: PendingCall?) -> Bool {
        switch method {
        case .listenAcknowledged:
            guard let open = listening(during: call, params) else { return true }
            open.listener.acknowledged(open.number, params, on: open.call.shard)
        case .cancelled:
            // The only thing that a server can withdraw is a subscription (2026-07-28, Schema Reference).
            guard let id = params?["requestId"]?.int else { return true }
            state.withLock { $0.listening[id] }?.call.deliver(.result(.emptyObject))
        case .resourceUpdated:
            guard let uri = params?["uri"]?.string else { return true }
            return !isSubscribed(to: uri)
        default: return false
        }
        return true
    }

    /// How many of the things that a URI is a part of are looked for; what an update costs is its backend's choice.
    private static let maximumParents = 64

    /// A server may announce a sub-resource of what was subscribed to (2026-07-28, Schema Reference).
    private func isSubscribed(to uri: String) -> Bool {
        let text = uri.utf8
        guard text.count <= FreeText.maximumURILength else { return false }
        let slashes = text.indices.lazy.filter { text[$0] == UInt8(ascii: "/") }.prefix(Self.maximumParents)
        return state.withLock { state in
            state.subscriptions.contains(uri) || slashes.contains { state.subscriptions.contains(String(uri[..<$0])) }
        }
    }

    /// The call that a message outside of any answer belongs to, when there is no doubt.
    var soleCall: PendingCall? {
        state.withLock { $0.calls.count == 1 ? $0.calls.values.first : nil }
    }

    /// The only call of a client; what the session itself asks for causes no questions.
    var soleClientCall: PendingCall? {
        state.withLock { state in
            let calls = state.calls.values.filter { $0.channel != nil }
            return calls.count == 1 ? calls.first : nil
        }
    }

    /// Any call in flight: they are all of the same client, so a question reaches the right one through each of them.
    var anyCall: PendingCall? {
        state.withLock { state in state.calls.values.filter { $0.channel != nil }.max { $0.id < $1.id } }
    }

    func answer(
        _ id: RequestID, _ method: MCPMethod, _ params: JSONSlice?, during call: PendingCall?,
        over link: any SessionLink
    ) {
        // Calls of a shared session are of several clients, so a question must have no doubt about it.
        let related = isShared ? call ?? soleClientCall : call?.channel == nil ? anyCall : call
        let shard = related?.shard ?? backend.anyShard
        if method == .ping {
            var message = ByteBuffer()
            message.writeResult(id: id, result: JSONSlice.emptyObject.bytes)
            send(message, over: link, on: shard)
            return
        }
        let channel = related?.channel ?? (isShared ? nil : self.channel())
        if isShared, channel == nil, Question.refusal(of: method, params, capabilities) == nil {
            send(Question.unassignable(id, method), over: link, on: shard)
            return
        }
        if let refusal = Question.refusal(of: method, params, channel?.capabilities) {
            var message = ByteBuffer()
            message.writeError(id: id, error: refusal)
            send(message, over: link, on: shard)
            return
        }
        guard let channel else { return }
        let refusal: RequestError? = state.withLock { state in
            guard state.questions[id] == nil else {
                return RequestError(.invalidRequest, "A question with this id is not answered yet")
            }
            guard state.questions.count < (isShared ? Self.maximumSharedQuestions : Self.maximumQuestions) else {
                return RequestError(.overloaded, "Too many questions at a time")
            }
            // Started under the lock: the task takes the lock before it ends, so it finds itself registered.
            let task = Task(executorPreference: shard.executor) { [self] in
                await relay(id, method, params, to: channel, related: related, over: link, on: shard)
            }
            state.questions[id] = Question.Open(task: task, call: related?.id)
            return nil
        }
        if let refusal {
            var message = ByteBuffer()
            message.writeError(id: id, error: refusal)
            send(message, over: link, on: shard)
        }
    }

    func relay(
        _ id: RequestID, _ method: MCPMethod, _ params: JSONSlice?, to channel: any ClientChannel,
        related: PendingCall?, over link: any SessionLink, on shard: Shard
    ) async {
        related?.questionOpened()
        var message = ByteBuffer()
        var isAnswered = true
        do throws(RequestError) {
            let answer = try await channel.ask(method, params: Question.relayed(method, params, channel.capabilities))
            message.writeResult(id: id, result: MetaOwnership.crossing(answer).bytes)
        } catch {
            isAnswered = error != .unanswered
            message.writeError(id: id, error: error)
        }
        related?.questionClosed()
        let isOpen = state.withLock { $0.questions.removeValue(forKey: id) != nil }
        // A withdrawn question gets no answer.
        if isOpen && isAnswered { sendAnswer(message, of: related, over: link, on: shard) }
    }

    /// Sends an answer that a call cannot go on without.
    func sendAnswer(_ message: ByteBuffer, of call: PendingCall?, over link: any SessionLink, on shard: Shard) {
        tasks.run(on: shard.executor) { [backend] in
            var attempt = 1
            while true {
                do throws(BackendError) {
                    return try await link.send(message, on: shard)
                } catch {
                    backend.logger.debug("An answer could not be delivered", metadata: ["error": "\(error)"])
                    switch error {
                    case .unavailable, .outcomeUnknown:
                        attempt += 1
                        if attempt == 2 { continue }
                    case .sessionLost: break
                    default: return
                    }
                    // The backend waits for what it will not get, and has done its work until here.
                    call?.deliver(.failed(.outcomeUnknown("the connection was lost")))
                    return
                }
            }
        }
    }

    /// Sends without making anyone wait; a failure shows in the calls that follow.
    func send(_ message: ByteBuffer, over link: any SessionLink, on shard: Shard) {
        tasks.run(on: shard.executor) { [backend] in
            do throws(BackendError) {
                try await link.send(message, on: shard)
            } catch {
                backend.logger.debug("A message could not be delivered", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Tells the backend that nobody waits for `call` any more; a handshake must not be cancelled
    /// (2025-11-25, Cancellation).
    func withdraw(_ call: PendingCall, over link: any SessionLink) {
        guard handshake != nil else { return }
        var message = ByteBuffer()
        message.writeNotification(method: .cancelled, params: JSONSlice(["requestId": .number(JSONNumber(call.id))]))
        send(message, over: link, on: call.shard)
    }

    /// A message was too long to be read. When only one call waits, it was that call's answer.
    func skipped(_ line: StdioSkippedLine) {
        switch line {
        case .tooLong:
            let limit = backend.settings.limits.responseBytes
            soleCall?.deliver(.failed(.invalidResponse("the answer is larger than \(limit) bytes")))
        case .noRoom: soleCall?.deliver(.failed(.noRoom))
        }
    }

    /// Tells the backend something of the client's own, such as changed roots. Nothing is sent to a backend that the
    /// session has not opened.
    package func notify(_ method: MCPMethod, params: JSONSlice?, on shard: Shard) {
        var message = ByteBuffer()
        message.writeNotification(method: method, params: params)
        guard let link = readyConnection()?.link else { return }
        send(message, over: link, on: shard)
    }
}
