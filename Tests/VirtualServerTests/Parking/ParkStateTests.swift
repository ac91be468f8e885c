// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Testing

@testable import VirtualServer

@Suite("The state of a parked call")
struct ParkStateTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let from: ParkState.Phase
        let event: ParkEvent
        let to: ParkState.Phase
        let effects: [String]
        let name: String
        var testDescription: String { "\(from.rawValue): \(name)" }

        init(
            _ from: ParkState.Phase, _ name: String, _ event: ParkEvent, _ to: ParkState.Phase, _ effects: [String] = []
        ) {
            self.from = from
            self.event = event
            self.to = to
            self.effects = effects
            self.name = name
        }
    }

    static let lost = RequestError(.outcomeUnknown, "lost")
    static let late = RequestError(.backendTimeout, "late")
    static let held = ParkMachine.result
    /// What a backend answered.
    static func relayed(_ code: ErrorCode) -> RequestError {
        var error = RequestError(code, "no")
        error.isRelayed = true
        return error
    }
    static let progress = json(#"{"progressToken":0,"progress":5}"#)
    static let log = json(#"{"level":"info","data":"x"}"#)
    static func ask(_ id: Int = 2) -> ParkEvent { .ask(ParkMachine.form(id), isAdmitted: true) }
    static func retry(
        _ responses: String? = ParkMachine.accept("q1"), request: Int = 7, round: Int = 1
    ) -> ParkEvent {
        .retry(ParkMachine.retry(request, round: round, responses))
    }

    static let rows: [Row] = [
        Row(.running, "ask", ask(1), .collecting),
        Row(
            .running, "ask without room", .ask(ParkMachine.form(1), isAdmitted: false), .running,
            ["reply 1 cancel", "refused limit"]),
        Row(.running, "outcome", .outcome(.success(held)), .closed, ["answer 0 result", "closed finished unparked"]),
        Row(.running, "gone", .gone(request: 0), .closed, ["cancel", "closed abandoned unparked"]),
        Row(
            .running, "callTimeout keeps its own error", .callTimeout(late), .closed,
            ["answer 0 4003", "closed callTimeout unparked"]),
        Row(
            .running, "backendLost keeps its own error", .backendLost(lost), .closed,
            ["answer 0 4001", "closed backendLost unparked"]),
        Row(.running, "progress", .progress(progress), .running, ["tell 0 notifications/progress 5"]),
        Row(.running, "log", .log(log), .running, ["tell 0 notifications/message "]),
        Row(.running, "revoke", .revoke(.shutdown), .running),
        Row(.running, "lifeTimeout", .lifeTimeout, .running),

        Row(.collecting, "ask", ask(), .collecting),
        Row(.collecting, "debounce", .debounce(round: 0), .parked, ["surface 0 r1 q1"]),
        Row(.collecting, "stale debounce", .debounce(round: 3), .collecting),
        Row(
            .collecting, "outcome", .outcome(.success(held)), .closed, ["drop 1", "answer 0 result", "closed finished"]),
        Row(.collecting, "withdraw", .withdraw(ask: 1), .collecting, ["reply 1 cancel"]),
        Row(.collecting, "withdraw unknown", .withdraw(ask: 9), .collecting),
        Row(
            .collecting, "retry of the same round", retry(round: 0), .collecting, ["answer 7 -32602 round_in_progress"]),
        Row(.collecting, "retry of an older round", retry(round: -1), .collecting, ["answer 7 -32602 stale_round"]),
        Row(.collecting, "gone", .gone(request: 0), .closed, ["cancel", "reply 1 cancel", "closed abandoned"]),
        Row(.collecting, "another request is gone", .gone(request: 5), .collecting),
        Row(
            .collecting, "callTimeout", .callTimeout(late), .closed,
            ["drop 1", "answer 0 -32603 timeout", "closed callTimeout"]),
        Row(
            .collecting, "backendLost", .backendLost(lost), .closed,
            ["drop 1", "answer 0 -32603 backend_lost", "closed backendLost"]),
        Row(
            .collecting, "lifeTimeout", .lifeTimeout, .closed,
            ["answer 0 -32603 timeout", "cancel", "reply 1 cancel", "closed lifeTimeout"]),
        Row(
            .collecting, "shutdown", .revoke(.shutdown), .closed,
            ["answer 0 -32603 shutdown", "cancel", "reply 1 cancel", "closed shutdown"]),
        Row(
            .collecting, "revoke", .revoke(.revoked), .closed,
            ["answer 0 -32603 revoked", "cancel", "reply 1 cancel", "closed revoked"]),
        Row(.collecting, "progress", .progress(progress), .collecting, ["tell 0 notifications/progress 5"]),
        Row(.collecting, "log", .log(log), .collecting, ["tell 0 notifications/message "]),

        Row(.parked, "ask", ask(), .parked),
        Row(
            .parked, "ask that cannot be asked", .ask(ParkMachine.ask(2, .elicit, "{}"), isAdmitted: true), .parked,
            ["reply 2 -32602", "refused malformed"]),
        Row(
            .parked, "writing the round failed", .gone(request: 0), .closed,
            ["cancel", "reply 1 cancel", "closed abandoned"]),
        Row(.parked, "withdraw", .withdraw(ask: 1), .parked, ["reply 1 cancel"]),
        Row(.parked, "outcome", .outcome(.success(held)), .held, ["drop 1"]),
        Row(.parked, "retry with the answer", retry(), .resumed, ["attached 7", "reply 1 accept"]),
        Row(.parked, "retry with the state only", retry(nil), .parked, ["attached 7"]),
        Row(.parked, "retry with null", retry("null"), .parked, ["attached 7"]),
        Row(.parked, "retry with {}", retry("{}"), .parked, ["attached 7"]),
        Row(.parked, "retry with unknown keys", retry(#"{"q9":3}"#), .parked, ["attached 7"]),
        Row(.parked, "retry with a list", retry("[]"), .parked, ["answer 7 -32602 invalid_input_responses"]),
        Row(.parked, "retry with a number", retry(#"{"q1":3}"#), .parked, ["answer 7 -32602 invalid_input_responses"]),
        Row(
            .parked, "retry with a key twice", retry(#"{"q1":{"action":"cancel"},"q1":{"action":"accept"}}"#), .parked,
            ["answer 7 -32602 invalid_input_responses"]),
        Row(.parked, "retry of an older round", retry(round: 0), .parked, ["answer 7 -32602 stale_round"]),
        Row(
            .parked, "retry without the capability",
            .retry(ParkMachine.retry(7, round: 1, ParkMachine.accept("q1"), declared: .urls)), .parked,
            ["answer 7 -32021"]),
        Row(
            .parked, "roundTimeout", .roundTimeout(round: 1), .closed,
            ["cancel", "reply 1 cancel", "closed roundTimeout"]),
        Row(.parked, "stale roundTimeout", .roundTimeout(round: 0), .parked),
        Row(.parked, "lifeTimeout", .lifeTimeout, .closed, ["cancel", "reply 1 cancel", "closed lifeTimeout"]),
        Row(.parked, "revoke", .revoke(.revoked), .closed, ["cancel", "reply 1 cancel", "closed revoked"]),
        Row(.parked, "backendLost", .backendLost(lost), .held, ["drop 1"]),
        Row(.parked, "progress", .progress(progress), .parked),
        Row(.parked, "log", .log(log), .parked),

        Row(.resumed, "ask", ask(), .collecting),
        Row(
            .resumed, "ask that is malformed", .ask(ParkMachine.ask(2, .elicit, "{}"), isAdmitted: true), .resumed,
            ["reply 2 -32602", "refused malformed"]),
        Row(.resumed, "outcome", .outcome(.success(held)), .closed, ["answer 1 result", "closed finished"]),
        Row(.resumed, "retry of the same round", retry(), .resumed, ["answer 7 -32602 round_in_progress"]),
        Row(.resumed, "retry of an older round", retry(round: 0), .resumed, ["answer 7 -32602 stale_round"]),
        Row(.resumed, "gone", .gone(request: 1), .closed, ["cancel", "closed abandoned"]),
        Row(.resumed, "the first request is gone again", .gone(request: 0), .resumed),
        Row(
            .resumed, "callTimeout", .callTimeout(late), .closed, ["answer 1 -32603 timeout", "closed callTimeout"]),
        Row(
            .resumed, "backendLost", .backendLost(lost), .closed,
            ["answer 1 -32603 backend_lost", "closed backendLost"]),
        Row(
            .resumed, "lifeTimeout", .lifeTimeout, .closed,
            ["answer 1 -32603 timeout", "cancel", "closed lifeTimeout"]),
        Row(.resumed, "roundTimeout", .roundTimeout(round: 1), .resumed),
        Row(.resumed, "progress", .progress(progress), .resumed, ["tell 1 notifications/progress 5"]),

        Row(.held, "ask", ask(), .held, ["reply 2 cancel", "refused ended"]),
        Row(.held, "retry", retry(nil), .closed, ["answer 7 result", "closed finished"]),
        Row(.held, "retry with answers", retry(), .closed, ["answer 7 result", "closed finished"]),
        Row(.held, "retry of an older round", retry(round: 0), .held, ["answer 7 -32602 stale_round"]),
        Row(.held, "roundTimeout", .roundTimeout(round: 1), .closed, ["closed roundTimeout"]),
        Row(.held, "lifeTimeout", .lifeTimeout, .closed, ["closed lifeTimeout"]),
        Row(.held, "revoke", .revoke(.shutdown), .closed, ["closed shutdown"]),
        Row(.held, "progress", .progress(progress), .held),
        Row(.held, "gone", .gone(request: 0), .held),

        Row(.closed, "retry", retry(), .closed, ["answer 7 -32602 request_state_gone"]),
        Row(.closed, "ask", ask(), .closed, ["reply 2 cancel"]),
        Row(.closed, "outcome", .outcome(.success(held)), .closed),
        Row(.closed, "gone", .gone(request: 1), .closed),
        Row(.closed, "lifeTimeout", .lifeTimeout, .closed),
        Row(.closed, "revoke", .revoke(.shutdown), .closed),
    ]

    @Test("[GB-16, GB-17] Each event in each state has its row", arguments: rows)
    func transition(_ row: Row) {
        var machine = ParkMachine(in: row.from)
        #expect(machine.state.phase == row.from)
        let effects = machine.handle(row.event)
        if row.from == .parked, row.effects == ["attached 7"] {
            // Without an answer the same questions come again, at once.
            #expect(machine.state.phase == .collecting)
            let again = machine.wait(.nanoseconds(0))
            #expect(again == ["surface 7 r2 q1"])
        }
        #expect(machine.state.phase == row.to)
        #expect(effects == row.effects)
    }

    @Test("Questions are gathered for 50 ms, and for 200 ms at most")
    func debounceLimits() {
        var machine = ParkMachine(in: .collecting)
        #expect(machine.wait(.milliseconds(49)) == [])
        #expect(machine.wait(.milliseconds(1)) == ["surface 0 r1 q1"])
        machine = ParkMachine(in: .collecting)
        for id in 2...5 {
            #expect(machine.wait(.milliseconds(40)) == [])
            machine.handle(Self.ask(id))
        }
        #expect(machine.wait(.milliseconds(39)) == [])
        #expect(machine.wait(.milliseconds(1)) == ["surface 0 r1 q1,q2,q3,q4,q5"])
    }

    @Test("A round has eight questions, the rest waits; unanswered ones keep their keys")
    func rounds() {
        var machine = ParkMachine()
        for id in 1...10 { machine.handle(Self.ask(id)) }
        #expect(machine.wait(.milliseconds(50)) == ["surface 0 r1 q1,q2,q3,q4,q5,q6,q7,q8"])
        let effects = machine.handle(Self.retry(ParkMachine.accept("q8", "q3"), request: 1))
        #expect(effects == ["attached 1", "reply 3 accept", "reply 8 accept"])
        #expect(machine.wait(.nanoseconds(0)) == ["surface 1 r2 q1,q2,q4,q5,q6,q7,q9,q10"])
    }

    @Test("A round has no more bytes than allowed, but always one question")
    func roundBytes() {
        var settings = ParkingSettings()
        settings.roundBytes = 1000
        var machine = ParkMachine(settings)
        machine.handle(.ask(ParkMachine.form(1, bytes: 2000), isAdmitted: true))
        machine.handle(.ask(ParkMachine.form(2), isAdmitted: true))
        #expect(machine.wait(.milliseconds(50)) == ["surface 0 r1 q1"])
    }

    @Test("After the last round questions are refused, and the call goes on")
    func roundsUsedUp() {
        var settings = ParkingSettings()
        settings.maximumRounds = 1
        var machine = ParkMachine(settings)
        machine.handle(Self.ask(1))
        machine.wait(.milliseconds(50))
        machine.handle(Self.retry("{}", request: 1))
        #expect(machine.wait(.nanoseconds(0)) == ["reply 1 cancel", "refused roundsUsedUp"])
        #expect(machine.state.phase == .resumed)
    }

    @Test("More questions than may wait are refused")
    func queueLimit() {
        var settings = ParkingSettings()
        settings.maximumQueued = 2
        var machine = ParkMachine(settings)
        machine.handle(Self.ask(1))
        machine.handle(Self.ask(2))
        #expect(machine.handle(Self.ask(3)) == ["reply 3 cancel", "refused limit"])
    }

    @Test("When all questions are withdrawn, the request goes on")
    func withdrawnAll() {
        var machine = ParkMachine(in: .collecting)
        machine.handle(.withdraw(ask: 1))
        #expect(machine.wait(.milliseconds(50)) == [])
        #expect(machine.state.phase == .resumed)
        machine = ParkMachine(in: .parked)
        machine.handle(.withdraw(ask: 1))
        #expect(machine.handle(Self.retry()) == ["attached 7"])
        #expect(machine.state.phase == .resumed)
    }

    @Test("A result that is too large to wait is an error")
    func heldBytes() {
        var settings = ParkingSettings()
        settings.heldBytes = 10
        var machine = ParkMachine(settings)
        machine.handle(Self.ask(1))
        machine.wait(.milliseconds(50))
        machine.handle(.outcome(.success(ParkMachine.result)))
        #expect(machine.handle(Self.retry()) == ["answer 7 -32603 result_too_large", "closed finished"])
    }

    @Test("What answers have shaped is not to be kept")
    func uncacheable() {
        var machine = ParkMachine(method: .resourcesRead)
        machine.handle(Self.ask(1))
        machine.wait(.milliseconds(50))
        machine.handle(Self.retry(request: 1))
        let effects = machine.state.handle(.outcome(.success(json(#"{"contents":[]}"#))), now: machine.now)
        let answers = effects.compactMap { effect in
            if case .answer(_, .success(let result)) = effect { return result } else { return nil }
        }
        #expect(answers == [json(#"{"contents":[],"ttlMs":0,"cacheScope":"private"}"#)])
    }

    @Test("[GB-22] Progress grows under each token, the latest of a parked call comes first, and none while parked")
    func progress() {
        func value(_ number: Int) -> ParkEvent { .progress(json(#"{"progress":\#(number)}"#)) }
        var machine = ParkMachine(in: .collecting)
        #expect(machine.handle(value(5)).count == 1)
        #expect(machine.handle(value(5)) == [])
        #expect(machine.handle(value(4)) == [])
        machine.wait(.milliseconds(50))
        #expect(machine.handle(value(6)) == [])
        #expect(machine.handle(value(7)) == [])
        let effects = machine.handle(Self.retry())
        #expect(effects == ["attached 7", "tell 7 notifications/progress 7", "reply 1 accept"])
        #expect(machine.handle(value(7)) == [])
        #expect(machine.handle(value(8)) == ["tell 7 notifications/progress 8"])
    }

    @Test("[GB-16] An error after an undeclared question names what was missing; a result passes")
    func undeclared() {
        // The second code is one that we use for something else.
        let ends: [(CapabilityFingerprint, String, ErrorCode)] = [
            (.urls, #"{"mode":"url"}"#, .internalError), (.forms, "{}", .outcomeUnknown),
        ]
        for (needs, params, code) in ends {
            var machine = ParkMachine(declared: .sampling)
            let ask = ParkMachine.ask(1, .elicit, params)
            #expect(machine.handle(.ask(ask, isAdmitted: true)) == ["reply 1 -32601", "refused undeclared"])
            let effects = machine.state.handle(.outcome(.failure(Self.relayed(code))), now: machine.now)
            guard case .answer(0, .failure(let error)) = effects.first else {
                Issue.record("no answer")
                return
            }
            #expect(error == .missingCapability(needs.required))
        }
        var machine = ParkMachine(declared: .forms)
        machine.handle(.ask(ParkMachine.ask(1, .createMessage, #"{"messages":[]}"#), isAdmitted: true))
        let effects = machine.handle(.outcome(.success(json(#"{"isError":true}"#))))
        #expect(effects == ["answer 0 result", "closed finished unparked"])
    }

    @Test("[GB-16] An error of our own is not explained by what was refused")
    func ownErrors() {
        var machine = ParkMachine(declared: .sampling)
        machine.handle(.ask(ParkMachine.ask(1, .elicit, "{}"), isAdmitted: true))
        let effects = machine.handle(.outcome(.failure(RequestError(.internalError, "ours"))))
        #expect(effects == ["answer 0 -32603", "closed finished unparked"])
    }

    @Test("[GB-16] What was asked while parked is refused when the retry does not declare it; the rest is asked")
    func undeclaredByRetry() {
        var settings = ParkingSettings()
        settings.maximumQueued = 3
        var machine = ParkMachine(settings)
        machine.handle(Self.ask(1))
        machine.wait(.milliseconds(50))
        let url = #"{"mode":"url","message":"Go","url":"https://a.example/x"}"#
        let asks = [
            ParkMachine.ask(2, .createMessage, #"{"messages":[]}"#), ParkMachine.form(3),
            ParkMachine.ask(4, .elicit, url),
        ]
        for ask in asks {
            #expect(machine.handle(.ask(ask, isAdmitted: true)) == [])
        }
        let effects = machine.handle(
            .retry(ParkMachine.retry(7, round: 1, ParkMachine.accept("q1"), declared: .forms)))
        #expect(
            effects == [
                "attached 7", "reply 1 accept", "reply 2 -32601", "refused undeclared", "reply 4 -32602",
                "refused undeclared",
            ])
        #expect(machine.wait(.nanoseconds(0)) == ["surface 7 r2 q2"])
        #expect(machine.state.refusals.undeclared == [.sampling, .urls])
    }

    @Test("[GB-16] When nothing is left that the retry declares, it waits for the result")
    func nothingDeclaredByRetry() {
        var machine = ParkMachine(in: .parked)
        machine.handle(.ask(ParkMachine.ask(2, .createMessage, #"{"messages":[]}"#), isAdmitted: true))
        machine.handle(.retry(ParkMachine.retry(7, round: 1, ParkMachine.accept("q1"), declared: .forms)))
        #expect(machine.state.phase == .resumed)
    }

    @Test("A capability is refused by its method, a mode or part of it by its parameters")
    func refusals() {
        func reply(_ ask: ParkedAsk, declared: CapabilityFingerprint) -> String? {
            var machine = ParkMachine(declared: declared)
            return machine.handle(.ask(ask, isAdmitted: true)).first
        }
        let url = ParkMachine.ask(1, .elicit, #"{"mode":"url"}"#)
        let tools = ParkMachine.ask(1, .createMessage, #"{"messages":[],"tools":[]}"#)
        #expect(reply(url, declared: .sampling) == "reply 1 -32601")
        #expect(reply(url, declared: .forms) == "reply 1 -32602")
        #expect(reply(tools, declared: .forms) == "reply 1 -32601")
        #expect(reply(tools, declared: .sampling) == "reply 1 -32602")
        #expect(reply(ParkMachine.ask(1, .rootsList, "{}"), declared: .forms) == "reply 1 -32601")
    }

    @Test("The life of a call ends, whatever its rounds")
    func lifeTime() {
        var machine = ParkMachine(in: .parked)
        for round in 1...5 {
            machine.wait(.seconds(299))
            #expect(machine.state.phase == .parked)
            machine.handle(Self.retry(nil, request: round + 1, round: round))
            machine.wait(.nanoseconds(0))
        }
        #expect(machine.state.phase == .parked)
        let effects = machine.wait(.seconds(299)) + machine.wait(.seconds(10))
        #expect(effects.last == "closed lifeTimeout")
        var other = ParkMachine(in: .resumed)
        #expect(other.wait(.seconds(1801)) == ["answer 1 -32603 timeout", "cancel", "closed lifeTimeout"])
    }
}
