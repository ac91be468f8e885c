// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends
@testable import VirtualServer

@Suite("Parked calls", .serialized, .timeLimit(.minutes(5)))
struct ParkingTests {
    private static let accept = #"{"q1":{"action":"accept","content":{"n":"Ann"}}}"#

    /// Asks once, and says what it was answered.
    private static let once: AskingBackend.Tool = { talk in
        talk.ask("a")
        talk.finish(await talk.answer("a"))
    }

    @Test("[GB-16] PK-01: a question ends the request, the retry brings the answer, and the backend runs once")
    func roundTrip() async throws {
        try await ParkBench.run(tool: Self.once) { bench in
            let round = try await bench.send().answer
            #expect(round.keys == ["q1"])
            let entry = (try? round.get())?["inputRequests"]?["q1"]
            #expect(entry?["method"]?.string == "elicitation/create")
            #expect(entry?["params"]?["message"]?.string == "[one] Name?")
            let state = try round.state.required("a state")
            #expect(state.utf8.count < 1024)
            let result = try await bench.send(state: state, responses: Self.accept).answer
            #expect(result.text == "Ann")
            #expect(bench.backend.calls == 1)
            #expect(bench.lot.count == 0)
            #expect(bench.lot.counts.rounds == 1)
            #expect(bench.lot.counts.closes == [.finished: 1])
            #expect(bench.lot.counts.states.values.allSatisfy { $0 == 0 })
        }
    }

    @Test("[GB-09] PK-02: decline and cancel reach the backend", arguments: ["decline", "cancel"])
    func declined(_ action: String) async throws {
        try await ParkBench.run(tool: Self.once) { bench in
            let state = try await bench.send().answer.state.required("a state")
            let result = try await bench.send(state: state, responses: #"{"q1":{"action":"\#(action)"}}"#).answer
            #expect(result.text == action)
        }
    }

    private static let two: AskingBackend.Tool = { talk in
        talk.ask("a")
        talk.ask("b")
        talk.finish("\(await talk.answer("a")) \(await talk.answer("b"))")
    }

    private static func answer(_ key: String, _ name: String) -> String {
        #""\#(key)":{"action":"accept","content":{"n":"\#(name)"}}"#
    }

    @Test("[GB-16] PK-03: questions that come together are one round")
    func parallel() async throws {
        try await ParkBench.run(gathers: true, tool: Self.two) { bench in
            let first = try bench.send()
            try await bench.gather(2)
            let round = await first.answer
            #expect(round.keys == ["q1", "q2"])
            let responses = "{\(Self.answer("q1", "Ann")),\(Self.answer("q2", "Bob"))}"
            #expect(try await bench.send(state: round.state, responses: responses).answer.text == "Ann Bob")
        }
    }

    @Test("[GB-16] PK-04: one of two answers is delivered at once, and the other question asked again")
    func partial() async throws {
        try await ParkBench.run(gathers: true, tool: Self.two) { bench in
            let first = try bench.send()
            try await bench.gather(2)
            let second = try await bench.send(
                state: await first.answer.state, responses: "{\(Self.answer("q2", "Bob"))}"
            ).answer
            #expect(second.keys == ["q1"])
            try await eventually("the answer is delivered") { bench.backend.answer(to: "b") != nil }
            #expect(bench.backend.answer(to: "a") == nil)
            let responses = "{\(Self.answer("q1", "Ann"))}"
            #expect(try await bench.send(state: second.state, responses: responses).answer.text == "Ann Bob")
        }
    }

    @Test("[GB-16] PK-05: questions one after the other are rounds with keys and states of their own")
    func sequence() async throws {
        try await ParkBench.run { talk in
            var names: [String] = []
            for id in ["a", "b", "c"] {
                talk.ask(id)
                names.append(await talk.answer(id))
            }
            talk.finish(names.joined(separator: " "))
        } _: { bench in
            var round = try await bench.send().answer
            var states: Set<String> = []
            for key in ["q1", "q2", "q3"] {
                #expect(round.keys == [key])
                states.insert(try round.state.required("a state"))
                round = try await bench.send(state: round.state, responses: "{\(Self.answer(key, key))}").answer
            }
            #expect(round.text == "q1 q2 q3")
            #expect(states.count == 3)
        }
    }

    @Test("[GB-16] PK-06: a question that comes while its call is parked waits for the next round")
    func late() async throws {
        let asksAgain = ScriptedGate()
        try await ParkBench.run { talk in
            talk.ask("a")
            await asksAgain.wait()
            talk.ask("b")
            talk.finish("\(await talk.answer("a")) \(await talk.answer("b"))")
        } _: { bench in
            let first = try await bench.send().answer
            asksAgain.open()
            try await eventually("both questions wait") { bench.lot.waitingQuestions == 2 }
            let second = try await bench.send(state: first.state, responses: Self.accept).answer
            #expect(second.keys == ["q2"])
            let responses = "{\(Self.answer("q2", "Bob"))}"
            #expect(try await bench.send(state: second.state, responses: responses).answer.text == "Ann Bob")
        }
    }

    @Test("[GB-16] PK-07: after ten rounds questions are refused, and the call ends")
    func manyRounds() async throws {
        try await ParkBench.run { talk in
            var answers: [String] = []
            for number in 1...12 {
                talk.ask("a\(number)")
                answers.append(await talk.answer("a\(number)"))
            }
            talk.finish(answers.joined(separator: " "))
        } _: { bench in
            var round = try await bench.send().answer
            for number in 1...10 {
                #expect(round.keys == ["q\(number)"])
                round = try await bench.send(state: round.state, responses: "{\(Self.answer("q\(number)", "x"))}")
                    .answer
            }
            #expect(round.text == "x x x x x x x x x x cancel cancel")
        }
    }

    @Test("[GB-11] PK-08: a state that was changed opens nothing, and the call goes on with the right one")
    func tampered() async throws {
        try await ParkBench.run(tool: Self.once) { bench in
            let state = try await bench.send().answer.state.required("a state")
            let text = try json(state).string.required("a text")
            for changed in [text + "-TAMPERED", text + "=", String(text.dropLast()), "v2" + text.dropFirst(2), ""] {
                let answer = try await bench.send(
                    state: JSONSlice(string: changed).description, responses: Self.accept
                ).answer
                #expect(answer.reason == "invalid_request_state")
                #expect(answer.error?.httpStatus == 400)
            }
            for other in ["3", "{}", "true"] {
                #expect(
                    try await bench.send(state: other, responses: Self.accept).answer.reason == "invalid_request_state")
            }
            #expect(try await bench.send(state: state, responses: Self.accept).answer.text == "Ann")
        }
    }

