// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Backends
import JSONTypes
import MCPTypes

/// One `tools/call`, `prompts/get` or `resources/read`, the requests in which a backend may ask: what goes to which
/// backend, before it is known which eras meet.
struct BackendCall: Sendable {
    let method: MCPMethod
    /// The tool's or prompt's name, or the resource's URI, as the client knows it.
    let target: String
    var backend: Backend
    /// The same as the backend spells it, quotes included.
    var original: JSONSlice
    /// As the backend gets them, but for metadata of a hop.
    var parameters: RequestParameters
    var isRepeatable: Bool
    var parameterHeaders = ParameterHeaders.none
    /// Whether the tool runs as a task of 2025-11-25 only.
    var needsTask = false
    /// Whether `parameters` may have members that answer an earlier round; `false` is certain.
    var mayHaveRound = true
    /// Whether the client wants a task of 2025-11-25, and not the result.
    var wantsTask = false
    /// Whether a Modern backend may answer with a task.
    var declaresTasks = false
    /// What the client answers to an earlier round, and the state that the backend gave it, both as they go out.
    var responses: JSONSlice?
    var backendState: JSONSlice?

    /// The text of the parameters; what is known of them is forgotten when it changes.
    var params: JSONSlice {
        get { parameters.text ?? .emptyObject }
        set { parameters = RequestParameters(newValue) }
    }

    func subject(_ principal: Principal) -> StateSubject {
        StateSubject(
            method: method, target: target, arguments: method == .resourcesRead ? nil : params["arguments"],
            principal: principal)
    }

    /// The member of `parameters` that names the target.
    private var targetKey: String { method == .resourcesRead ? "uri" : "name" }

    /// The same call to where an earlier round of it went, whatever its name leads to by now.
    mutating func redirect(to backend: Backend, _ original: JSONSlice) {
        guard backend !== self.backend || original != self.original else { return }
        params = params.editing([JSONEdit(key: targetKey, value: original)])
        self.backend = backend
        self.original = original
        // What was known of the tool belongs to the other one.
        isRepeatable = false
        parameterHeaders = .none
    }

    /// Takes out what only belongs between two parties that have agreed on it.
    mutating func withoutRound() {
        guard mayHaveRound, params["requestState"] != nil || params["inputResponses"] != nil else { return }
        params = params.editing([
            JSONEdit(key: "requestState", value: nil), JSONEdit(key: "inputResponses", value: nil),
        ])
    }

    /// Takes out the wish for a task, which here nobody has, or nobody may have (2025-11-25, Tasks).
    mutating func withoutTask() {
        if params["task"] != nil { params = params.editing([JSONEdit(key: "task", value: nil)]) }
    }

    /// The parameters of the next attempt at a Modern backend.
    var roundParameters: RequestParameters {
        var edits: [JSONEdit] = []
        if let responses { edits.append(JSONEdit(key: "inputResponses", value: responses)) }
        if let backendState { edits.append(JSONEdit(key: "requestState", value: backendState)) }
        return edits.isEmpty ? parameters : RequestParameters(params.editing(edits))
    }
}

/// A backend's result, and the rules that it was made by.
struct BackendAnswer: Sendable {
    var result: JSONSlice
    var era: ProtocolRevision.Era
}
