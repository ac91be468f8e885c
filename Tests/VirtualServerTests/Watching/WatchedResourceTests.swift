// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import JSONTypes
import Synchronization
import TestSupport
import Testing

@testable import VirtualServer

/// A backend's side of one resource: what was asked of it, in order, with answers that a test gives.
private final class Ledger: Sendable {
    private let state = Mutex<(entries: [String], running: Int, overlaps: Int, accepts: Bool, retired: Int)>(
        ([], 0, 0, true, 0))
    let gate = ScriptedGate()

    var entries: [String] { state.withLock { $0.entries } }
    var overlaps: Int { state.withLock { $0.overlaps } }
    var retired: Int { state.withLock { $0.retired } }
    func refuse() { state.withLock { $0.accepts = false } }
    func retire() { state.withLock { $0.retired += 1 } }

    func run(_ entry: String) async -> Bool {
        state.withLock { state in
            state.entries.append(entry)
            state.running += 1
            if state.running > 1 { state.overlaps += 1 }
        }
        await gate.wait()
        return state.withLock { state in
            state.running -= 1
            return state.accepts
        }
    }
}

private final class Ear: ResourceListener {
    let heard = Mutex<[String]>([])
    func resourceUpdated(_ params: JSONSlice) { heard.withLock { $0.append(params.description) } }
}

@Suite struct WatchedResourceTests {
    private let ledger = Ledger()

    private func resource() -> WatchedResource {
        WatchedResource(
            tasks: TaskSupervisor(), subscribe: { [ledger] in await ledger.run("+") },
            unsubscribe: { [ledger] in _ = await ledger.run("-") }, onRetirement: { [ledger] _ in ledger.retire() })
    }

    @Test("4.7: many listeners are one subscription, which ends with the last of them")
    func counted() async throws {
        ledger.gate.open()
        let resource = resource()
        let ears = (0..<5).map { _ in Ear() }
        for ear in ears {
            let outcome = await resource.add(ear)
            #expect(outcome == .listening)
        }
        #expect(ledger.entries == ["+"])
        #expect(resource.listeners.count == 5)
        for ear in ears.dropLast() { resource.remove(ear) }
        #expect(ledger.entries == ["+"])
        resource.remove(ears[4])
        try await eventually("the end of the subscription") { ledger.entries == ["+", "-"] && ledger.retired == 1 }
        let late = await resource.add(Ear())
        #expect(late == .retired)
    }

    @Test("Listeners that come while the backend is asked wait for the same answer")
    func joined() async throws {
        let resource = resource()
        try await withThrowingTaskGroup(of: WatchedResource.Outcome.self) { group in
            for _ in 0..<8 { group.addTask { await resource.add(Ear()) } }
            try await eventually("a subscription") { ledger.entries == ["+"] }
            ledger.gate.open()
            for try await outcome in group { #expect(outcome == .listening) }
        }
        #expect(ledger.entries == ["+"])
        #expect(resource.listeners.count == 8)
    }

    @Test("A backend that refuses refuses everybody who waits, and the next one asks again with a new object")
    func refused() async throws {
        ledger.refuse()
        ledger.gate.open()
        let resource = resource()
        let outcome = await resource.add(Ear())
        #expect(outcome == .refused)
        try await eventually("its end") { ledger.retired == 1 }
        #expect(ledger.entries == ["+"])
        #expect(resource.listeners.isEmpty)
    }

    @Test("A listener that gives up while it waits leaves no subscription behind")
    func cancelled() async throws {
        let resource = resource()
        let task = Task { await resource.add(Ear()) }
        try await eventually("a subscription") { ledger.entries == ["+"] }
        task.cancel()
        #expect(await task.value == .refused)
        ledger.gate.open()
        try await eventually("its end") { ledger.entries == ["+", "-"] && ledger.retired == 1 }
    }

    @Test("4.7: the first listener of a moment and the last one of the moment before never cross")
    func serial() async throws {
        ledger.gate.open()
        let resource = resource()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    for _ in 0..<50 {
                        let ear = Ear()
                        _ = await resource.add(ear)
                        resource.remove(ear)
                    }
                }
            }
        }
        try await eventually("quiet") { ledger.retired == 1 }
        #expect(ledger.overlaps == 0)
        // They take turns, and the last word is that nobody listens.
        for (first, second) in zip(ledger.entries, ledger.entries.dropFirst()) { #expect(first != second) }
        #expect(ledger.entries.first == "+")
        #expect(ledger.entries.last == "-")
    }

    @Test("A listener that returns while the subscription is being ended gets a new one")
    func returning() async throws {
        ledger.gate.open()
        let resource = resource()
        let first = Ear()
        _ = await resource.add(first)
        // Both at once: whichever the worker sees first, the listener ends up listening or is told to start anew.
        resource.remove(first)
        let second = Ear()
        let outcome = await resource.add(second)
        if outcome == .listening {
            #expect(resource.listeners.count == 1)
            #expect(ledger.entries.last == "+")
        } else {
            #expect(outcome == .retired)
        }
    }
}
