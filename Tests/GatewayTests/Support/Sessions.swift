// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport

@testable import Gateway

extension Principal {
    static let alice = Principal(issuer: "https://issuer.example", subject: "alice")
    static let mallory = Principal(issuer: "https://issuer.example", subject: "mallory")
    /// The same name, vouched for by somebody else.
    static let otherAlice = Principal(issuer: "https://other.example", subject: "alice")
}

extension ClientSession {
    static func make(
        _ id: String = SessionTable.newID(), of principal: Principal = .alice,
        revision: ProtocolRevision = .v2025_11_25,
        limits: GatewayLimits = GatewayLimits(), output: Outbox? = nil
    ) -> ClientSession {
        guard let output else {
            return ClientSession(id: id, principal: principal, revision: revision, capabilities: .none, limits: limits)
        }
        return ClientSession(
            id: id, principal: principal, revision: revision, capabilities: .none, limits: limits,
            output: { output.take($0) })
    }
}

/// The only way to a client: keeps what is sent on it, as long as it is open.
final class Outbox: Sendable {
    private struct State {
        var messages: [JSONSlice] = []
        var isOpen = true
    }

    private let state = Mutex(State())

    func take(_ message: ByteBuffer) -> Bool {
        state.withLock { state in
            guard state.isOpen else { return false }
            state.messages.append(JSONSlice(trusted: message))
            return true
        }
    }

    var isOpen: Bool {
        get { state.withLock { $0.isOpen } }
        set { state.withLock { $0.isOpen = newValue } }
    }

    var messages: [JSONSlice] { state.withLock { $0.messages } }
    var texts: [String] { messages.map(\.description) }
    var methods: [String] { messages.compactMap { $0["method"]?.string } }

    /// The first request that was sent, once it has been.
    func question() async throws -> RequestID {
        try await eventually("a question") { messages.contains { $0["id"] != nil } }
        let id = messages.first { $0["id"] != nil }?["id"]
        return try id.flatMap { RequestID($0) }.orThrow("an id")
    }
}
