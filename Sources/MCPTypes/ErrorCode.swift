// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The integer codes of JSON-RPC and MCP errors (JSON-RPC 2.0 §5.1; MCP revisions as noted).
package struct ErrorCode: Sendable, Hashable, RawRepresentable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    package static let parseError = ErrorCode(rawValue: -32700)
    package static let invalidRequest = ErrorCode(rawValue: -32600)
    package static let methodNotFound = ErrorCode(rawValue: -32601)
    package static let invalidParams = ErrorCode(rawValue: -32602)
    package static let internalError = ErrorCode(rawValue: -32603)

    /// Up to 2025-11-25.
    package static let resourceNotFound = ErrorCode(rawValue: -32002)
    /// 2025-11-25 only.
    package static let urlElicitationRequired = ErrorCode(rawValue: -32042)

    /// 2026-07-28: a header and the body disagree.
    package static let headerMismatch = ErrorCode(rawValue: -32020)
    /// 2026-07-28: the request needs a client capability that was not declared.
    package static let missingRequiredClientCapability = ErrorCode(rawValue: -32021)
    /// 2026-07-28: the revision is not served here.
    package static let unsupportedProtocolVersion = ErrorCode(rawValue: -32022)

    // The gateway's own codes lie outside -32768…-32000, which JSON-RPC reserves.

    /// The call reached a backend and may have run, but its answer is lost.
    package static let outcomeUnknown = ErrorCode(rawValue: 4001)
    /// The backend cannot be reached.
    package static let backendUnavailable = ErrorCode(rawValue: 4002)
    /// The backend did not answer in time.
    package static let backendTimeout = ErrorCode(rawValue: 4003)
    /// The backend's queue, or one of the gateway's own limits, is full.
    package static let overloaded = ErrorCode(rawValue: 4004)
    /// The backend broke the protocol.
    package static let invalidBackendResponse = ErrorCode(rawValue: 4005)
    /// The client refused, or could not answer, a backend's question.
    package static let clientDeclined = ErrorCode(rawValue: 4006)
    /// The caller, or all callers together, ask more often than they may; HTTP's number, as other gateways use it.
    package static let rateLimited = ErrorCode(rawValue: 429)
    /// The request was cancelled.
    package static let cancelled = ErrorCode(rawValue: -32800)
}
