// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Aggregation
package import Backends
package import JSONTypes
package import Logging
package import MCPTypes
package import NIOCore
import Observability

/// The gateway without its transports: one method per MCP verb, each with the caller as a parameter.
///
/// Verbs are in `Verbs`; what happens when caller and backend are of different eras, or the backend asks, in `Bridge`.
package final class VirtualServer: Sendable {
    package let name: String
    package let capabilities: Capabilities
    package let credentials: CredentialSource
    let backends: [String: Backend]
    /// `nil` while all backends answer everybody alike.
    let personal: PersonalCapabilities?
    let logger: Logger

    /// Seals what Modern clients carry between the rounds of one call.
    package let seal: StateSeal
    /// `nil` where calls cannot wait for answers: Legacy backends are then refused what they ask Modern clients.
    package let parking: ParkingLot?
    /// The tasks that clients have started.
    package let tasks: TaskRegistry
    let bridge: BridgeSettings
    /// `nil` while everybody may ask as often as they like.
    let limiter: CallLimiter?

    /// How long lists wait for backends that have not been heard of since the start.
    static let startGrace = Duration.seconds(3)
    static let maximumInstructions = 16_000

    package init(
        name: String, backends: [Backend], capabilities: Capabilities, credentials: CredentialSource = .none,
        seal: StateSeal = StateSeal(audience: ""), parking: ParkingLot? = nil,
        tasks: TaskRegistry = TaskRegistry(), bridge: BridgeSettings = BridgeSettings(),
        limiter: CallLimiter? = nil, logger: Logger
    ) {
        self.name = name
        self.backends = Dictionary(backends.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.capabilities = capabilities
        self.credentials = credentials
        personal = PersonalCapabilities(capabilities: capabilities, backends: backends)
        self.seal = seal
        self.parking = parking
        self.tasks = tasks
        self.bridge = bridge
        self.limiter = limiter
        self.logger = logger
    }

    // MARK: Handshake

    /// The result of `initialize`. What is declared does not depend on which backends happen to be up.
    package func initializeResult(revision: ProtocolRevision) async -> ByteBuffer {
        await capabilities.settle(within: Self.startGrace)
        var capabilities: JSONObject = [
            "logging": [:], "completions": [:],
            "prompts": ["listChanged": true],
            "resources": ["subscribe": true, "listChanged": true],
            "tools": ["listChanged": true],
        ]
        if revision == .v2025_11_25 {
            capabilities["tasks"] = ["list": [:], "cancel": [:], "requests": ["tools": ["call": [:]]]]
        }
        var object: JSONObject = [
            "protocolVersion": .string(revision.rawValue), "capabilities": .object(capabilities),
            "serverInfo": ["name": .string(name), "version": .string(GatewayIdentity.version)],
        ]
        if let instructions = self.capabilities.instructions(limit: Self.maximumInstructions) {
            object["instructions"] = .string(instructions)
        }
        return JSONSlice(.object(object)).bytes
    }

    // MARK: Lists

    func listed(for caller: Caller) async -> CapabilitySnapshot {
        if let personal { return await personal.listed(for: caller) }
        return capabilities.listed
    }

    /// Whether lists depend on who asks.
    var hasPersonalLists: Bool { personal != nil }

    func routed(for caller: Caller) async -> CapabilitySnapshot {
        if let personal { return await personal.routed(for: caller) }
        return capabilities.routed
    }

    /// The same where it is there without waiting.
    var routedAtOnce: CapabilitySnapshot? { personal == nil ? capabilities.routed : nil }

    /// The result of a list request, in the words of the caller's revision.
    package func list(_ kind: ListKind, params: JSONSlice?, caller: Caller) async throws(RequestError) -> ByteBuffer {
        await capabilities.settle(within: Self.startGrace)
        var cursor: String?
        if let raw = params?["cursor"], !raw.isNull {
            guard let text = raw.string else { throw .invalidParams("cursor must be a string") }
            cursor = text
        }
        do throws(InvalidCursor) {
            let dialect = ListDialect(
                isModern: caller.revision.era == .modern, hasTaskCalls: caller.revision == .v2025_11_25)
            return try await listed(for: caller).page(kind, cursor: cursor, dialect: dialect)
        } catch {
            throw .invalidParams("\(error)")
        }
    }
}
