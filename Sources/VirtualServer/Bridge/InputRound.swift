// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import JSONTypes
import MCPTypes
import NIOCore

/// What a Modern backend wants before it goes on: the content of an `input_required` result
/// (2026-07-28, Multi Round-Trip Requests).
struct InputRound: Sendable {
    struct Entry: Sendable {
        /// The quoted string, as the backend spells it.
        let key: JSONSlice
        let method: MCPMethod
        let params: JSONSlice?
        /// The whole request.
        let request: JSONSlice
        let need: CapabilityNeed
    }

    let entries: [Entry]
    /// The quoted string; `nil` when there is none, which is not the same as an empty one.
    let state: JSONSlice?

    /// - Throws: when the backend broke the protocol, or asks for more than anybody could answer.
    init(_ result: JSONSlice, settings: BridgeSettings) throws(BackendError) {
        func invalid(_ problem: String) -> BackendError { .invalidResponse("input_required \(problem)") }
        state = result["requestState"]
        if let state {
            guard state.kind == .string else { throw invalid("with a requestState that is no string") }
            guard state.bytes.readableBytes <= settings.maximumStateBytes else {
                throw invalid("with a requestState of more than \(settings.maximumStateBytes) bytes")
            }
        }
        guard let requests = result["inputRequests"] else {
            guard state != nil else { throw invalid("with neither inputRequests nor requestState") }
            self.entries = []
            return
        }
        guard requests.kind == .object else { throw invalid("with inputRequests that are no object") }
        var entries: [Entry] = []
        for member in requests.members {
            guard entries.count < settings.maximumEntries else {
                throw invalid("with more than \(settings.maximumEntries) questions")
            }
            let request = member.value
            guard request.kind == .object, let method = request["method"].flatMap({ MCPMethod($0) }) else {
                throw invalid("with a question that has no method")
            }
            let params = request["params"]
            guard params.map({ $0.kind == .object }) ?? true else {
                throw invalid("with a question whose params are no object")
            }
            guard let need = CapabilityNeed(method, params) else {
                throw invalid("with a question that no client can answer")
            }
            entries.append(Entry(key: member.key, method: method, params: params, request: request, need: need))
        }
        if requests.duplicateKey() != nil { throw invalid("with a key that occurs twice") }
        guard !entries.isEmpty || state != nil else { throw invalid("with neither inputRequests nor requestState") }
        self.entries = entries
    }

    /// What the client would have to declare and does not.
    func missing(in declared: ClientCapabilities) -> [CapabilityNeed] {
        entries.map(\.need).filter { !$0.isMet(by: declared) }
    }
}

extension JSONSlice {
    /// An object with keys that are JSON already.
    init(members: [(key: JSONSlice, value: JSONSlice)]) {
        var buffer = ByteBuffer()
        buffer.writeStaticString("{")
        for (index, member) in members.enumerated() {
            if index > 0 { buffer.writeStaticString(",") }
            buffer.writeJSON(member.key)
            buffer.writeStaticString(":")
            buffer.writeJSON(member.value)
        }
        buffer.writeStaticString("}")
        self.init(trusted: buffer)
    }
}
