// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore

/// The rules for what a backend asks of a client.
enum Question {
    /// A question that is with the client, and the call that it belongs to.
    struct Open: Sendable {
        let task: Task<Void, Never>
        let call: Int?
    }

    /// Why a question must not reach the client, or `nil` when it may.
    ///
    /// An undeclared method is answered with -32601, an undeclared elicitation mode with -32602
    /// (2025-11-25, Elicitation, Error Handling).
    static func refusal(
        of method: MCPMethod, _ params: JSONSlice?, _ capabilities: ClientCapabilities?
    ) -> RequestError? {
        let capabilities = capabilities ?? .none
        switch method {
        case .elicit:
            guard capabilities.elicitation != nil else { return .methodNotFound(method.name) }
            let mode = params?["mode"]?.string ?? "form"
            switch mode {
            case "form":
                return capabilities.elicitsForms ? nil : .invalidParams("The client does not support form elicitation")
            case "url":
                return capabilities.elicitsURLs ? nil : .invalidParams("The client does not support URL elicitation")
            default: return .invalidParams("Unknown elicitation mode")
            }
        case .createMessage:
            guard capabilities.sampling != nil else { return .methodNotFound(method.name) }
            let usesTools = params?["tools"] != nil || params?["toolChoice"] != nil
            return usesTools && !capabilities.samplesWithTools
                ? .invalidParams("The client does not support tools in sampling") : nil
        case .rootsList:
            return capabilities.roots == nil ? .methodNotFound(method.name) : nil
        default:
            return .methodNotFound(method.name)
        }
    }

    /// The answer to a question that cannot be brought to the client that it is for: as if nobody wanted to answer it.
    static func unassignable(_ id: RequestID, _ method: MCPMethod) -> ByteBuffer {
        var message = ByteBuffer()
        switch method {
        case .elicit: message.writeResult(id: id, result: JSONSlice(["action": "cancel"]).bytes)
        case .createMessage:
            message.writeError(
                id: id, error: RequestError(ErrorCode(rawValue: -1), "It is not known which client to ask"))
        default:
            message.writeError(id: id, error: RequestError(.internalError, "It is not known which client to ask"))
        }
        return message
    }

    /// The parameters as the client gets them.
    static func relayed(_ method: MCPMethod, _ params: JSONSlice?, _ capabilities: ClientCapabilities) -> JSONSlice? {
        guard let params else { return nil }
        var crossed = MetaOwnership.crossing(params)
        // Nobody was told that clients could answer with tasks.
        if crossed["task"] != nil { crossed = crossed.editing([JSONEdit(key: "task", value: nil)]) }
        guard method == .createMessage, let context = crossed["includeContext"], !context.isString("none") else {
            return crossed
        }
        // "thisServer" would mean the gateway, that is every backend, to the client.
        return crossed.editing([JSONEdit(key: "includeContext", value: nil)])
    }
}
