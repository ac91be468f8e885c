// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Testing

@testable import VirtualServer

@Suite("Parked calls in any order of events")
struct ParkInvariantTests {
    /// Repeatable chance.
    struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// What must hold whatever happens.
    struct Witness {
        var asked: Set<Int> = []
        var settled: Set<Int> = []
        var answered: Set<Int> = []
        var gone: Set<Int> = []
        var keys: [String: Int] = [:]
        var round = 0
        var closes = 0
        var cancels = 0
        var hasOutcome = false
        var problems: [String] = []

        mutating func see(_ effects: [ParkEffect]) {
            for effect in effects {
                if closes > 0, case .closed = effect { problems.append("closed twice") }
                switch effect {
                case .surface(let request, let number, let asks):
                    end(request)
                    if number != round + 1 { problems.append("round \(number) after \(round)") }
                    round = number
                    if asks.isEmpty { problems.append("an empty round") }
                    for (key, ask) in asks {
                        if let known = keys[key], known != ask.id { problems.append("\(key) was reused") }
                        if settled.contains(ask.id) { problems.append("asks what is answered") }
                        keys[key] = ask.id
                    }
                case .answer(let request, _): end(request)
                case .reply(let ask, _), .drop(let ask):
                    if !asked.contains(ask) { problems.append("answers what was not asked") }
                    if !settled.insert(ask).inserted { problems.append("answers \(ask) twice") }
                case .tell(let request, _, _), .attached(let request):
                    if answered.contains(request) { problems.append("tells \(request) after its answer") }
                case .cancelCall:
                    cancels += 1
                    if hasOutcome { problems.append("cancels what has ended") }
                case .closed: closes += 1
                case .refused, .moved: break
                }
            }
        }

        private mutating func end(_ request: Int) {
            if !answered.insert(request).inserted { problems.append("answers request \(request) twice") }
            if gone.contains(request) { problems.append("answers request \(request), which is gone") }
        }
    }

    @Test("[GB-16, GB-17] No order of 10 000 random sequences of events breaks an invariant")
    func random() {
        var dice = Dice(state: 0x5EED)
        var phases: Set<ParkState.Phase> = []
        for sequence in 0..<10_000 {
            var settings = ParkingSettings()
            settings.maximumRounds = Int.random(in: 1...4, using: &dice)
            settings.asksPerRound = Int.random(in: 1...3, using: &dice)
            settings.maximumQueued = Int.random(in: 1...4, using: &dice)
            var machine = ParkMachine(settings)
            var witness = Witness()
            var nextAsk = 1
            var nextRequest = 1
            for _ in 0..<Int.random(in: 1...40, using: &dice) {
                let event: ParkEvent
                switch Int.random(in: 0..<24, using: &dice) {
                case 0..<6:
                    witness.asked.insert(nextAsk)
                    event = .ask(ParkMachine.form(nextAsk), isAdmitted: Int.random(in: 0..<8, using: &dice) > 0)
                    nextAsk += 1
                case 6: event = .withdraw(ask: Int.random(in: 1...max(1, nextAsk), using: &dice))
                case 7..<14:
                    let key = "q\(Int.random(in: 1...max(1, nextAsk), using: &dice))"
                    let responses =
                        [nil, "{}", #"{"\#(key)":3}"#, ParkMachine.accept(key), ParkMachine.accept(key, "q1")]
                        .randomElement(using: &dice) ?? nil
                    let round = machine.state.round - (Int.random(in: 0..<6, using: &dice) == 0 ? 1 : 0)
                    event = .retry(ParkMachine.retry(nextRequest, round: round, responses))
                    nextRequest += 1
                case 14: event = .progress(json(#"{"progress":\#(Int.random(in: 0..<9, using: &dice))}"#))
                case 15: event = .log(json(#"{"level":"info"}"#))
                case 16 where machine.state.phase.isLive || machine.state.phase == .running:
                    witness.hasOutcome = true
                    event = .outcome(.success(ParkMachine.result))
                case 17 where Int.random(in: 0..<3, using: &dice) == 0 && machine.state.phase != .held:
                    witness.hasOutcome = true
                    event = .backendLost(RequestError(.outcomeUnknown, "lost"))
                case 18 where Int.random(in: 0..<3, using: &dice) == 0:
                    let request = Int.random(in: 0..<nextRequest, using: &dice)
                    if !witness.answered.contains(request) { witness.gone.insert(request) }
                    event = .gone(request: request)
                case 19 where Int.random(in: 0..<6, using: &dice) == 0: event = .revoke(.shutdown)
                default:
                    machine.now = machine.now + .milliseconds(Int64.random(in: 0...120, using: &dice))
                    while let due = machine.state.due(at: machine.now) {
                        witness.see(machine.state.handle(due, now: machine.now))
                    }
                    continue
                }
                witness.see(machine.state.handle(event, now: machine.now))
                let phase = machine.state.phase
                phases.insert(phase)
                if (machine.state.nextDeadline == nil) != (phase == .running || phase == .closed) {
                    witness.problems.append("\(phase) without a deadline")
                }
            }
            // Time ends everything; an ordinary call ends with its client.
            machine.now = machine.now + .hours(2)
            while let due = machine.state.due(at: machine.now) {
                witness.see(machine.state.handle(due, now: machine.now))
            }
            witness.see(machine.state.handle(.gone(request: 0), now: machine.now))
            if machine.state.phase != .closed { witness.problems.append("still \(machine.state.phase)") }
            if witness.closes != 1 { witness.problems.append("closed \(witness.closes) times") }
            if witness.asked != witness.settled { witness.problems.append("questions without an end") }
            if witness.cancels > 1 { witness.problems.append("cancelled \(witness.cancels) times") }
            #expect(witness.problems == [], "sequence \(sequence)")
            if !witness.problems.isEmpty { return }
        }
        #expect(phases == Set(ParkState.Phase.allCases))
    }
}
