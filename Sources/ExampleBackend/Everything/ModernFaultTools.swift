// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

/// A tool that breaks the rules of the Modern era.
enum ModernFaultTools {
    static var all: [Tool] { [fault.only(.modern)] }

    enum Kind: String, CaseIterable {
        /// `resultType` has a value that nobody knows.
        case unknownResultType = "unknown_result_type"
        /// A result of the Legacy era, without `resultType`.
        case noResultType = "no_result_type"
        /// `input_required` with neither questions nor a state.
        case nothingRequired = "nothing_required"
        /// Questions that the client did not declare.
        case undeclared
        /// A request of the server on the response stream.
        case request
        /// A log message, whether the client asked for one or not.
        case log
        /// Progress under a token that the client did not give.
        case progress
        /// The codes that exist in the Legacy era alone.
        case notFound = "code_32002"
        case urlRequired = "code_32042"
        /// A header mismatch and an unsupported version, without a reason.
        case mismatch = "code_32020"
        case version = "code_32022"
        /// A task for a client that knows nothing of tasks.
        case task
    }

    private static let fault = Tool(
        "modern_fault", "Answers in a way that the Modern revision forbids.", .changing,
        input: Schema.object(
            ["kind": Schema.string("What is wrong with the answer.", oneOf: Kind.allCases.map(\.rawValue))],
            required: ["kind"]),
        handler: .running { call, peer in
            let name = try call.string("kind")
            guard let kind = Kind(rawValue: name) else { throw ToolFailure("Unknown kind \(name).") }
            return try await answer(kind, peer)
        })

    private static func answer(_ kind: Kind, _ peer: Peer) async throws -> Reply {
        let content: JSONValue = [Content.text("not by the rules")]
        switch kind {
        case .unknownResultType:
            return raw(["resultType": "weird", "content": content])
        case .noResultType:
            return raw(["content": content])
        case .nothingRequired:
            return raw(["resultType": "input_required"])
        case .undeclared:
            let questions: JSONObject = [
                "sampling": [
                    "method": "sampling/createMessage",
                    "params": ["messages": [["role": "user", "content": Content.text("Hello?")]], "maxTokens": 1],
                ],
                "roots": ["method": "roots/list", "params": [:]],
            ]
            return raw(["resultType": "input_required", "inputRequests": .object(questions)])
        case .request:
            await peer.outlet.send(ByteBuffer(string: #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#))
        case .log:
            await peer.notify(
                "notifications/message", ["level": "alert", "logger": "example", "data": "Nobody asked"])
        case .progress:
            await peer.progress(JSONSlice(string: "nobody's token"), 1, of: 2)
        case .notFound:
            throw RPCError(code: -32002, message: "Resource not found", data: ["uri": "test://nowhere"])
        case .urlRequired:
            let page: JSONValue = [
                "mode": "url", "elicitationId": "1", "url": "https://example.com/", "message": "Go there",
            ]
            throw RPCError(code: -32042, message: "URL elicitation required", data: ["elicitations": [page]])
        case .mismatch:
            throw RPCError.headerMismatch("not really")
        case .version:
            throw RPCError.unsupportedVersion("1999-01-01")
        case .task:
            return raw([
                "resultType": "task", "taskId": "unasked", "status": "working", "createdAt": "2026-07-28T00:00:00Z",
                "lastUpdatedAt": "2026-07-28T00:00:00Z", "ttlMs": 1_000,
            ])
        }
        return .result(ToolResult(text: "not by the rules").value(for: peer.session.revision))
    }

    private static func raw(_ result: JSONObject) -> Reply {
        var reply = Reply.result(.object(result))
        reply.isRaw = true
        return reply
    }
}
