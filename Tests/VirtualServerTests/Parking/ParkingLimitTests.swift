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

@Suite("What parked calls are told, asked and allowed", .serialized, .timeLimit(.minutes(5)))
struct ParkingLimitTests {
    private static let accept = #"{"q1":{"action":"accept","content":{"n":"Ann"}}}"#

    private static func answer(_ key: String, _ name: String) -> String {
        #""\#(key)":{"action":"accept","content":{"n":"\#(name)"}}"#
    }

    @Test("[GB-22] PK-18, PK-19: progress and logs reach the request that is open, the latest progress first")
    func notifications() async throws {
        let parked = ScriptedGate()
        let ends = ScriptedGate()
        try await ParkBench.run { talk in
            talk.progress(1)
            talk.notify("notifications/message", #"{"level":"info","data":"first"}"#)
            talk.ask("a")
            await parked.wait()
            talk.progress(2)
            talk.progress(3)
            talk.notify("notifications/message", #"{"level":"info","data":"unheard"}"#)
            talk.ask("b")
            _ = await talk.answer("a")
            talk.progress(3)
            talk.progress(4)
            talk.notify("notifications/message", #"{"level":"info","data":"second"}"#)
            await ends.wait()
            _ = await talk.answer("b")
            talk.finish("done")
        } _: { bench in
            let first = try bench.send()
            let state = await first.answer.state
            #expect(first.channel.told(.progress).map { $0["progress"]?.int } == [1])
            #expect(first.channel.told(.message).map { $0["data"]?.string } == ["first"])
            parked.open()
            try await eventually("both questions wait") { bench.lot.waitingQuestions == 2 }
            let responses = "{\(Self.answer("q1", "Ann"))}"
            let second = try bench.send(state: state, responses: responses)
            let round = await second.answer
            #expect(second.channel.told(.progress).map { $0["progress"]?.int }.first == 3)
            ends.open()
            let third = try bench.send(state: round.state, responses: "{\(Self.answer("q2", "Bob"))}")
            #expect(await third.answer.text == "done")
            let values = (second.channel.told(.progress) + third.channel.told(.progress)).compactMap {
                $0["progress"]?.int
            }
            #expect(values.last == 4)
            let data = [first, second, third].flatMap { $0.channel.told(.message).compactMap { $0["data"]?.string } }
            #expect(!data.contains("unheard"))
            #expect(first.channel.told.count == 2)
        }
    }

    @Test("[GB-18] PK-20: a URL is asked without its id where it was declared, and refused where it was not")
    func urls() async throws {
        let url = #"{"mode":"url","message":"Go","url":"https://a.example/x","elicitationId":"e1"}"#
        try await ParkBench.run { talk in
            let id = "a\(talk.reply.id)"
            talk.ask(id, "elicitation/create", url)
            let answer = await talk.answer(id)
            if answer.hasPrefix("-") { talk.fail(-32603) } else { talk.finish(answer) }
        } _: { bench in
            let round = try await bench.send(declared: #"{"elicitation":{"url":{}}}"#).answer
            let params = (try? round.get())?["inputRequests"]?["q1"]?["params"]
            #expect(params?.description == #"{"mode":"url","message":"[one] Go","url":"https://a.example/x"}"#)
            let declared = #"{"elicitation":{"url":{}}}"#
            let done = try await bench.send(
                state: round.state, responses: #"{"q1":{"action":"accept"}}"#, declared: declared
            ).answer
            #expect(done.text == "accept")
            let refused = try await bench.send().answer
            let last = try bench.backend.callIDs.last.required("a call")
            #expect(bench.backend.answer(to: "a\(last)")?["error"]?["code"]?.int == -32602)
            #expect(refused.error == .missingCapability(["elicitation": ["url": [:]]]))
        }
    }

    @Test("[GB-16] PK-24: a principal parks so many calls, others are not affected")
    func perPrincipal() async throws {
        let tool: AskingBackend.Tool = { talk in
            let id = talk.reply.id
            talk.ask("a\(id)")
            talk.finish(await talk.answer("a\(id)"))
        }
        try await ParkBench.run(settings: { $0.perPrincipal = 2 }, tool: tool) { (bench) async throws in
            #expect(try await bench.send().answer.keys == ["q1"])
            #expect(try await bench.send().answer.keys == ["q1"])
            #expect(try await bench.send().answer.text == "cancel")
            #expect(try await bench.send(principal: ParkBench.bob).answer.keys == ["q1"])
            #expect(bench.lot.counts.refusals == ["limit": 1])
            #expect(bench.lot.count == 3)
        }
    }

    @Test("[GB-17] However many calls are parked, one wake is pending, for what is due first")
    func oneWake() async throws {
        let tool: AskingBackend.Tool = { talk in
            let id = "a\(talk.reply.id)"
            talk.ask(id)
            talk.finish(await talk.answer(id))
        }
        try await ParkBench.run(gathers: true, tool: tool) { bench in
            var ends: [NIODeadline] = []
            for count in 1...5 {
                let request = try bench.send()
                try await bench.gather(count)
                #expect(await request.answer.keys == ["q1"])
                ends.append(bench.clock.now + .seconds(300))
                bench.pass(.seconds(1))
            }
            // The backend's thread may still be about to ask for what the sweep has done already.
            try await eventually("the first round's end is waited for", within: .seconds(10)) {
                bench.lot.sweep()
                return bench.clock.wakes == [ends[0]]
            }
            bench.clock.advance(ends[0] - bench.clock.now)
            bench.lot.sweep()
            #expect(bench.lot.count == 4)
            try await eventually("the second round's end is waited for", within: .seconds(10)) {
                bench.lot.sweep()
                return bench.clock.wakes == [ends[1]]
            }
            #expect(bench.clock.mostWakes == 1)
        }
    }

    @Test(
        "[GB-16] The error that a backend ends its call with is told as it is, whatever we use its code for",
        arguments: [4001, 4002, 4003], [true, false])
    func backendsOwnError(_ code: Int, _ isParked: Bool) async throws {
        let data = #"{"row":7,"share":1.0}"#
        let goesOn = ScriptedGate()
        try await ParkBench.run { talk in
            talk.ask("a")
            if isParked { await goesOn.wait() } else { _ = await talk.answer("a") }
            talk.fail(code, data: data)
        } _: { bench in
            let state = try await bench.send().answer.state
            if isParked {
                goesOn.open()
                try await eventually("the outcome waits") { bench.lot.counts.states["held"] == 1 }
            }
            let answer = try await bench.send(state: state, responses: Self.accept).answer
            #expect(answer.error == RequestError(ErrorCode(rawValue: code), "no", data: json(data)))
            try await eventually("the call has ended") { bench.lot.count == 0 }
            #expect(bench.lot.counts.closes == [.finished: 1])
        }
    }

    @Test("[GB-16] PK-24: large questions, answers and results have bounds")
    func sizes() async throws {
        let ends = ScriptedGate()
        let large = String(repeating: "x", count: 70_000)
        try await ParkBench.run(settings: { $0.heldBytes = 50_000 }) { talk in
            talk.ask("big", "elicitation/create", #"{"message":"\#(large)","requestedSchema":{"type":"object"}}"#)
            let refused = await talk.answer("big")
            talk.ask("a")
            await ends.wait()
            talk.finish(refused + large)
        } _: { bench in
            let round = try await bench.send().answer
            #expect(bench.backend.answer(to: "big")?["error"]?["code"]?.int == -32602)
            let huge = #"{"q1":{"action":"accept","content":{"n":"\#(String(repeating: "x", count: 5 << 20))"}}}"#
            #expect(try await bench.send(state: round.state, responses: huge).answer.error?.httpStatus == 413)
            ends.open()
            try await eventually("the outcome waits") { bench.lot.counts.states["held"] == 1 }
            #expect(
                try await bench.send(state: round.state, responses: Self.accept).answer.reason == "result_too_large")
        }
    }

    @Test("[GB-17] PK-24: at the end no call is parked any more, and those that are get cancelled")
    func shutdown() async throws {
        let tool: AskingBackend.Tool = { talk in
            let id = talk.reply.id
            talk.ask("a\(id)")
            talk.finish(await talk.answer("a\(id)"))
        }
        try await ParkBench.run(tool: tool) { bench in
            let state = try await bench.send().answer.state
            bench.lot.beginDraining()
            #expect(try await bench.send().answer.text == "cancel")
            await bench.lot.close(within: .milliseconds(1))
            #expect(bench.lot.count == 0)
            let first = try bench.backend.callIDs.first.required("a call")
            try await eventually("the backend is told") { bench.backend.cancelled == [first] }
            #expect(
                try await bench.send(state: state, responses: Self.accept).answer.reason == "request_state_gone")
        }
    }

    @Test("[GB-16] PK-25: where nothing is parked questions are cancelled, and an error that follows says why")
    func off() async throws {
        let tool: AskingBackend.Tool = { talk in
            talk.ask("a")
            talk.reply.id.isEmpty ? talk.finish("") : talk.fail(await talk.answer("a") == "cancel" ? -32000 : -1)
        }
        try await ParkBench.run(settings: { $0.isOn = false }, tool: tool) { (bench) async throws in
            #expect(try await bench.send().answer.reason == "interaction_not_supported")
        }
        try await ParkBench.run(tool: tool) { (bench) async throws in
            #expect(try await bench.send(principal: .anonymous).answer.reason == "interaction_not_supported")
            #expect(!bench.lot.isEnabled(for: .anonymous))
            #expect(bench.lot.isEnabled(for: ParkBench.alice))
        }
    }

    @Test("[GB-16] A question asked twice under one id is refused the second time, and the first one stays")
    func sameID() async throws {
        try await ParkBench.run { talk in
            talk.ask("a")
            talk.ask("a")
            talk.finish(await talk.answer("a"))
        } _: { bench in
            let round = try await bench.send().answer
            #expect(round.keys == ["q1"])
            try await eventually("the second is refused") {
                bench.backend.answer(to: "a")?["error"]?["code"]?.int == -32600
            }
        }
    }
}
