// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

@testable import Gateway

@Suite struct LegacyDispatcherTests {
    @Test(
        "Task methods exist in 2025-11-25 alone", .timeLimit(.minutes(5)),
        arguments: ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
    func taskMethods(_ revision: String) async throws {
        try await ModernGateway.run { gateway in
            let client = try await MCPTestClient(port: gateway.port).opened(revision)
            #expect(client.revision == revision)
            let isKnown = revision == "2025-11-25"
            for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
                let error = try await client.error(method, ["taskId": "nothing"])
                #expect(error["code"]?.int == (isKnown ? -32602 : -32601), "\(method) in \(revision)")
            }
            let list = try await client.message("tasks/list")
            #expect(list["result"]?.description == (isKnown ? #"{"tasks":[]}"# : nil))
            #expect(list["error"]?["code"]?.int == (isKnown ? nil : -32601))
        }
    }
}
