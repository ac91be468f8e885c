// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import TestSupport

@testable import Backends

extension BackendHarness {
    /// A request to say anything to.
    static let get = "GET /mcp HTTP/1.1\r\nHost: h\r\n\r\n"

    /// Runs `body` with a backend that answers as the script says.
    static func serve(
        _ script: @escaping ScriptedHTTPBackend.Script, configure: Configure = { _ in },
        answers: AnswerBudget = .unbounded,
        _ body: (ScriptedHTTPBackend, BackendHarness) async throws -> Void
    ) async throws {
        let server = try await ScriptedHTTPBackend.start(script)
        try await run(server.url, configure: configure, answers: answers) { try await body(server, $0) }
        await server.stop()
    }
}

extension HTTPReply {
    func isAnswer(_ status: Int = 200, _ body: String? = nil) -> Bool {
        guard case .answer(status, _, let bytes) = self else { return false }
        return body == nil || String(buffer: bytes) == body
    }

    var failure: TransportFailure? {
        if case .failed(let failure) = self { failure } else { nil }
    }
}
