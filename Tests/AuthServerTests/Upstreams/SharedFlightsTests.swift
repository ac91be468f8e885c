// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import AuthServer

@Suite struct SharedFlightsTests {
    private final class Runs: Sendable {
        private let counts = Mutex<[String: Int]>([:])
        func add(_ key: String) -> Int {
            counts.withLock { counts in
                counts[key, default: 0] += 1
                return counts[key, default: 0]
            }
        }
        var keys: Int { counts.withLock { $0.count } }
        var total: Int { counts.withLock { $0.values.reduce(0, +) } }
    }

    @Test("Work of one key runs once at a time, of two keys at the same time, and is forgotten when it is done")
    func flights() async {
        let flights = SharedFlights<String, Int>()
        let gate = UpstreamsGate()
        let runs = Runs()
        let entered = Runs()
        let results = await withTaskGroup(of: Int.self) { group in
            for number in 0..<40 {
                let key = number % 2 == 0 ? "even" : "odd"
                group.addTask {
                    _ = entered.add("\(number)")
                    return await flights.run(key) {
                        let run = runs.add(key)
                        await gate.wait()
                        return run
                    }
                }
            }
            while runs.keys < 2 || entered.keys < 40 { await Task.yield() }
            #expect(runs.total == 2)
            #expect(flights.count == 2)
            gate.open()
            var results: [Int] = []
            for await result in group { results.append(result) }
            return results
        }
        #expect(results.count == 40)
        #expect(flights.count == 0)
        #expect(await flights.run("even") { 7 } == 7)
    }

    @Test("A caller that is cancelled gets the result all the same, and the work does not notice")
    func cancelled() async {
        let flights = SharedFlights<String, Bool>()
        let gate = UpstreamsGate()
        let task = Task {
            await flights.run("key") {
                await gate.wait()
                return Task.isCancelled
            }
        }
        while flights.count == 0 { await Task.yield() }
        task.cancel()
        gate.open()
        #expect(await task.value == false)
    }
}
