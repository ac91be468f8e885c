// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore

/// Where peers bring the requests that belong to calls which are parked here.
///
/// Who asks, the peer has found out; everything else is looked at anew, by the same code that serves clients. Nothing
/// is ever sent on from here, so a request makes one hop and no more.
final class PeerEndpoint: Sendable {
    private let replicas: Replicas
    private let endpoint: MCPEndpoint
    private let limits: GatewayLimits
    let requests: ModernRequests

    init(replicas: Replicas, endpoint: MCPEndpoint, limits: GatewayLimits) {
        self.replicas = replicas
        self.endpoint = endpoint
        self.limits = limits
        requests = ModernRequests(limits: Self.bounded(limits, replicas))
    }

    private static func bounded(_ limits: GatewayLimits, _ replicas: Replicas) -> GatewayLimits {
        var limits = limits
        limits.modernRequests = min(limits.modernRequests, replicas.maximumRequests)
        return limits
    }

    /// For the listener: a peer's request is a client's and a little more.
    static func listenerLimits(_ limits: GatewayLimits) -> GatewayLimits {
        var limits = limits
        limits.requestBodyBytes += ResumeEnvelope.maximumBytes + 1024
        return limits
    }

    /// Called on the connection's loop with a complete request.
    func handle(_ headers: RequestHeaders, body: ByteBuffer, exchange: ServerExchange) {
        let envelope: ResumeEnvelope
        do throws(Replicas.Refusal) {
            envelope = try replicas.admit(headers, body)
        } catch {
            replicas.turnAway(error)
            exchange.respond(.text(error.status, "Refused"))
            return
        }
        replicas.count { $0.taken += 1 }
        exchange.extraFields.append(("X-Vmcp-Instance", replicas.instance))
        do throws(MCPMessageError) {
            let message = try MCPMessage(parsing: envelope.message, limits: limits.json)
            endpoint.resume(message, headers, envelope.principal, requests, exchange)
        } catch {
            exchange.respond(.error(error.requestError, id: error.id))
        }
    }
}
