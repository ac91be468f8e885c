// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore

/// Turns what a Legacy backend asks into an entry of `inputRequests`.
struct AskConversion: Sendable {
    /// The backend's name where questions show it: people must see who asks (2025-11-25, Elicitation, Security).
    let label: String?
    /// What was negotiated with the backend.
    let revision: ProtocolRevision
    /// What the client declared first.
    let declared: CapabilityFingerprint
    let maximumBytes: Int
    let allowsLoopbackHTTP: Bool

    /// - Returns: the question, with the reason if nobody may be asked it.
    func ask(_ id: Int, _ method: MCPMethod, _ params: JSONSlice?) -> ParkedAsk {
        let params = params ?? .emptyObject
        let (kind, needs, problem) = understood(method, params)
        let isTask = params["_meta"]?["io.modelcontextprotocol/related-task"] != nil
        let converted = problem == nil && !isTask ? converted(kind, params) : .emptyObject
        var refusal = problem.map { AskRefusal.malformed($0) }
        if isTask { refusal = .unavailable(.notParkable) }
        if converted.bytes.readableBytes > maximumBytes {
            refusal = .malformed("The question is larger than \(maximumBytes) bytes")
        }
        return ParkedAsk(id: id, kind: kind, needs: needs, params: converted, problem: refusal)
    }

    private func understood(
        _ method: MCPMethod, _ params: JSONSlice
    ) -> (ParkedAsk.Kind, needs: CapabilityFingerprint, problem: String?) {
        switch method {
        case .elicit:
            let mode = params["mode"]?.string ?? "form"
            let hasMessage = params["message"]?.kind == .string
            if mode == "url" {
                return (.url, .urls, hasMessage ? urlProblem(params["url"]?.string) : "message must be a string")
            }
            guard mode == "form" else { return (.elicitation, .forms, "Unknown elicitation mode") }
            guard let schema = params["requestedSchema"], schema.kind == .object, hasMessage else {
                return (.elicitation, .forms, "message must be a string and requestedSchema an object")
            }
            return (.form(schema), .forms, nil)
        case .createMessage:
            let usesTools = params["tools"] != nil || params["toolChoice"] != nil
            let needs: CapabilityFingerprint = usesTools ? [.sampling, .samplingTools] : .sampling
            return (.sampling, needs, params["messages"]?.kind == .array ? nil : "messages must be an array")
        default: return (.roots, .roots, nil)
        }
    }

    /// A person is sent there, so it must be safe to go.
    private func urlProblem(_ text: String?) -> String? {
        guard revision >= .v2025_11_25 else { return "The negotiated revision has no URL elicitation" }
        switch PageAddress.problem(text, allowsLoopbackHTTP: allowsLoopbackHTTP) {
        case nil: return nil
        case .malformed: return "url must be an absolute URL"
        case .insecure: return "url must be an https URL"
        }
    }

    private func converted(_ kind: ParkedAsk.Kind, _ params: JSONSlice) -> JSONSlice {
        if kind == .roots { return .emptyObject }
        var edits: [JSONEdit] = []
        if params["task"] != nil { edits.append(JSONEdit(key: "task", value: nil)) }
        switch kind {
        case .form, .url, .elicitation:
            // Who visited is told by the retry, not by a notification that names an id.
            if params["elicitationId"] != nil { edits.append(JSONEdit(key: "elicitationId", value: nil)) }
        case .sampling:
            // "thisServer" would mean the gateway, that is every backend, to the client.
            if let context = params["includeContext"],
                !declared.contains(.samplingContext) || !context.isString("none")
            {
                edits.append(JSONEdit(key: "includeContext", value: nil))
            }
        case .roots: break
        }
        let crossed = MetaOwnership.crossing(params)
        let edited = edits.isEmpty ? crossed : crossed.editing(edits)
        guard let label else { return edited }
        return QuestionLabel.labelled(edited, of: kind.method, backend: label) ?? edited
    }
}
