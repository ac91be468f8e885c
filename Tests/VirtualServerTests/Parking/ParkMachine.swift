// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore

@testable import VirtualServer

/// A park's state in a test's hand: with a clock that only the test moves.
struct ParkMachine {
    var state: ParkState
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    static let everything: CapabilityFingerprint = [
        .forms, .urls, .sampling, .samplingTools, .samplingContext, .roots,
    ]

    init(
        _ settings: ParkingSettings = ParkingSettings(), method: MCPMethod = .toolsCall,
        declared: CapabilityFingerprint = ParkMachine.everything, revision: ProtocolRevision = .v2025_11_25
    ) {
        state = ParkState(
            settings: settings, method: method, revision: revision, declared: declared,
            now: .uptimeNanoseconds(1_000_000_000_000))
    }

    /// A state with question 1, in the given phase.
    init(in phase: ParkState.Phase) {
        self.init()
        switch phase {
        case .running: break
        case .collecting: handle(.ask(Self.form(1), isAdmitted: true))
        case .parked:
            self = ParkMachine(in: .collecting)
            handle(.debounce(round: 0))
        case .resumed:
            self = ParkMachine(in: .parked)
            handle(.retry(Self.retry(1, round: 1, Self.accept("q1"))))
        case .held:
            self = ParkMachine(in: .parked)
            handle(.outcome(.success(Self.result)))
        case .closed:
            self = ParkMachine(in: .resumed)
            handle(.outcome(.success(Self.result)))
        }
    }

    @discardableResult
    mutating func handle(_ event: ParkEvent) -> [String] { describe(state.handle(event, now: now)) }

    /// Moves the clock, and lets happen what is due.
    @discardableResult
    mutating func wait(_ time: TimeAmount) -> [String] {
        now = now + time
        var effects: [String] = []
        while let event = state.due(at: now) { effects += handle(event) }
        return effects
    }

    static let result = json(#"{"content":[]}"#)

    static func form(_ id: Int, bytes: Int = 0) -> ParkedAsk {
        let text = String(repeating: "x", count: bytes)
        return conversion.ask(
            id, .elicit,
            json(
                #"{"message":"\#(text)","requestedSchema":{"type":"object","properties":{"n":{"type":"string"}}}}"#))
    }

    static func ask(_ id: Int, _ method: MCPMethod, _ params: String) -> ParkedAsk {
        conversion.ask(id, method, json(params))
    }

    static let conversion = AskConversion(
        label: nil, revision: .v2025_11_25, declared: everything, maximumBytes: 64 << 10, allowsLoopbackHTTP: false)

    static func accept(_ keys: String...) -> String {
        "{" + keys.map { #""\#($0)":{"action":"accept","content":{"n":"yes"}}"# }.joined(separator: ",") + "}"
    }

    static func retry(
        _ request: Int, round: Int, _ responses: String?, declared: CapabilityFingerprint = everything
    ) -> ParkRetry {
        ParkRetry(request: request, round: round, declared: declared, responses: responses.map { json($0) })
    }

    /// Transitions are seen in the phase.
    func describe(_ effects: [ParkEffect]) -> [String] {
        effects.compactMap { effect in
            switch effect {
            case .surface(let request, let round, let asks):
                "surface \(request) r\(round) \(asks.map(\.key).joined(separator: ","))"
            case .answer(let request, let outcome): "answer \(request) \(Self.describe(outcome))"
            case .reply(let ask, let outcome): "reply \(ask) \(Self.describe(outcome))"
            case .drop(let ask): "drop \(ask)"
            case .refused(let refusal): "refused \(refusal.name)"
            case .attached(let request): "attached \(request)"
            case .tell(let request, let method, let params):
                "tell \(request) \(method.name) \(params["progress"]?.description ?? "")"
            case .moved: nil
            case .cancelCall: "cancel"
            case .closed(let reason, let wasParked): "closed \(reason.rawValue)\(wasParked ? "" : " unparked")"
            }
        }
    }

    private static func describe(_ outcome: Result<JSONSlice, RequestError>) -> String {
        switch outcome {
        case .success(let result): result["action"]?.string ?? "result"
        case .failure(let error):
            if let reason = error.data?["reason"]?.string {
                "\(error.code.rawValue) \(reason)"
            } else {
                "\(error.code.rawValue)"
            }
        }
    }
}
