// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore

/// One question of a backend that waits for its client's answer.
struct ParkedAsk: Sendable {
    enum Kind: Sendable, Hashable {
        /// With the schema that the answer has to fit.
        case form(JSONSlice)
        case url
        case sampling
        case roots
        /// One that cannot be understood.
        case elicitation

        var method: MCPMethod {
            switch self {
            case .form, .url, .elicitation: .elicit
            case .sampling: .createMessage
            case .roots: .rootsList
            }
        }
    }

    /// The number of the question within its call; the backend's own id is its session's business.
    let id: Int
    let kind: Kind
    /// What the client must have declared to be asked this.
    let needs: CapabilityFingerprint
    /// As the client gets them.
    let params: JSONSlice
    /// Why it cannot be asked, whatever the client declared.
    let problem: AskRefusal?

    var method: MCPMethod { kind.method }

    var bytes: Int { params.bytes.readableBytes }

    /// The entry of `inputRequests`.
    var request: JSONValue { ["method": .string(method.name), "params": .slice(params)] }

    /// What the backend is answered when nobody will answer any more.
    var cancelAnswer: Result<JSONSlice, RequestError> { AskRefusal.unavailable(.ended).answer(to: method) }
}

/// Why a question does not reach the client.
enum AskRefusal: Error, Sendable, Hashable {
    enum Reason: String, Sendable, Hashable, CaseIterable {
        /// Parking is switched off for this caller.
        case off
        /// The call is none that could be parked, or it cannot be told which call asks.
        case notParkable
        case limit
        /// The client has been asked in as many rounds as it may be.
        case roundsUsedUp
        case shutdown
        /// The call is over.
        case ended
    }

    case undeclaredMethod
    case undeclaredMode
    case malformed(String)
    case unavailable(Reason)

    func answer(to method: MCPMethod) -> Result<JSONSlice, RequestError> {
        switch self {
        case .undeclaredMethod: .failure(.methodNotFound(method.name))
        case .undeclaredMode: .failure(.invalidParams("The client does not support this kind of question"))
        case .malformed(let what): .failure(.invalidParams(what))
        case .unavailable:
            switch method {
            case .elicit: .success(JSONSlice(["action": "cancel"]))
            case .createMessage: .failure(RequestError(ErrorCode(rawValue: -1), "User rejected sampling request"))
            default: .failure(RequestError(.internalError, "The client cannot be asked now"))
            }
        }
    }

    /// A name for counters.
    var name: String {
        switch self {
        case .undeclaredMethod, .undeclaredMode: "undeclared"
        case .malformed: "malformed"
        case .unavailable(let reason): reason.rawValue
        }
    }
}