    @Test("[GB-11] PK-09, PK-10: a state is good for its principal, tool and arguments")
    func subjects() async throws {
        try await ParkBench.run(tool: Self.once) { bench in
            let arguments = #"{"a":1,"b":[2]}"#
            let state = try await bench.send(arguments).answer.state.required("a state")
            let other = try await bench.send(arguments, principal: ParkBench.bob).answer.state.required("a state")
            let answers = [
                try await bench.send(arguments, state: state, responses: Self.accept, principal: ParkBench.bob).answer,
                try await bench.send(arguments, state: other, responses: Self.accept).answer,
                try await bench.send(arguments, tool: "one_other", state: state, responses: Self.accept).answer,
                try await bench.send(#"{"a":2,"b":[2]}"#, state: state, responses: Self.accept).answer,
            ]
            #expect(answers.map(\.reason) == Array(repeating: "invalid_request_state", count: 4))
            let respelled = #"{"b":[2e0],"a":1.0}"#
            #expect(try await bench.send(respelled, state: state, responses: Self.accept).answer.text == "Ann")
            #expect(
                try await bench.send(arguments, state: other, responses: Self.accept, principal: ParkBench.bob).answer
                    .text == "Ann")
        }
    }

    @Test("[GB-16] PK-11: a round is answered once: older ones are stale, the same one is busy, the last one gone")
    func singleUse() async throws {
        let goesOn = ScriptedGate()
        try await ParkBench.run { talk in
            talk.ask("a")
            _ = await talk.answer("a")
            talk.ask("b")
            let answer = await talk.answer("b")
            await goesOn.wait()
            talk.finish(answer)
        } _: { bench in
            let first = try await bench.send().answer
            let second = try await bench.send(state: first.state, responses: Self.accept).answer
            #expect(try await bench.send(state: first.state, responses: Self.accept).answer.reason == "stale_round")
            let responses = "{\(Self.answer("q2", "Bob"))}"
            let running = try bench.send(state: second.state, responses: responses)
            try await eventually("the answer is delivered") { bench.backend.answer(to: "b") != nil }
            let again = try await bench.send(state: second.state, responses: responses).answer
            #expect(again.reason == "round_in_progress")
            #expect(again.error?.httpStatus == 400)
            goesOn.open()
            #expect(await running.answer.text == "Bob")
            #expect(
                try await bench.send(state: second.state, responses: responses).answer.reason == "request_state_gone")
            #expect(bench.backend.calls == 1)
        }
    }

    @Test("[GB-16] PK-12: what is no answer brings the same questions again; answers without a state are a new call")
    func noAnswers() async throws {
        // Two calls of one session must not ask under the same id.
        let tool: AskingBackend.Tool = { talk in
            let id = "a\(talk.reply.id)"
            talk.ask(id)
            talk.finish(await talk.answer(id))
        }
        try await ParkBench.run(tool: tool) { bench in
            var round = try await bench.send().answer
            let wrong = try await bench.send(state: round.state, responses: #"{"q1":3}"#).answer
            #expect(wrong.reason == "invalid_input_responses")
            #expect(wrong.error?.data?["key"]?.string == "q1")
            for responses in ["null", "{}", #"{"q9":{"action":"accept"}}"#] {
                round = try await bench.send(state: round.state, responses: responses).answer
                #expect(round.keys == ["q1"])
            }
            #expect(bench.backend.calls == 1)
            #expect(try await bench.send(responses: Self.accept).answer.keys == ["q1"])
            #expect(bench.backend.calls == 2)
        }
    }

    @Test("[GB-16] PK-13: a retry must declare what is asked, and may be sent again when it does")
    func capabilityCheck() async throws {
        try await ParkBench.run(tool: Self.once) { bench in
            let state = try await bench.send().answer.state
            let refused = try await bench.send(state: state, responses: Self.accept, declared: "{}").answer
            #expect(refused.error == .missingCapability(["elicitation": ["form": [:]]]))
            #expect(try await bench.send(state: state, responses: Self.accept).answer.text == "Ann")
        }
    }

    @Test("[GB-17] PK-14: a round that nobody answers ends: the backend is told, and nothing is left")
    func abandoned() async throws {
        try await ParkBench.run(settings: { $0.roundTime = .seconds(1) }, tool: Self.once) { bench in
            let state = try await bench.send().answer.state
            bench.pass(.milliseconds(900))
            #expect(bench.lot.count == 1)
            bench.pass(.milliseconds(100))
            #expect(bench.lot.count == 0)
            try await eventually("the backend is told") {
                bench.backend.cancelled == bench.backend.callIDs && bench.backend.answer(to: "a") != nil
            }
            #expect(bench.backend.answer(to: "a")?["result"]?["action"]?.string == "cancel")
            #expect(bench.lot.counts.closes == [.roundTimeout: 1])
            let late = try await bench.send(state: state, responses: Self.accept).answer
            #expect(late.reason == "invalid_request_state")
        }
    }

    @Test("[GB-16] PK-15: a backend that gives up leaves its result for the retry")
    func held() async throws {
        let givesUp = ScriptedGate()
        try await ParkBench.run { talk in
            talk.ask("a")
            await givesUp.wait()
            talk.notify("notifications/cancelled", #"{"requestId":"a"}"#)
            talk.finish("gave up")
        } _: { bench in
            let state = try await bench.send().answer.state
            givesUp.open()
            try await eventually("the result waits") { bench.lot.counts.states["held"] == 1 }
            #expect(try await bench.send(state: state, responses: Self.accept).answer.text == "gave up")
            #expect(
                try await bench.send(state: state, responses: Self.accept).answer.reason == "request_state_gone")
            #expect(bench.backend.answer(to: "a") == nil)
        }
    }

    @Test("[GB-26] PK-16: a client that closes its request cancels the backend's call", arguments: [true, false])
    func gone(_ isCollecting: Bool) async throws {
        let never = ScriptedGate()
        defer { never.open() }
        try await ParkBench.run(gathers: isCollecting) { talk in
            talk.ask("a")
            _ = await talk.answer("a")
            await never.wait()
        } _: { bench in
            var request = try bench.send()
            if isCollecting {
                try await eventually("the question waits") { bench.lot.waitingQuestions == 1 }
            } else {
                let state = await request.answer.state
                request = try bench.send(state: state, responses: Self.accept)
                try await eventually("the answer is delivered") { bench.backend.answer(to: "a") != nil }
            }
            request.task.cancel()
            #expect(await request.answer.error?.code == .cancelled)
            try await eventually("the backend is told") { bench.backend.cancelled == bench.backend.callIDs }
            if isCollecting {
                try await eventually("the question is answered") { bench.backend.answer(to: "a") != nil }
            }
            #expect(bench.lot.count == 0)
            #expect(bench.lot.counts.closes == [.abandoned: 1])
        }
    }

    @Test("[GB-16] PK-17: a backend that is lost is told of, and its call never repeated", arguments: [true, false])
    func lost(_ isParked: Bool) async throws {
        let dies = ScriptedGate()
        try await ParkBench.run { talk in
            talk.ask("a")
            if !isParked { _ = await talk.answer("a") }
            await dies.wait()
            talk.reply.close()
        } _: { bench in
            let state = try await bench.send().answer.state
            let request: ParkBench.Request
            if isParked {
                dies.open()
                try await eventually("the outcome waits") { bench.lot.counts.states["held"] == 1 }
                request = try bench.send(state: state, responses: Self.accept)
            } else {
                request = try bench.send(state: state, responses: Self.accept)
                try await eventually("the answer is delivered") { bench.backend.answer(to: "a") != nil }
                dies.open()
            }
            let answer = await request.answer
            #expect(answer.error?.code == .internalError)
            #expect(answer.reason == "backend_lost")
            #expect(bench.backend.calls == 1)
        }
    }
}
