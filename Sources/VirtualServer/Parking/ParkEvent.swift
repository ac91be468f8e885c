// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes

/// What happens to a parked call.
enum ParkEvent: Sendable {
    /// The backend asks. `isAdmitted` says whether there is room for one more parked call, where this makes it one.
    case ask(ParkedAsk, isAdmitted: Bool)
    /// The backend takes a question back.
    case withdraw(ask: Int)
    /// The backend answered the call.
    case outcome(Result<JSONSlice, RequestError>)
    case progress(JSONSlice)
    case log(JSONSlice)
    /// The answer will never come; the error is what is told where nothing was parked.
    case backendLost(RequestError)
    case callTimeout(RequestError)
    case debounce(round: Int)
    case roundTimeout(round: Int)
    case lifeTimeout
    case retry(ParkRetry)
    /// An attached request's client is gone, or the round could not be written to it.
    case gone(request: Int)
    case revoke(ParkEnd)
}

/// A request with a state that opened to this call.
struct ParkRetry: Sendable {
    /// Which of the call's client requests it is.
    let request: Int
    /// The round that the state is of.
    let round: Int
    let declared: CapabilityFingerprint
    /// `inputResponses`; JSON `null` counts as absent.
    let responses: JSONSlice?

    init(request: Int, round: Int, declared: CapabilityFingerprint, responses: JSONSlice?) {
        self.request = request
        self.round = round
        self.declared = declared
        self.responses = responses.flatMap { $0.isNull ? nil : $0 }
    }
}

/// What is to be done, in this order.
enum ParkEffect: Sendable {
    /// Answer a client request with a round of questions.
    case surface(request: Int, round: Int, [(key: String, ask: ParkedAsk)])
    /// Answer a client request finally.
    case answer(request: Int, Result<JSONSlice, RequestError>)
    /// Answer the backend's question.
    case reply(ask: Int, Result<JSONSlice, RequestError>)
    /// The backend no longer waits for the answer to its question.
    case drop(ask: Int)
    case refused(AskRefusal)
    /// From now on this client request is told what the backend tells.
    case attached(request: Int)
    case tell(request: Int, MCPMethod, JSONSlice)
    case moved(from: ParkState.Phase, to: ParkState.Phase, round: Int)
    case cancelCall
    /// Give everything back; `wasParked` says whether room was taken.
    case closed(ParkEnd, wasParked: Bool)
}

/// Why a call is no longer parked.
package enum ParkEnd: String, Sendable, Hashable, CaseIterable {
    /// Its result reached a client.
    case finished
    /// The client closed its request.
    case abandoned
    /// Nobody came back in time.
    case roundTimeout
    case lifeTimeout
    case callTimeout
    case backendLost
    /// The gateway shuts down.
    case shutdown
    /// Whoever administrates the gateway took the permission away.
    case revoked
}
