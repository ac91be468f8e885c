// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes

/// What clients are told about parked calls that do not end with the backend's own answer.
enum ParkError {
    static func refused(_ reason: String, _ message: String) -> RequestError {
        var error = RequestError.invalidParams(message).because(reason)
        error.httpStatus = 400
        return error
    }

    static let gone = refused("request_state_gone", "The call that requestState stands for has ended")
    static let stale = refused("stale_round", "requestState is of an earlier round")
    static let inProgress = refused("round_in_progress", "This round is being answered by another request")

    static func invalidResponses(key: String?) -> RequestError {
        var error = refused("invalid_input_responses", "inputResponses does not answer what was asked")
        if let key {
            error.data = JSONSlice(["reason": "invalid_input_responses", "key": .string(key)])
        }
        return error
    }

    static func tooLarge(limit: Int) -> RequestError {
        RequestError(.invalidRequest, "inputResponses is larger than \(limit) bytes", httpStatus: 413)
    }

    /// The call waits elsewhere; the same state may be sent again.
    static let keeperUnavailable = RequestError(
        .internalError, "The replica that keeps this call cannot be reached; try again", httpStatus: 503
    ).because("owner_unavailable")

    static let backendLost = RequestError(.internalError, "Backend connection lost; the call is not repeated")
        .because("backend_lost")
    static let timedOut = RequestError(.internalError, "The call timed out").because("timeout")
    static let shutdown = RequestError(.internalError, "The gateway is shutting down").because("shutdown")
    static let revoked = RequestError(.internalError, "The call was ended by the gateway").because("revoked")
    static let resultTooLarge = RequestError(.internalError, "The result is too large to wait for its client")
        .because("result_too_large")
    static let interactionNotSupported = RequestError(
        .internalError, "The backend wanted to ask the client, which is not possible here"
    ).because("interaction_not_supported")
    static let cancelled = RequestError(.cancelled, "Request cancelled")
}

/// What of a call's questions was refused, for the error that the call may end with.
struct Refusals: Sendable, Hashable {
    private(set) var undeclared: CapabilityFingerprint = []
    private(set) var isOff = false

    /// - Parameter declared: what the client did declare.
    mutating func note(_ refusal: AskRefusal, of ask: ParkedAsk, declared: CapabilityFingerprint) {
        switch refusal {
        case .undeclaredMethod, .undeclaredMode: undeclared.formUnion(ask.needs.subtracting(declared))
        case .unavailable(.off): isOff = true
        case .malformed, .unavailable: break
        }
    }

    /// What the client is told when the backend ends the call with an error: the want of an answer is probably why
    /// (2026-07-28, Multi Round-Trip Requests). A tool that goes on without one has its result.
    func explaining(_ error: RequestError) -> RequestError {
        guard error.isBackendsOwn else { return error }
        if !undeclared.isEmpty { return .missingCapability(undeclared.required) }
        if isOff { return ParkError.interactionNotSupported }
        return error
    }
}

extension RequestError {
    /// Whether a backend ended its call with this, and not because its user has to visit a page, which is a round.
    var isBackendsOwn: Bool { isRelayed && code != .urlElicitationRequired }
}

extension CapabilityFingerprint {
    /// As `requiredCapabilities` names them.
    var required: JSONValue {
        var object = JSONObject()
        var elicitation = JSONObject()
        if contains(.forms) { elicitation["form"] = [:] }
        if contains(.urls) { elicitation["url"] = [:] }
        if !elicitation.isEmpty { object["elicitation"] = .object(elicitation) }
        var sampling = JSONObject()
        if contains(.samplingTools) { sampling["tools"] = [:] }
        if contains(.samplingContext) { sampling["context"] = [:] }
        if contains(.sampling) || !sampling.isEmpty { object["sampling"] = .object(sampling) }
        if contains(.roots) { object["roots"] = [:] }
        return .object(object)
    }
}
