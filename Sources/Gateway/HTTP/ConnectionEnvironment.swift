// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What all connections of one listener share.
struct ConnectionEnvironment: Sendable {
    let limits: GatewayLimits
    let origins: OriginPolicy
    let endpoint: MCPEndpoint
    /// Of the listener for peers, instead of the MCP endpoint.
    var peers: PeerEndpoint?
    /// Every path that no other route claims is the MCP endpoint.
    let isMCPEndpoint: @Sendable (Substring) -> Bool
    /// Paths on which a page of any origin may ask: `Origin` is not looked at.
    let isForAllOrigins: @Sendable (Substring) -> Bool
}
