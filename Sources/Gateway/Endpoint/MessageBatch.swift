// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import VirtualServer

/// A JSON-RPC batch (JSON-RPC 2.0 §6, part of MCP in 2025-03-26 only).
struct MessageBatch: Sendable {
    private(set) var requests: [(id: RequestID, method: MCPMethod, params: JSONSlice?)] = []
    private(set) var notifications: [(method: MCPMethod, params: JSONSlice?)] = []
    private(set) var responses: [(id: RequestID?, outcome: MCPMessage.Outcome)] = []
    /// Elements that are no messages, with the answer each gets.
    private(set) var refusals: [(id: RequestID?, error: RequestError)] = []

    init(_ body: ByteBuffer, limits: GatewayLimits) throws(RequestError) {
        let array: JSONSlice
        do throws(JSONError) {
            array = try JSONSlice(validating: body, limits: limits.json)
        } catch {
            throw MCPMessageError.notJSON(error).requestError
        }
        var count = 0
        for element in array.elements {
            count += 1
            guard count <= limits.batchMessages else {
                throw RequestError(
                    .invalidRequest, "A batch has at most \(limits.batchMessages) messages", httpStatus: 400)
            }
            do throws(MCPMessageError) {
                switch try MCPMessage(parsing: element.bytes, limits: limits.json) {
                case .request(let id, .initialize, _):
                    throw .invalid("initialize must not be part of a batch", id: id)
                case .request(let id, let method, let params): requests.append((id, method, params))
                case .notification(let method, let params): notifications.append((method, params))
                case .response(let id, let outcome): responses.append((id, outcome))
                }
            } catch {
                refusals.append((error.id, error.requestError))
            }
        }
        guard count > 0 else {
            throw RequestError(.invalidRequest, "A batch has at least one message", httpStatus: 400)
        }
    }

    /// Leaves out requests whose ids are in use elsewhere.
    mutating func refuse(where isInFlight: (RequestID) -> Bool) {
        for (id, _, _) in requests where isInFlight(id) {
            refusals.append((id, RequestError(.invalidRequest, "A request with this id is in flight")))
        }
        requests.removeAll { isInFlight($0.id) }
    }

    var expectsAnswer: Bool { !requests.isEmpty || !refusals.isEmpty }

    /// Serves all requests at once and gathers their answers; `nil` when every one was cancelled.
    func serve(_ dispatcher: LegacyDispatcher, session: ClientSession, caller: Caller) async -> ByteBuffer? {
        var answers = refusals.map { OutgoingMessage(id: $0.id, error: $0.error).contiguous }
        await withTaskGroup(of: ByteBuffer?.self) { group in
            for (id, method, params) in requests {
                guard case .admitted(let request) = session.begin(id) else {
                    let error = RequestError(.invalidRequest, "A request with this id is in flight, or too many are")
                    answers.append(OutgoingMessage(id: id, error: error).contiguous)
                    continue
                }
                group.addTask(executorPreference: caller.shard.executor) {
                    let answer = Mutex<OutgoingMessage?>(nil)
                    let task = Task.immediate(executorPreference: caller.shard.executor) {
                        let message: OutgoingMessage
                        do throws(RequestError) {
                            let result = try await dispatcher.result(
                                of: method, params: params, session: session, caller: caller)
                            message = OutgoingMessage(id: id, result: result)
                        } catch {
                            message = OutgoingMessage(id: id, error: error)
                        }
                        answer.withLock { $0 = message }
                    }
                    request.adopt(task)
                    await task.value
                    return session.end(id, request) ? nil : answer.withLock { $0 }?.contiguous
                }
            }
            for await answer in group {
                if let answer { answers.append(answer) }
            }
        }
        guard !answers.isEmpty else { return nil }
        var body = ByteBuffer(staticString: "[")
        for (index, answer) in answers.enumerated() {
            if index > 0 { body.writeStaticString(",") }
            body.writeImmutableBuffer(answer)
        }
        body.writeStaticString("]")
        return body
    }
}
